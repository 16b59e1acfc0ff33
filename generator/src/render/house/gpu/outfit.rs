//! What a scene wears as the table that the device hangs on the body: whatever no frame decides.
//!
//! One row is one layer of one thing in one place. Which hand takes what is worked out here for either free hand, so that
//! the device only has to look up.

use std::collections::BTreeMap;

use otherglass_kernels::fields::{FieldPlaced, PARAMS, SURFACES};
use otherglass_kernels::maps::MOST_CIRCLES;
use otherglass_kernels::place::{Attachment as Place, Scene, WornLayer};
use otherglass_kernels::track::{FreeHand, time};

use super::wardrobe::Wardrobe;
use crate::render::house::charts::{Chart, Surface};
use crate::render::house::fields::{Attachment, Field, Layer, Order, Wave};
use crate::render::house::frames::Side;
use crate::render::house::hiding::Dressed;
use crate::render::house::sketch::{COVER, GRIP, Hands, Post, Taken, WantedHand, Worn};

/// The most layers of items in one picture; what comes after them in the order of drawing is left out.
pub const MOST_PLACED: usize = 96;
/// Bytes of the table that the fields are drawn from.
pub const PLACED_BYTES: usize = MOST_PLACED * size_of::<FieldPlaced>();

/// Where in the block of a scene each part lies.
pub mod block {
    use super::{MOST_PLACED, Scene, WornLayer};

    const ALIGNED: usize = 256;
    pub const SCENE: usize = 0;
    /// How many rows count.
    pub const COUNT: usize = (4 * Scene::LEN).next_multiple_of(ALIGNED);
    pub const WORN: usize = COUNT + ALIGNED;
    pub const BYTES: usize = WORN + 4 * WornLayer::LEN * MOST_PLACED;
}

/// A scene's rows.
#[derive(Debug, Default)]
pub struct Outfit {
    rows: Vec<WornLayer>,
    /// Numbers of the rows whose things have a circle: a grip, or a cover.
    grips: Vec<usize>,
    covers: Vec<usize>,
}

impl Outfit {
    /// [`block::BYTES`] for what is worn.
    #[must_use]
    pub fn bytes(worn: &[Worn], fields: &BTreeMap<String, Field>, wardrobe: &Wardrobe) -> Vec<u8> {
        let (wanted, taken) = Hands::wanted(worn, fields);
        let mut outfit = Self::default();
        // What each thing takes while the right hand is the free one, and while the left one is.
        let mut hands = [Side::Right, Side::Left].map(|free| Hands { free: Some(free), taken });
        for item in worn {
            let Some(field) = item.field(fields) else { continue };
            let layers = wardrobe.layers(item.kind());
            let mut put = |place, row: WornLayer| outfit.put(place, row, (item, field), layers);
            let still = WornLayer::still();
            match field.attachment {
                Attachment::Head => put(Place::Head, still),
                Attachment::Shoulders => put(Place::Shoulders, still),
                Attachment::Hand | Attachment::Arm => {
                    let place = if field.attachment == Attachment::Arm { Place::Arm } else { Place::Hand };
                    let [right, left]: [Taken; 2] = hands.each_mut().map(|hands| hands.take(item));
                    for (&right, &left) in right.as_slice().iter().zip(left.as_slice()) {
                        let hands = [right, left].map(|side| if side == Side::Left { 1.0 } else { 0.0 });
                        put(place, WornLayer { hands, ..still });
                    }
                }
                Attachment::Beside => {
                    let flag = |on: bool| f32::from(u8::from(on));
                    for Post { index, across, above } in item.company() {
                        let (index, across, above) = (index as f32, flag(across), flag(above));
                        put(Place::Beside, WornLayer { index, across, above, ..still });
                    }
                }
            }
        }
        let free = match wanted {
            WantedHand::None => FreeHand::Nobody,
            WantedHand::Given(Side::Right) => FreeHand::Right,
            WantedHand::Given(Side::Left) => FreeHand::Left,
            WantedHand::InSight => FreeHand::InSight,
        };
        outfit.lay_out(free, Worn::dressed(worn, fields))
    }

    /// Adds a thing in one place, all its layers. `row` says what only that place has.
    fn put(&mut self, place: Place, row: WornLayer, (item, field): (&Worn, &Field), numbers: &[i32]) {
        let dress = field.dress(item.tint, 1.0);
        let mut row = WornLayer {
            attachment: f32::from(place as u8),
            size: item.size * field.natural_size,
            about: field.scale_about,
            tint: dress.tint,
            secondary: dress.secondary,
            ..row
        };
        for (k, motion) in field.motions().enumerate().take(PARAMS) {
            let Some(motion) = motion else { continue };
            row.wave[k] = match motion.wave {
                Wave::Sin => 1.0,
                Wave::Cos => 2.0,
            };
            row.turns[k] = time(1.0 / motion.period_s);
        }
        let first = self.rows.len();
        let room = MOST_PLACED - first;
        let layers = field.layers.iter().zip(numbers).take(room);
        self.rows.extend(layers.map(|(layer, &number)| of_layer(row, layer, number)));
        if self.rows.len() > first {
            match place {
                Place::Hand => self.grips.push(first),
                Place::Arm | Place::Beside => self.covers.push(first),
                Place::Head | Place::Shoulders => {}
            }
        }
    }

    fn lay_out(mut self, free: FreeHand, dressed: Dressed) -> Vec<u8> {
        self.grips.truncate(MOST_CIRCLES);
        self.covers.truncate(MOST_CIRCLES - self.grips.len());
        let (grips, covers) = (self.grips.len(), self.covers.len());
        let with_radius = |radius: f32| move |&row: &usize| (row, radius);
        let circles = self.grips.iter().map(with_radius(GRIP)).chain(self.covers.iter().map(with_radius(COVER)));
        for (circle, (row, radius)) in circles.enumerate() {
            (self.rows[row].circle, self.rows[row].radius) = (circle as f32, radius);
        }
        let count = self.rows.len();
        let dressed = (dressed != Dressed::default(), dressed.shoulders);
        let scene = Scene::new(free, count, dressed, (grips, covers));
        let mut bytes = vec![0; block::BYTES];
        bytes[block::SCENE..][..scene.bytes().len()].copy_from_slice(scene.bytes());
        bytes[block::COUNT..][..4].copy_from_slice(&(count as i32).to_le_bytes());
        for (to, row) in bytes[block::WORN..].chunks_exact_mut(4 * WornLayer::LEN).zip(&self.rows) {
            to.copy_from_slice(row.bytes());
        }
        bytes
    }
}

fn of_layer(row: WornLayer, layer: &Layer, number: i32) -> WornLayer {
    let mut row = WornLayer {
        layer: number as f32,
        behind: u8::from(layer.order == Order::Behind).into(),
        plane: u8::from(matches!(layer.chart, Chart::Plane)).into(),
        low: [layer.low.x, layer.low.y],
        high: [layer.high.x, layer.high.y],
        ..row
    };
    if let Chart::Ray { surfaces } = &layer.chart {
        for (beat, surface) in row.beat.iter_mut().zip(surfaces).take(SURFACES) {
            if let Surface::Wings { index, swing, swing_by, lift, lift_by, .. } = *surface {
                *beat = [index as f32, swing, swing_by, lift, lift_by];
            }
        }
    }
    row
}
