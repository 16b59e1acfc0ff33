//! Some of several: "make one red" of two swords leaves one as it was.

use super::clause::Attr;
use super::memory::Change;
use super::resolve::Resolver;
use crate::scene::{Edit, Place};

impl Resolver<'_> {
    /// Where an entry of several things is spoken of and fewer are meant, as many as are meant become an entry of their
    /// own. The items that are meant then.
    pub(super) fn meant_of(&mut self, ids: Vec<u64>, attrs: &[&Attr]) -> Vec<u64> {
        let counted = attrs.iter().find_map(|attr| if let Attr::Count(count) = attr { Some(*count) } else { None });
        let says_more = attrs.iter().any(|attr| !matches!(attr, Attr::Count(_)));
        let ([id], Some(count), true) = (ids.as_slice(), counted, says_more) else { return ids };
        let Some(item) = self.work.item(*id).cloned().filter(|item| count > 0 && item.count > count) else {
            return ids;
        };
        self.change(&[item.id], &Change::Count(item.count - count));
        let mut part = crate::scene::Item { id: 0, count, ..item };
        if part.place == Place::BothHands && !part.place_spoken && count == 1 {
            part.place = Place::LeftHand;
        }
        self.edit(Edit::Add { item: part });
        let Some(part) = self.work.items.last().map(|item| item.id) else { return ids };
        self.touch(part);
        vec![part]
    }
}
