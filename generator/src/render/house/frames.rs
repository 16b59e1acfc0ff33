//! From the body to the frames of what it wears: strict functions of what the camera sees.
//!
//! Lengths are in picture widths, x right, y DOWN, both from the upper left corner, so a 4:3 picture ends at
//! y = 0.75. The Python twin, `training/house/frames.py`, made the stored cases that this is tested against.

use super::body::{Body, Point};
use super::geometry::{Vec2, Vec3, normalized};

/// Elbow to grip, in head widths.
const FOREARM_IN_HEADS: f32 = 2.1;
/// Grip to tip, in head widths.
const SWORD_IN_HEADS: f32 = 3.2;
/// Shoulder to shoulder seen from the front, in head widths.
const SHOULDERS_IN_HEADS: f32 = 2.3;
/// The torso's turn that the shoulders' frame follows at most, in radians.
const MAX_TORSO_YAW: f32 = 0.9;

/// Half the width that nothing may fly over, in head widths.
const FACE_IN_HEADS: f32 = 0.65;
/// Half the length and half the height of what keeps the visitor company, in head widths.
const COMPANY_IN_HEADS: (f32, f32) = (1.15, 1.15);
/// Such a thing is not shrunk further than this to find room beside the face.
const LEAST_FIT: f32 = 0.45;
/// How far it drifts about its place, across and up, in head widths.
const DRIFT_IN_HEADS: (f32, f32) = (0.5, 0.28);
const DRIFT_PERIOD_S: f64 = 7.0;

/// An affine frame: the item point (x, y, z) lands at `o + x ex + y ey + z ez`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemFrame {
    pub o: Vec2,
    pub ex: Vec2,
    pub ey: Vec2,
    pub ez: Vec2,
}

impl ItemFrame {
    /// The same frame with every length multiplied, as from picture widths to pixels.
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self { o: self.o * factor, ex: self.ex * factor, ey: self.ey * factor, ez: self.ez * factor }
    }

    /// The frame of the same item `size` times as big, the item point `about` staying in place.
    #[must_use]
    pub fn sized(self, size: f32, about: [f32; 3]) -> Self {
        let o = self.o + (self.ex * about[0] + self.ey * about[1] + self.ez * about[2]) * (1.0 - size);
        Self { o, ex: self.ex * size, ey: self.ey * size, ez: self.ez * size }
    }
}

/// Which hand holds a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Right,
    Left,
}

impl Side {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Right => Self::Left,
            Self::Left => Self::Right,
        }
    }
}

/// The frame of the head: origin between the ears, unit the head's width.
#[must_use]
pub fn head(body: &Body) -> ItemFrame {
    let forward = body.head_forward;
    let dot = body.head_up.dot(forward);
    let up = normalized(body.head_up - forward * dot);
    let right = up.cross(forward);
    let flat = |axis: Vec3| Vec2::new(axis.x, axis.y) * body.head_width;
    ItemFrame { o: body.at(Point::Head), ex: flat(right), ey: flat(up), ez: flat(forward) }
}

/// The direction of a face, turned back to what the fields of head items were trained well for.
///
/// Forward is a unit vector in camera space; the turn is limited to 25 degrees to each side, the nod to 12 degrees down
/// and 28 up. Beyond, a crown stops turning with the head instead of losing its shape.
#[must_use]
pub fn within_training(forward: Vec3) -> Vec3 {
    let yaw = forward.x.atan2(-forward.z).clamp(-0.44, 0.44);
    let pitch = (-forward.y).clamp(-1.0, 1.0).asin().clamp(-0.21, 0.49);
    Vec3::new(yaw.sin() * pitch.cos(), -pitch.sin(), -yaw.cos() * pitch.cos())
}

/// Unit direction of a held blade: mostly up, along the forearm as far as the camera sees it, a little outwards.
#[must_use]
pub fn blade_direction(hand: Vec2, elbow: Vec2, head_width: f32, side: Side) -> Vec2 {
    let along = (hand - elbow) * (1.0 / (FOREARM_IN_HEADS * head_width));
    let along = along * (1.0 / along.length().max(1.0));
    let outwards = match side {
        Side::Right => -0.35,
        Side::Left => 0.35,
    };
    let direction = along * 0.6 + Vec2::new(outwards, -1.0);
    direction * (1.0 / direction.length())
}

/// The direction to the right of `up` as one sees the picture: the y axis of the plane chart.
fn across(up: Vec2) -> Vec2 {
    Vec2::new(-up.y, up.x)
}

fn forearm(body: &Body, side: Side) -> (Vec2, Vec2) {
    match side {
        Side::Right => (body.at(Point::HandR), body.at(Point::ElbowR)),
        Side::Left => (body.at(Point::HandL), body.at(Point::ElbowL)),
    }
}

/// The frame of a sword: x from the grip to the tip, y across, both of the blade's length.
#[must_use]
pub fn sword(body: &Body, side: Side) -> ItemFrame {
    let (hand, elbow) = forearm(body, side);
    let direction = blade_direction(hand, elbow, body.head_width, side);
    let length = SWORD_IN_HEADS * body.head_width;
    ItemFrame { o: hand, ex: direction * length, ey: across(direction) * length, ez: Vec2::new(0.0, 0.0) }
}

