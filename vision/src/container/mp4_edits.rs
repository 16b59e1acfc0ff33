//! Edit lists of MP4 (ISO/IEC 14496-12, 8.6.6): which parts of a track are shown, and when in the movie.

use super::boxes::{Fields, find_path};
use super::mp4_samples::Sample;

/// More edits than this are damage.
const MAX_EDITS: usize = 1000;

/// Packets to be read at most, repeated ones counted again.
const MAX_PACKETS: usize = 1 << 24;

/// A key frame further back than this many pictures is none.
const MAX_KEY_DISTANCE: usize = 5000;

/// A part of a track's own time, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edit {
    /// Where it begins in the movie, in seconds.
    pub movie_s: f64,
    /// Length in the movie in seconds; `None` is to the end of the track.
    pub length_s: Option<f64>,
    /// Where it begins in the track, in units of the track's time scale.
    pub media_start: i64,
    /// Speed; 0 holds one picture.
    pub rate: f64,
}

impl Edit {
    /// Everything as it lies in the track.
    pub(crate) const WHOLE: Self = Self { movie_s: 0.0, length_s: None, media_start: 0, rate: 1.0 };

    /// Reads the list of a track (`trak`); empty where there is none to obey. `fragments`: what the list's lengths say
    /// was written before the fragments were, so that the last edit goes on to the end.
    pub(crate) fn read(trak: &[u8], movie_scale: f64, fragments: bool) -> Vec<Self> {
        let mut edits =
            find_path(trak, &[b"edts", b"elst"]).and_then(|elst| Self::parse(elst, movie_scale)).unwrap_or_default();
        if let Some(last) = edits.last_mut().filter(|last| fragments && last.rate > 0.0) {
            last.length_s = None;
        }
        edits
    }

    fn parse(elst: &[u8], movie_scale: f64) -> Option<Vec<Self>> {
        let mut fields = Fields(elst);
        let (version, _) = fields.full_box()?;
        let count = fields.u32()? as usize;
        let (mut edits, mut movie_s) = (Vec::new(), 0.0);
        for _ in 0..count.min(MAX_EDITS) {
            let Some(length) = fields.versioned(version) else { break };
            let start = if version == 0 {
                fields.u32().map(|start| i64::from(start as i32))
            } else {
                fields.u64().map(|start| start as i64)
            };
            let (Some(media_start), Some(rate)) = (start, fields.u32()) else { break };
            let rate = f64::from(rate as i32) / 65536.0;
            // Nothing plays backwards here.
            let rate = if rate < 0.0 { 1.0 } else { rate };
            let length_s = length as f64 / movie_scale;
            if media_start >= 0 {
                let length_s = (length > 0).then_some(length_s);
                edits.push(Self { movie_s, length_s, media_start, rate });
            }
            movie_s += length_s;
        }
        Some(edits)
    }
}

/// One packet to be read, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Planned {
    /// Index of the sample.
    pub sample: usize,
    /// Seconds of the movie.
    pub position_s: f64,
    pub shown: bool,
    /// The first of an edit that does not simply go on.
    pub restarts: bool,
}

/// What a track comes to when its edits are obeyed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub packets: Vec<Planned>,
    pub shown: u64,
    /// When the first picture is shown, in seconds of the movie.
    pub start_s: f64,
    /// When the last picture begins.
    pub last_s: f64,
    /// When it ends.
    pub end_s: f64,
}

impl Plan {
    /// `samples` are in decoding order; `scale` is the track's units a second. `is_key` reads a sample and says whether
    /// decoding can begin there.
    pub(crate) fn new(samples: &[Sample], edits: &[Edit], scale: f64, mut is_key: impl FnMut(usize) -> bool) -> Self {
        let mut plan = Self { start_s: f64::INFINITY, ..Self::default() };
        let whole = [Edit::WHOLE];
        for edit in if edits.is_empty() { &whole } else { edits } {
            plan.add(samples, edit, edits.is_empty(), scale, &mut is_key);
            // Edits can repeat a track without end.
            if plan.packets.len() > MAX_PACKETS {
                break;
            }
        }
        if plan.packets.is_empty() && !edits.is_empty() {
            // A list that shows nothing is damage; players then show everything.
            return Self::new(samples, &[], scale, is_key);
        }
        plan
    }

