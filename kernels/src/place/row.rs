//! A scene as it lies in device memory: everything that does not change from frame to frame, all numbers f32.

use bytemuck::{Pod, Zeroable};

use crate::fields::{PARAMS, SURFACES};
use crate::track::FreeHand;

/// What a worn thing hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Attachment {
    Head = 0,
    Shoulders = 1,
    /// Held upright, along the hand.
    Hand = 2,
    /// Before the fist.
    Arm = 3,
    /// Not on the body: next to the head.
    Beside = 4,
}

/// One layer of one worn thing.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct WornLayer {
    /// Its number in the catalogue of fields.
    pub layer: f32,
    /// 1 where it is drawn between the person and the backdrop.
    pub behind: f32,
    /// [`Attachment`]
    pub attachment: f32,
    /// The hand that holds it while the right one is free, and while the left one is: 0 right, 1 left.
    pub hands: [f32; 2],
    /// How large, and the point that stays in place.
    pub size: f32,
    pub about: [f32; 3],
    /// Of what keeps company: the how manieth, whether on the other side, whether at the height of the eyes.
    pub index: f32,
    pub across: f32,
    pub above: f32,
    /// Where among the circles of [`crate::maps::Limits`] its own is, -1 for none, and its radius in lengths of ex.
    pub circle: f32,
    pub radius: f32,
    /// 1 for a flat thing.
    pub plane: f32,
    pub tint: [f32; 3],
    pub secondary: [f32; 3],
    /// How each parameter follows the time: 0 not at all, 1 as a sine, 2 as a cosine.
    pub wave: [f32; PARAMS],
    /// Turns a second in two parts, see [`crate::track::time`].
    pub turns: [[f32; 2]; PARAMS],
    /// Of each surface that is wings: the parameter that it follows, -1 for none, swing, swing_by, lift, lift_by.
    pub beat: [[f32; 5]; SURFACES],
    /// View coordinates outside of which nothing is drawn.
    pub low: [f32; 2],
    pub high: [f32; 2],
    /// Not looked at.
    pub unused: f32,
}
const _: () = assert!(size_of::<WornLayer>() == 192);

impl WornLayer {
    /// Values of f32 that it takes.
    pub const LEN: usize = size_of::<Self>() / 4;

    /// Still, with no circle and no wings, for the other fields to be filled in.
    #[must_use]
    pub fn still() -> Self {
        Self { circle: -1.0, beat: [[-1.0, 0.0, 0.0, 0.0, 0.0]; SURFACES], ..Self::zeroed() }
    }

    /// As it lies in device memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self)
    }
}

/// What a scene says of all its layers together.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Scene {
    free_hand: f32,
    count: f32,
    dressed: f32,
    grips: f32,
    covers: f32,
    shoulders: f32,
    unused: [f32; 10],
}
const _: () = assert!(size_of::<Scene>() == 64);

impl Scene {
    /// Values of f32 that it takes.
    pub const LEN: usize = size_of::<Self>() / 4;

    /// `dressed`: whether something is worn on head or shoulders, and on the shoulders; `circles`: grips, then covers.
    #[must_use]
    pub fn new(free_hand: FreeHand, layers: usize, dressed: (bool, bool), circles: (usize, usize)) -> Self {
        let flag = |on: bool| f32::from(u8::from(on));
        Self {
            free_hand: f32::from(free_hand as u8),
            count: layers as f32,
            dressed: flag(dressed.0),
            grips: circles.0 as f32,
            covers: circles.1 as f32,
            shoulders: flag(dressed.1),
            unused: [0.0; 10],
        }
    }

    /// As it lies in device memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self)
    }
}
