//! What is worn, where it hangs on the body, and drawing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulp::Arch;

use super::body::{Body, Point};
use super::fields::{Attachment, Dress, Field, Layer, Order};
use super::frames::{self, Company, ItemFrame, Side};
use super::geometry::Vec2;
use super::hiding::{Circle, Dressed};
use super::lattice::Lattice;
use super::nets::PAINT;
use super::planes::{Fit, Rgba};
use crate::scene::{Place, Scene};

/// How far from the hand's middle what is held can be hidden by that hand, in lengths of the thing: its grip.
pub const GRIP: f32 = 0.075;
/// How far what is before everything reaches from its origin, in units of it.
pub const COVER: f32 = 1.5;
/// The most of one kind that keep the visitor company.
pub const MOST_COMPANY: u32 = 4;
/// Seconds in which such a thing goes from one side of the head to the other.
const CROSSING_S: f64 = 0.8;

/// An item of the scene that the house renderer can draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Worn {
    kind: Arc<str>,
    pub place: Place,
    /// Whether the visitor named the hand; if not, the hand that is seen better may take it.
    place_spoken: bool,
    pub tint: Option<[f32; 3]>,
    pub size: f32,
    pub count: u32,
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
                    Attachment::Shoulders if !field.has_front() => 0, // furthest behind
                    Attachment::Shoulders => 1,
                    Attachment::Head => 2,
                    Attachment::Hand => 3,
                    Attachment::Arm => 4,
                    Attachment::Beside => 5,
                };
                let worn = Self {
                    kind: item.kind.as_str().into(),
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
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn field<'a>(&self, fields: &'a BTreeMap<String, Field>) -> Option<&'a Field> {
        fields.get(&*self.kind)
    }

    /// Where it flies if it keeps the visitor company: by turns on either side of the head, then at the other height.
    pub fn company(&self) -> impl Iterator<Item = Post> {
        let first_above = self.place != Place::Beside;
        let post = move |index| Post { index, across: index % 2 == 1, above: first_above != (index >= 2) };
        (0..self.count.min(MOST_COMPANY)).map(post)
    }

    /// What the worn things are hidden by, see [`super::hiding`].
    #[must_use]
    pub fn dressed(worn: &[Self], fields: &BTreeMap<String, Field>) -> Dressed {
        let any = |attachment| {
            let here = |field: &Field| field.attachment == attachment && field.has_front();
            worn.iter().filter_map(|item| item.field(fields)).any(here)
        };
        Dressed { head: any(Attachment::Head), shoulders: any(Attachment::Shoulders) }
    }

    /// The hands that hold it as it was said, or `None` where any one hand will do. Nothing said of a thing that is not
    /// held.
    fn said_hands(&self) -> Option<&'static [Side]> {
        match self.place {
            Place::BothHands => Some(&[Side::Right, Side::Left]),
            _ if self.count > 1 => Some(&[Side::Right, Side::Left]),
            Place::LeftHand if self.place_spoken => Some(&[Side::Left]),
            Place::RightHand if self.place_spoken => Some(&[Side::Right]),
            _ => None,
        }
    }
}

/// The place of one of several that keep the visitor company.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// The how manieth it is.
    pub index: u32,
    /// Whether it is on the other side of the head than the first.
    pub across: bool,
    /// At the height of the eyes and over it, or at that of the shoulders.
    pub above: bool,
}

/// One item put on the body: everything but the resolution.
#[derive(Clone, Debug)]
struct PlacedItem {
    kind: Arc<str>,
    /// In model pixels, sized.
    frame: ItemFrame,
    tint: Option<[f32; 3]>,
    opacity: f32,
}

/// Puts items on the body and draws them.
#[derive(Debug)]
pub struct Sketcher {
    placed: Vec<PlacedItem>,
    grips: Vec<Circle>,
    covers: Vec<Circle>,
    front: Rgba,
    behind: Rgba,
    lattice: Lattice,
    free_hand: FreeHand,
    crossing: Crossing,
    /// Time of the frame in seconds, and room for one kind's parameters at it.
    seconds: f64,
    params: Vec<f32>,
    arch: Arch,
}

impl Default for Sketcher {
    fn default() -> Self {
        Self {
            // Room for what people usually wear, so that nothing grows while they move.
            placed: Vec::with_capacity(16),
            grips: Vec::with_capacity(16),
            covers: Vec::with_capacity(16),
            front: Rgba::default(),
            behind: Rgba::default(),
            lattice: Lattice::default(),
            free_hand: FreeHand::default(),
            crossing: Crossing::default(),
            seconds: 0.0,
            params: Vec::with_capacity(8),
            arch: Arch::new(),
        }
    }
}

