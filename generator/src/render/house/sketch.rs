//! What is worn, where it hangs on the body, and drawing it.

use std::collections::BTreeMap;

use pulp::Arch;

use super::body::{Body, Point};
use super::fields::{Attachment, Field, Order};
use super::frames::{self, ItemFrame, Side};
use super::geometry::Vec2;
use super::lattice::Lattice;
use super::nets::PAINT;
use super::planes::{Fit, Rgba};
use crate::scene::{Place, Scene};

/// How far from the hand's middle what is held can be hidden by that hand, in lengths of the thing: its grip.
const GRIP: f32 = 0.075;

/// An item of the scene that the house renderer can draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Worn {
    kind: String,
    place: Place,
    /// Whether the visitor named the hand; if not, the hand that is seen better may take it.
    place_spoken: bool,
    tint: Option<[f32; 3]>,
    size: f32,
    count: u32,
}

impl Worn {
    /// The drawable items of a scene, from the shoulders outwards: what comes later is drawn over what came before.
    #[must_use]
    pub fn of_scene(scene: &Scene, fields: &BTreeMap<String, Field>) -> Vec<Self> {
        let mut worn: Vec<_> = scene
            .items
            .iter()
            .filter_map(|item| {
                let field = fields.get(item.kind.as_str())?;
                let rank = match field.attachment {
                    Attachment::Shoulders => 0,
                    Attachment::Head => 1,
                    Attachment::Hand => 2,
                };
                let worn = Self {
                    kind: item.kind.as_str().to_owned(),
                    place: item.place,
                    place_spoken: item.place_spoken,
                    tint: item.color.as_ref().map(|color| color.rgb.map(|value| f32::from(value) / 255.0)),
                    size: item.size,
                    count: item.count,
                };
                Some((rank, worn))
            })
            .collect();
        worn.sort_by(|(a_rank, a), (b_rank, b)| a_rank.cmp(b_rank).then_with(|| a.kind.cmp(&b.kind)));
        worn.into_iter().map(|(_, worn)| worn).collect()
    }

    #[must_use]
    pub fn hand_held(&self, fields: &BTreeMap<String, Field>) -> bool {
        fields.get(&self.kind).is_some_and(|field| field.attachment == Attachment::Hand)
    }

    #[must_use]
    pub fn on_shoulders(&self, fields: &BTreeMap<String, Field>) -> bool {
        fields.get(&self.kind).is_some_and(|field| field.attachment == Attachment::Shoulders)
    }

    /// Whether it is held in one hand, and nobody said in which.
    fn any_hand(&self, fields: &BTreeMap<String, Field>) -> bool {
        self.hand_held(fields) && !self.place_spoken && self.count == 1
    }
}

/// One item put on the body: everything but the resolution.
#[derive(Clone, Debug)]
struct PlacedItem {
    kind: String,
    /// In model pixels, sized.
    frame: ItemFrame,
    tint: Option<[f32; 3]>,
    opacity: f32,
}

/// Puts items on the body and draws them.
#[derive(Debug)]
pub struct Sketcher {
    placed: Vec<PlacedItem>,
    front: Rgba,
    behind: Rgba,
    lattice: Lattice,
    /// The hand that holds what nobody gave a hand to, while there is such a thing.
    free_hand: Option<Side>,
    arch: Arch,
}

impl Default for Sketcher {
    fn default() -> Self {
        Self {
            placed: Vec::new(),
            front: Rgba::default(),
            behind: Rgba::default(),
            lattice: Lattice::default(),
            free_hand: None,
            arch: Arch::new(),
        }
    }
}

impl Sketcher {
    /// Forgets which hand was in use.
    pub fn reset(&mut self) {
        self.free_hand = None;
        self.placed.clear();
    }

    /// Finds the frame and presence of every item. `body` in picture widths, `in_model` the same in model pixels.
    pub fn place(&mut self, worn: &[Worn], body: &Body, in_model: &Body, fields: &BTreeMap<String, Field>) {
        self.placed.clear();
        let free = worn.iter().any(|item| item.any_hand(fields));
        self.free_hand = free.then(|| better_hand(self.free_hand, body));
        for item in worn {
            let Some(field) = fields.get(&item.kind) else { continue };
            let hands: &[Side] = match (field.attachment, item.place) {
                (Attachment::Hand, Place::BothHands) => &[Side::Right, Side::Left],
                (Attachment::Hand, _) if item.count > 1 => &[Side::Right, Side::Left],
                (Attachment::Hand, Place::LeftHand) if item.place_spoken => &[Side::Left],
                (Attachment::Hand, Place::RightHand) if item.place_spoken => &[Side::Right],
                (Attachment::Hand, _) => match self.free_hand {
                    Some(Side::Left) => &[Side::Left],
                    _ => &[Side::Right],
                },
                _ => &[Side::Right],
            };
            for &side in hands {
                let (frame, opacity) = match field.attachment {
                    Attachment::Head => {
                        let head_forward = frames::within_training(in_model.head_forward);
                        (frames::head(&Body { head_forward, ..*in_model }), seen(body.present(Point::Head)))
                    }
                    Attachment::Shoulders => (frames::shoulders(in_model), seen(body.present(Point::Neck))),
                    Attachment::Hand => (frames::sword(in_model, side), held(body, side)),
                };
                let frame = frame.sized(item.size * field.natural_size, field.scale_about);
                if opacity > 0.0 {
                    self.placed.push(PlacedItem { kind: item.kind.clone(), frame, tint: item.tint, opacity });
                }
            }
        }
    }