    fn add(
        &mut self,
        samples: &[Sample],
        edit: &Edit,
        everything: bool,
        scale: f64,
        is_key: &mut impl FnMut(usize) -> bool,
    ) {
        let speed = if edit.rate > 0.0 { edit.rate } else { 1.0 };
        let length = edit.length_s.map(|length_s| (length_s * speed * scale).round() as i64);
        let end = length.map_or(i64::MAX, |length| edit.media_start.saturating_add(length));
        let inside = |sample: &Sample| everything || (edit.media_start..end).contains(&sample.shown_at);
        let mut chosen: Vec<usize> =
            if edit.rate > 0.0 { (0..samples.len()).filter(|at| inside(&samples[*at])).collect() } else { Vec::new() };
        if chosen.is_empty() {
            // A held picture, or less than one: what is on the screen at the start of the edit.
            let spans = |sample: &Sample| {
                sample.shown_at <= edit.media_start
                    && edit.media_start < sample.shown_at.saturating_add(sample.duration.into())
            };
            let before = (0..samples.len()).filter(|at| spans(&samples[*at]));
            chosen.extend(before.max_by_key(|at| samples[*at].shown_at));
        }
        let (Some(first), Some(last)) = (chosen.first().copied(), chosen.last().copied()) else { return };
        let goes_on = self.packets.last().is_some_and(|packet| packet.sample + 1 == first);
        let begin = if goes_on || first == 0 {
            first
        } else {
            (0..=first).rev().take(MAX_KEY_DISTANCE).find(|at| is_key(*at)).unwrap_or(0)
        };
        let restarts = !goes_on && !self.packets.is_empty();
        let mut shown = chosen.into_iter().peekable();
        for (at, sample) in samples.iter().enumerate().take(last + 1).skip(begin) {
            let is_shown = shown.next_if_eq(&at).is_some();
            let position_s = edit.movie_s + (sample.shown_at - edit.media_start) as f64 / scale / speed;
            // One that began before its edit is on the screen from the start of the edit.
            let position_s = if is_shown && !everything { position_s.max(edit.movie_s) } else { position_s };
            self.packets.push(Planned { sample: at, position_s, shown: is_shown, restarts: restarts && at == begin });
            if is_shown {
                self.shown += 1;
                self.start_s = self.start_s.min(position_s);
                if position_s >= self.last_s {
                    let own = f64::from(sample.duration) / scale / speed;
                    let cut = edit.length_s.map_or(f64::INFINITY, |length_s| edit.movie_s + length_s);
                    let held = edit.rate == 0.0 && cut.is_finite();
                    (self.last_s, self.end_s) = (position_s, if held { cut } else { (position_s + own).min(cut) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten samples of 10 units, keys at 0 and 5.
    fn samples() -> Vec<Sample> {
        (0..10).map(|at| Sample { offset: 0, size: 1, shown_at: at * 10, duration: 10, description: 1 }).collect()
    }

    fn edit(movie_s: f64, length_s: f64, media_start: i64, rate: f64) -> Edit {
        Edit { movie_s, length_s: Some(length_s), media_start, rate }
    }

    fn shown(plan: &Plan) -> Vec<(usize, f64)> {
        let mut shown: Vec<_> = plan
            .packets
            .iter()
            .filter(|packet| packet.shown)
            .map(|packet| (packet.sample, packet.position_s))
            .collect();
        shown.sort_by(|a, b| a.1.total_cmp(&b.1));
        shown
    }

    fn plan(edits: &[Edit]) -> Plan {
        Plan::new(&samples(), edits, 100.0, |at| at % 5 == 0)
    }

    #[test]
    fn a_cut_decodes_from_the_key_frame_and_shows_from_the_edit() {
        let plan = plan(&[edit(0.0, 0.15, 70, 1.0)]);
        assert_eq!(plan.packets.iter().map(|packet| packet.sample).collect::<Vec<_>>(), [5, 6, 7, 8]);
        assert_eq!(shown(&plan), [(7, 0.0), (8, 0.1)]);
        assert_eq!((plan.shown, plan.start_s, plan.end_s), (2, 0.0, 0.15), "the last one is cut short");
    }

    #[test]
    fn empty_edits_delay_and_several_edits_follow_each_other() {
        let plan = plan(&[edit(0.5, 0.2, 0, 1.0), edit(0.7, 0.2, 60, 1.0), edit(0.9, 0.2, 10, 1.0)]);
        let wanted = [(0, 0.5), (1, 0.6), (6, 0.7), (7, 0.8), (1, 0.9), (2, 1.0)];
        for (got, wanted) in shown(&plan).iter().zip(wanted) {
            assert!(got.0 == wanted.0 && (got.1 - wanted.1).abs() < 1e-9, "{got:?} for {wanted:?}");
        }
        assert_eq!(
            plan.packets.iter().filter(|packet| packet.restarts).map(|packet| packet.sample).collect::<Vec<_>>(),
            [5, 0]
        );
        assert!((plan.start_s - 0.5).abs() < 1e-9 && (plan.end_s - 1.1).abs() < 1e-9);
    }

    #[test]
    fn speeds_and_held_pictures() {
        let fast = plan(&[edit(0.0, 0.5, 0, 2.0)]);
        assert_eq!(fast.shown, 10);
        assert!((shown(&fast)[9].1 - 0.45).abs() < 1e-9);
        let held = plan(&[edit(0.0, 3.0, 25, 0.0)]);
        assert_eq!((shown(&held), held.end_s), (vec![(2, 0.0)], 3.0));
        let between = plan(&[edit(0.0, 0.02, 25, 1.0)]);
        assert_eq!((shown(&between), between.end_s), (vec![(2, 0.0)], 0.02));
    }

    #[test]
    fn a_list_that_shows_nothing_shows_everything() {
        let mut late = samples();
        late.iter_mut().for_each(|sample| sample.shown_at += 1000);
        assert_eq!(Plan::new(&late, &[edit(0.0, 0.1, 0, 1.0)], 100.0, |_| true).shown, 10);
    }

    #[test]
    fn both_versions_of_the_box_are_read() {
        let zero = [
            &[0, 0, 0, 0, 0, 0, 0, 2][..],
            &500_u32.to_be_bytes(),
            &(-1_i32).to_be_bytes(),
            &[0, 1, 0, 0],
            &1000_u32.to_be_bytes(),
            &20_u32.to_be_bytes(),
            &[0, 1, 0, 0],
        ]
        .concat();
        let one = [
            &[1, 0, 0, 0, 0, 0, 0, 2][..],
            &500_u64.to_be_bytes(),
            &(-1_i64).to_be_bytes(),
            &[0, 1, 0, 0],
            &1000_u64.to_be_bytes(),
            &20_u64.to_be_bytes(),
            &[0, 1, 0, 0],
        ]
        .concat();
        let wanted = [edit(0.5, 1.0, 20, 1.0)];
        assert_eq!(Edit::parse(&zero, 1000.0).unwrap(), wanted);
        assert_eq!(Edit::parse(&one, 1000.0).unwrap(), wanted);
    }
}