/// The frame of a shield: upright before the fist, leaning a little with the forearm; unit the head's width.
#[must_use]
pub fn shield(body: &Body, side: Side) -> ItemFrame {
    let (hand, elbow) = forearm(body, side);
    let along = (hand - elbow) * (1.0 / (FOREARM_IN_HEADS * body.head_width));
    let up = Vec2::new(0.4 * along.x / along.length().max(1.0), -1.0);
    let up = up * (body.head_width / up.length());
    ItemFrame { o: hand, ex: up, ey: across(up), ez: Vec2::new(0.0, 0.0) }
}

/// Where something keeps the visitor company.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Company {
    pub size: f32,
    /// To the picture's right of the head, or to its left.
    pub to_the_right: bool,
    /// At the height of the eyes and over it, or at that of the shoulders.
    pub above: bool,
    /// The how manieth of several.
    pub index: u32,
    /// Time, for its drift.
    pub seconds: f64,
}

/// The frame of what flies beside the head, looking at the visitor: unit the head's width times the size that fits.
///
/// `room`: upper left and lower right corner of the picture. Never over the face; inside the picture where it fits there
/// without shrinking too much.
#[must_use]
pub fn company(body: &Body, at: Company, room: (Vec2, Vec2)) -> ItemFrame {
    let (head, width) = (body.at(Point::Head), body.head_width);
    let (half_length, half_height) = COMPANY_IN_HEADS;
    let side = if at.to_the_right { 1.0 } else { -1.0 };
    let breadth = if at.to_the_right { room.1.x - head.x } else { head.x - room.0.x };
    let free = breadth / width - FACE_IN_HEADS;
    let fit = at.size * (free / (2.0 * half_length * at.size)).clamp(LEAST_FIT, 1.0);
    let slack = (free - 2.0 * half_length * fit).max(0.0);
    let drift = DRIFT_IN_HEADS.0.min(0.5 * slack);
    let turn = (std::f64::consts::TAU * (at.seconds / DRIFT_PERIOD_S + 0.31 * f64::from(at.index)).fract()) as f32;
    let out = FACE_IN_HEADS + half_length * fit + (slack - 2.0 * drift).min(0.15) + drift * (1.0 + turn.sin());
    let level = if at.above { 1.1 } else { -1.0 };
    let up = level + DRIFT_IN_HEADS.1 * (2.0 * turn).sin();
    let reach = (half_height * fit * width).min(0.5 * (room.1.y - room.0.y));
    let o = Vec2::new(head.x + side * out * width, (head.y - up * width).max(room.0.y + reach).min(room.1.y - reach));
    let (sin, cos) = (0.10 * (turn + 1.0).sin()).sin_cos();
    let upwards = Vec2::new(sin, -cos) * (fit * width);
    ItemFrame { o, ex: upwards, ey: across(upwards) * -side, ez: Vec2::new(0.0, 0.0) }
}

/// The frame of the shoulders: origin at the base of the neck, unit the shoulders' width.
///
/// Up leans as the shoulders do in space: of somebody who turns aside, the nearer shoulder is seen lower or higher, and
/// wings stay upright.
#[must_use]
pub fn shoulders(body: &Body) -> ItemFrame {
    let mut across = body.at(Point::ShoulderL) - body.at(Point::ShoulderR);
    if across.x < 0.0 {
        across = across * -1.0;
    }
    let yaw = body.torso_yaw.clamp(-MAX_TORSO_YAW, MAX_TORSO_YAW);
    let usual = SHOULDERS_IN_HEADS * body.head_width;
    let unit = (across.length() / yaw.cos()).clamp(0.8 * usual, 1.3 * usual);
    let along = across * (1.0 / across.length().max(1e-6));
    let up = Vec2::new(across.y, -across.x.hypot(unit * yaw.sin()));
    ItemFrame {
        o: body.at(Point::Neck),
        ex: along * (unit * yaw.cos()),
        ey: up * (unit / up.length().max(1e-6)),
        ez: along * (unit * yaw.sin()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::house::body::POINTS;

    /// Degrees that up is off the vertical, for a line of the shoulders that falls by as much as it is long across.
    fn leaning(torso_yaw: f32) -> f32 {
        let mut points = [Vec2::new(0.0, 0.0); POINTS];
        points[Point::ShoulderL as usize] = Vec2::new(0.1, 0.1);
        let ahead = Vec3::new(0.0, 0.0, -1.0);
        let up = Vec3::new(0.0, -1.0, 0.0);
        let (presence, spread) = ([1.0; POINTS], [0.0; POINTS]);
        let body = Body { points, presence, spread, head_up: up, head_forward: ahead, head_width: 0.12, torso_yaw };
        let up = shoulders(&body).ey;
        up.x.atan2(-up.y).to_degrees()
    }

    #[test]
    fn up_leans_with_the_shoulders_but_not_because_they_turn_aside() {
        assert!((leaning(0.0) - 45.0).abs() < 0.1, "{}", leaning(0.0));
        assert!((leaning(0.9) - 26.1).abs() < 0.1 && leaning(0.9) == leaning(-0.9), "{}", leaning(0.9));
    }

    #[test]
    fn a_face_is_only_turned_back_where_it_must_be() {
        let straight = Vec3::new(0.1, 0.05, -0.99);
        let straight = normalized(straight);
        assert!((within_training(straight) - straight).length() < 1e-5);
        let aside = within_training(Vec3::new(1.0, 0.0, 0.0));
        assert!((aside.x - 0.44_f32.sin()).abs() < 1e-5 && (aside.length() - 1.0).abs() < 1e-5);
    }
}