impl Sketcher {
    /// Forgets which hand and which side were in use.
    pub fn reset(&mut self) {
        self.free_hand = FreeHand::default();
        self.crossing = Crossing::default();
        self.take_off();
    }

    fn take_off(&mut self) {
        self.placed.clear();
        self.grips.clear();
        self.covers.clear();
    }

    /// Finds the frame and presence of every item. `body` in picture widths, `in_model` the same in model pixels;
    /// `room`: upper left and lower right corner of the camera's picture in model pixels; `seconds`: the frame's time.
    pub fn place(
        &mut self,
        worn: &[Worn],
        (body, in_model): (&Body, &Body),
        room: (Vec2, Vec2),
        seconds: f64,
        fields: &BTreeMap<String, Field>,
    ) {
        self.take_off();
        self.seconds = seconds;
        let bottom = room.1.y / PAINT.0 as f32;
        let mut hands = Hands::new(&mut self.free_hand, worn, (body, bottom), fields);
        self.crossing.follow(in_model.at(Point::Head).x, room, seconds);
        for item in worn {
            let Some(field) = item.field(fields) else { continue };
            let mut put = |frame: ItemFrame, opacity: f32| {
                if opacity > 0.0 {
                    let circle = |radius: f32| (frame.o, radius * frame.ex.length());
                    match field.attachment {
                        Attachment::Hand => self.grips.push(circle(GRIP)),
                        Attachment::Arm | Attachment::Beside => self.covers.push(circle(COVER)),
                        Attachment::Head | Attachment::Shoulders => {}
                    }
                    self.placed.push(PlacedItem { kind: Arc::clone(&item.kind), frame, tint: item.tint, opacity });
                }
            };
            let size = item.size * field.natural_size;
            let sized = |frame: ItemFrame| frame.sized(size, field.scale_about);
            match field.attachment {
                Attachment::Head => {
                    let head_forward = frames::within_training(in_model.head_forward);
                    put(sized(frames::head(&Body { head_forward, ..*in_model })), seen(body.present(Point::Head)));
                }
                Attachment::Shoulders => put(sized(frames::shoulders(in_model)), seen(body.present(Point::Neck))),
                Attachment::Hand | Attachment::Arm => {
                    let taken = hands.take(item);
                    for &side in taken.as_slice() {
                        let frame = match field.attachment {
                            Attachment::Arm => frames::shield(in_model, side),
                            _ => frames::sword(in_model, side),
                        };
                        put(sized(frame), held(body, side, bottom));
                    }
                }
                Attachment::Beside => {
                    let (to_the_right, shown) = self.crossing.side();
                    for Post { index, across, above } in item.company() {
                        let at = Company { size, to_the_right: to_the_right != across, above, index, seconds };
                        put(frames::company(in_model, at, room), shown * seen(body.present(Point::Head)));
                    }
                }
            }
        }
    }

    /// The grips of what is held, in pixels of the model.
    pub fn grips(&self) -> &[Circle] {
        &self.grips
    }

    /// Where what is before everything is, in pixels of the model.
    pub fn covers(&self) -> &[Circle] {
        &self.covers
    }

    /// Draws what is worn at the camera's size over what the two pictures hold, and at the model's.
    pub fn draw(&mut self, fields: &BTreeMap<String, Field>, fit: Fit, front: &mut Rgba, behind: &mut Rgba) {
        let (mut lattice, arch) = (std::mem::take(&mut self.lattice), self.arch);
        let (mut small_front, mut small_behind) = (std::mem::take(&mut self.front), std::mem::take(&mut self.behind));
        small_front.clear(PAINT.0, PAINT.1);
        small_behind.clear(PAINT.0, PAINT.1);
        self.each_layer(fields, |part| {
            let targets = match part.layer.order {
                Order::Front => (&mut *front, &mut small_front),
                Order::Behind => (&mut *behind, &mut small_behind),
            };
            let frame = in_camera(part.frame, fit);
            part.layer.draw((frame, fit), part.params, part.dress, targets, &mut lattice, arch);
        });
        (self.front, self.behind, self.lattice) = (small_front, small_behind, lattice);
    }

    /// What was drawn last at the model's size: in front and behind.
    pub fn sketch(&self) -> (&Rgba, &Rgba) {
        (&self.front, &self.behind)
    }