    /// The grips of what is held, as circles: centre and radius in model pixels.
    pub fn grips<'a>(&'a self, fields: &'a BTreeMap<String, Field>) -> impl Iterator<Item = (Vec2, f32)> {
        let held = |item: &&PlacedItem| fields.get(&item.kind).is_some_and(|f| f.attachment == Attachment::Hand);
        self.placed.iter().filter(held).map(|item| (item.frame.o, GRIP * item.frame.ex.length()))
    }

    /// What is worn at the model's size: in front and behind.
    pub fn sketch(&mut self, fields: &BTreeMap<String, Field>) -> (&Rgba, &Rgba) {
        let Self { placed, front, behind, lattice, arch, .. } = self;
        front.clear(PAINT.0, PAINT.1);
        behind.clear(PAINT.0, PAINT.1);
        draw_all(placed, fields, |frame| frame, (front, behind), lattice, *arch);
        (&self.front, &self.behind)
    }

    /// What is worn at the camera's size, over what the two pictures hold.
    pub fn draw(&mut self, fields: &BTreeMap<String, Field>, fit: Fit, front: &mut Rgba, behind: &mut Rgba) {
        let to_camera = |frame: ItemFrame| {
            let mut frame = frame;
            frame.o.x -= fit.left;
            frame.o.y -= fit.top;
            frame.scaled(1.0 / fit.scale)
        };
        draw_all(&self.placed, fields, to_camera, (front, behind), &mut self.lattice, self.arch);
    }
}

fn draw_all(
    placed: &[PlacedItem],
    fields: &BTreeMap<String, Field>,
    to_target: impl Fn(ItemFrame) -> ItemFrame,
    (front, behind): (&mut Rgba, &mut Rgba),
    lattice: &mut Lattice,
    arch: Arch,
) {
    for item in placed {
        let Some(field) = fields.get(&item.kind) else { continue };
        let dress = field.dress(item.tint, item.opacity);
        let params = field.params(&BTreeMap::new());
        for layer in &field.layers {
            let target = match layer.order {
                Order::Front => &mut *front,
                Order::Behind => &mut *behind,
            };
            layer.draw(to_target(item.frame), &params, dress, target, lattice, arch);
        }
    }
}

/// The hand that is seen better: raised into the picture rather than at its lower border. A hand that holds something
/// keeps it until the other is seen clearly better.
fn better_hand(holding: Option<Side>, body: &Body) -> Side {
    const CLEARLY: f32 = 0.25;
    let height = PAINT.1 as f32 / PAINT.0 as f32;
    let sight = |hand| body.present(hand) * ((height - body.at(hand).y) / 0.12).clamp(0.3, 1.0);
    let lead = sight(Point::HandR) - sight(Point::HandL);
    match holding {
        Some(Side::Right) if lead >= -CLEARLY => Side::Right,
        Some(Side::Left) if lead <= CLEARLY => Side::Left,
        _ if lead >= 0.0 => Side::Right,
        _ => Side::Left,
    }
}

/// How much of a thing on that point is shown: nothing where nobody is.
fn seen(presence: f32) -> f32 {
    ((presence - 0.2) / 0.2).clamp(0.0, 1.0)
}

/// How much of a thing in that hand is shown. Near the border presence says little: what is held reaches into the picture.
fn held(body: &Body, side: Side) -> f32 {
    let hand = match side {
        Side::Right => Point::HandR,
        Side::Left => Point::HandL,
    };
    let at = body.at(hand);
    let height = PAINT.1 as f32 / PAINT.0 as f32;
    let outside = (-at.x).max(at.x - 1.0).max(-at.y).max(at.y - height);
    let near_border = ((0.18 - outside.abs()) / 0.08).clamp(0.0, 1.0);
    let someone = seen(body.present(Point::Head).max(body.present(Point::Neck)));
    let sure = ((body.present(hand) - 0.12) / 0.2).clamp(0.0, 1.0);
    if outside > -0.08 { near_border * someone } else { sure * someone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::house::body::{POINTS, POSE};

    fn hands(right: f32, left: f32) -> Body {
        let mut body = Body::from_outputs(&[0.5; POINTS * 4], &[0.5; POSE], 4.0 / 3.0);
        body.presence[Point::HandR as usize] = right;
        body.presence[Point::HandL as usize] = left;
        body
    }

    #[test]
    fn a_thing_goes_to_the_hand_in_sight_and_stays_there() {
        assert_eq!(better_hand(None, &hands(0.9, 0.8)), Side::Right);
        assert_eq!(better_hand(None, &hands(0.8, 0.9)), Side::Left);
        assert_eq!(better_hand(Some(Side::Right), &hands(0.8, 0.9)), Side::Right, "not for so little");
        assert_eq!(better_hand(Some(Side::Right), &hands(0.3, 0.9)), Side::Left);
        assert_eq!(better_hand(Some(Side::Left), &hands(0.9, 0.3)), Side::Right);
        let mut raised = hands(0.9, 0.95);
        raised.points[Point::HandL as usize].y = 0.74;
        assert_eq!(better_hand(Some(Side::Left), &raised), Side::Right, "a raised hand before one that hangs");
    }
}