    /// Every layer of what is placed, in the order in which they are drawn over one another.
    pub fn each_layer(&mut self, fields: &BTreeMap<String, Field>, mut each: impl FnMut(Part)) {
        let Self { placed, params, seconds, .. } = self;
        for item in &*placed {
            let Some(field) = fields.get(&*item.kind) else { continue };
            let dress = field.dress(item.tint, item.opacity);
            field.params_at(*seconds, params);
            for (index, layer) in field.layers.iter().enumerate() {
                each(Part { kind: &item.kind, index, layer, frame: item.frame, params, dress });
            }
        }
    }
}

/// One layer of one placed item.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests find the layer on the device"))]
    pub kind: &'a str,
    /// Of the layer among those of its kind.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests find the layer on the device"))]
    pub index: usize,
    pub layer: &'a Layer,
    /// In model pixels.
    pub frame: ItemFrame,
    pub params: &'a [f32],
    pub dress: Dress,
}

/// A frame in model pixels as one in those of the camera.
#[must_use]
pub fn in_camera(frame: ItemFrame, fit: Fit) -> ItemFrame {
    let o = Vec2::new(frame.o.x - fit.left, frame.o.y - fit.top);
    ItemFrame { o, ..frame }.scaled(1.0 / fit.scale)
}

/// Which hands are taken, in the order in which things are put into them.
#[derive(Debug)]
pub struct Hands {
    /// The hand for the first thing that nobody gave a hand to, while there is such a thing.
    pub free: Option<Side>,
    /// Hands that hold something, right and left.
    pub taken: [bool; 2],
}

/// The hand for the first thing that nobody gave a hand to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedHand {
    /// There is no such thing.
    None,
    Given(Side),
    InSight,
}

/// One hand or both.
pub enum Taken {
    Said(&'static [Side]),
    One([Side; 1]),
}

impl Taken {
    pub fn as_slice(&self) -> &[Side] {
        match self {
            Self::Said(sides) => sides,
            Self::One(side) => side,
        }
    }
}

impl Hands {
    /// `lower`: the picture's lower border, in the unit of the body.
    fn new(
        holding: &mut FreeHand,
        worn: &[Worn],
        (body, lower): (&Body, f32),
        fields: &BTreeMap<String, Field>,
    ) -> Self {
        let (wanted, taken) = Self::wanted(worn, fields);
        let free = match wanted {
            WantedHand::None => {
                *holding = FreeHand::default();
                None
            }
            WantedHand::Given(side) => Some(holding.give(side)),
            WantedHand::InSight => Some(holding.follow(body, lower)),
        };
        Self { free, taken }
    }

    /// Which hand a scene wants for the first thing that nobody gave a hand to, and which hands hold something (right and
    /// left) as was said.
    pub fn wanted(worn: &[Worn], fields: &BTreeMap<String, Field>) -> (WantedHand, [bool; 2]) {
        let held = || worn.iter().filter(|item| item.field(fields).is_some_and(|field| field.attachment.is_held()));
        let said = || held().filter_map(Worn::said_hands).flatten();
        let taken = [said().any(|&side| side == Side::Right), said().any(|&side| side == Side::Left)];
        let wanted = match taken {
            _ if !held().any(|item| item.said_hands().is_none()) => WantedHand::None,
            [true, false] => WantedHand::Given(Side::Left),
            [false, true] => WantedHand::Given(Side::Right),
            _ => WantedHand::InSight,
        };
        (wanted, taken)
    }

    /// The hands for the next thing: as was said; else the hand in better sight, and the other one if that is taken.
    pub fn take(&mut self, item: &Worn) -> Taken {
        if let Some(sides) = item.said_hands() {
            return Taken::Said(sides);
        }
        let first = self.free.unwrap_or(Side::Right);
        let is_taken = |taken: [bool; 2], side: Side| taken[usize::from(side == Side::Left)];
        let side =
            if is_taken(self.taken, first) && !is_taken(self.taken, first.other()) { first.other() } else { first };
        self.taken[usize::from(side == Side::Left)] = true;
        Taken::One([side])
    }
}

/// The side of the head on which there is more room, for what flies there: it fades out on one side and in on the other.
#[derive(Clone, Copy, Debug, Default)]
struct Crossing {
    /// Where it is: 1 to the picture's right, -1 to its left; `None` before the first frame.
    at: Option<f32>,
    wanted: f32,
    seconds: f64,
}

impl Crossing {
    fn follow(&mut self, head_x: f32, room: (Vec2, Vec2), seconds: f64) {
        /// Share of the picture by which the other side must be wider.
        const CLEARLY: f32 = 0.12;
        let lead = (room.1.x + room.0.x - 2.0 * head_x) / (room.1.x - room.0.x);
        if self.at.is_none() || lead * self.wanted < -CLEARLY {
            self.wanted = if lead >= 0.0 { 1.0 } else { -1.0 };
        }
        let most = ((seconds - self.seconds).max(0.0) * 2.0 / CROSSING_S) as f32;
        let at = self.at.unwrap_or(self.wanted);
        self.at = Some(at + (self.wanted - at).clamp(-most, most));
        self.seconds = seconds;
    }

    /// Whether that is to the picture's right, and how much is shown.
    fn side(&self) -> (bool, f32) {
        let at = self.at.unwrap_or(1.0);
        (at > 0.0, ((at.abs() - 0.15) / 0.7).clamp(0.0, 1.0))
    }
}

/// The hand that holds what nobody gave a hand to: the one that is seen better, surely and raised into the picture rather
/// than at its lower border. It keeps what it holds until the other has been seen clearly better for a while, since things
/// that jump from hand to hand look like ghosts; from a hand that is out of sight it is taken at once.
#[derive(Clone, Copy, Debug, Default)]
struct FreeHand {
    side: Option<Side>,
    /// For how many frames in a row the other was seen clearly better.
    doubts: u32,
}

impl FreeHand {
    /// How much better is clearly better.
    const CLEARLY: f32 = 0.05;
    /// What is seen less is out of sight.
    const OUT_OF_SIGHT: f32 = 0.25;
    /// For how many frames the other must be seen better: a fifth of a second of 30 frames.
    const PATIENCE: u32 = 6;

    fn give(&mut self, side: Side) -> Side {
        *self = Self { side: Some(side), doubts: 0 };
        side
    }

    /// `lower`: the picture's lower border, in the unit of the body.
    fn follow(&mut self, body: &Body, lower: f32) -> Side {
        let sight = |hand| body.present(hand).powi(2) * ((lower - body.at(hand).y) / 0.16).clamp(0.5, 1.0);
        let [right, left] = [sight(Point::HandR), sight(Point::HandL)];
        let better = if right >= left { Side::Right } else { Side::Left };
        let least = right.min(left);
        match self.side {
            Some(side) if side == better || (right - left).abs() <= Self::CLEARLY => self.give(side),
            Some(side) if self.doubts < Self::PATIENCE && least > Self::OUT_OF_SIGHT => {
                self.doubts += 1;
                side
            }
            _ => self.give(better),
        }
    }
}

/// How much of a thing on that point is shown: nothing where nobody is.
pub(super) fn seen(presence: f32) -> f32 {
    ((presence - 0.2) / 0.2).clamp(0.0, 1.0)
}

/// How much of a thing in that hand is shown: nothing where the hand is not seen, but near the lower border presence says
/// little, since what is held reaches up into the picture from there. Beyond the others it points out of it.
/// `bottom`: the height at which the camera's picture ends, in picture widths as the body is.
pub(super) fn held(body: &Body, side: Side, bottom: f32) -> f32 {
    let hand = match side {
        Side::Right => Point::HandR,
        Side::Left => Point::HandL,
    };
    let below = body.at(hand).y - bottom;
    let sure = if below > -0.08 { (0.18 - below.abs()) / 0.08 } else { (body.present(hand) - 0.12) / 0.2 };
    let someone = seen(body.present(Point::Head).max(body.present(Point::Neck)));
    sure.clamp(0.0, 1.0) * someone
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
        let after = |side, body: &Body, frames| {
            let mut free = FreeHand { side, doubts: 0 };
            (0..frames).map(|_| free.follow(body, 0.75)).last().unwrap()
        };
        assert_eq!(after(None, &hands(0.9, 0.8), 1), Side::Right);
        assert_eq!(after(None, &hands(0.8, 0.9), 1), Side::Left);
        assert_eq!(after(Some(Side::Right), &hands(0.88, 0.9), 100), Side::Right, "not for so little");
        assert_eq!(after(Some(Side::Right), &hands(0.6, 0.9), FreeHand::PATIENCE), Side::Right, "not at once");
        assert_eq!(after(Some(Side::Right), &hands(0.6, 0.9), FreeHand::PATIENCE + 1), Side::Left);
        assert_eq!(after(Some(Side::Left), &hands(0.9, 0.6), FreeHand::PATIENCE + 1), Side::Right);
        assert_eq!(after(Some(Side::Left), &hands(0.9, 0.3), 1), Side::Right, "at once from a hand out of sight");
        let mut raised = hands(0.9, 0.95);
        raised.points[Point::HandL as usize].y = 0.74;
        assert_eq!(after(Some(Side::Left), &raised, 10), Side::Right, "a raised hand before one that hangs");
        let mut free = FreeHand { side: Some(Side::Right), doubts: 0 };
        for _ in 0..20 {
            for _ in 0..FreeHand::PATIENCE {
                assert_eq!(free.follow(&hands(0.6, 0.9), 0.75), Side::Right, "a moment's doubt is forgotten");
            }
            free.follow(&hands(0.9, 0.3), 0.75);
        }
    }

    /// A camera of 16:9 fills the model's picture from y = 0.094 to 0.656.
    #[test]
    fn the_border_is_that_of_the_cameras_picture() {
        let fit = Fit::new((1280, 720), PAINT);
        let wide = 0.75 - fit.top / 256.0;
        let shown = |y: f32, bottom| {
            let mut body = hands(0.05, 0.9);
            (body.points[Point::HandR as usize], body.presence[Point::Head as usize]) = (Vec2::new(0.4, y), 0.9);
            held(&body, Side::Right, bottom)
        };
        assert_eq!(shown(0.67, wide), 1.0, "just beyond the lower edge");
        assert_eq!(shown(0.845, wide), 0.0, "far beyond it");
        assert_eq!((shown(0.08, wide), shown(0.4, wide)), (0.0, 0.0), "above the upper edge, and in the middle");
        // A camera of 4:3 has its lower edge at 0.75.
        let full = 0.75;
        assert_eq!((shown(0.66, full), shown(0.845, full)), (0.0, 1.0));
        assert!((shown(0.89, full) - 0.5).abs() < 1e-4, "it goes slowly");
        let mut hanging = hands(0.95, 0.9);
        hanging.points[Point::HandR as usize].y = 0.65;
        hanging.points[Point::HandL as usize].y = 0.4;
        let chosen = |lower: f32| FreeHand::default().follow(&hanging, lower);
        assert_eq!((chosen(0.656), chosen(0.9)), (Side::Left, Side::Right), "a hand at the lower border hangs");
    }

    fn thing(place: Place, place_spoken: bool, count: u32) -> Worn {
        Worn { kind: "thing".into(), place, place_spoken, tint: None, size: 1.0, count }
    }

    #[test]
    fn a_second_thing_goes_to_the_other_hand() {
        let any = thing(Place::RightHand, false, 1);
        let mut hands = Hands { free: Some(Side::Left), taken: [false; 2] };
        assert_eq!(hands.take(&any).as_slice(), [Side::Left]);
        assert_eq!(hands.take(&any).as_slice(), [Side::Right]);
        assert_eq!(hands.take(&any).as_slice(), [Side::Left], "a third one has no hand of its own");
        let mut hands = Hands { free: Some(Side::Right), taken: [true, false] };
        assert_eq!(hands.take(&thing(Place::RightHand, true, 1)).as_slice(), [Side::Right], "as was said");
        assert_eq!(hands.take(&any).as_slice(), [Side::Left]);
        assert_eq!(hands.take(&thing(Place::RightHand, false, 2)).as_slice(), [Side::Right, Side::Left]);
    }

    #[test]
    fn company_goes_to_the_wider_side_and_is_never_seen_crossing() {
        let room = (Vec2::new(0.0, 0.0), Vec2::new(256.0, 192.0));
        let mut crossing = Crossing::default();
        crossing.follow(100.0, room, 5.0);
        assert_eq!(crossing.side(), (true, 1.0), "at once in the first frame");
        crossing.follow(138.0, room, 5.1);
        assert_eq!(crossing.side(), (true, 1.0), "not for so little");
        let (mut least, mut before) = (1.0_f32, crossing.side());
        for frame in 0..40 {
            crossing.follow(190.0, room, 5.1 + f64::from(frame) / 30.0);
            let now = crossing.side();
            if now.0 != before.0 {
                assert!(now.1 == 0.0 || before.1 == 0.0, "it is seen on both sides: {before:?}, {now:?}");
            }
            (least, before) = (least.min(now.1), now);
        }
        assert_eq!((before, least), ((false, 1.0), 0.0));
    }
}
