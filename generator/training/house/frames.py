"""From the body to the frames of what it wears: strict functions of what the camera sees.

All lengths are in picture widths, x right, y DOWN, both measured from the upper left corner; so a picture of 4:3
ends at y = 0.75.  An item frame is (o, ex, ey, ez), each 2D: the item point (x, y, z) lands at o + x ex + y ey + z ez.
`render/house/frames.rs` is the same in Rust; both are tested against the same stored cases.
"""
import numpy as np

FOREARM_IN_HEADS = 2.1      # elbow to grip, in head widths
SWORD_IN_HEADS = 3.2        # grip to tip, in head widths
SHOULDERS_IN_HEADS = 2.3    # shoulder to shoulder seen from the front
FACE_IN_HEADS = 0.65        # half the width that nothing may fly over
COMPANY_IN_HEADS = (1.15, 1.15)  # half the length and half the height of what keeps the visitor company
LEAST_FIT = 0.45            # such a thing is not shrunk further than this to find room beside the face
DRIFT_IN_HEADS = (0.5, 0.28)  # how far it drifts about its place, across and up
DRIFT_PERIOD_S = 7.0


def square(xy, aspect=4 / 3):
    """Picture coordinates (0..1, 0..1) -> picture widths."""
    return np.asarray(xy, float) * [1.0, 1.0 / aspect]


def rotation(up, forward):
    """The rotation nearest to two noisy axes, of which forward is trusted more.  Rows right, up, forward.

    Camera space is x right, y down, z away from the camera; a visitor who faces it has right (1, 0, 0),
    up (0, -1, 0), forward (0, 0, -1).
    """
    forward = forward / max(np.linalg.norm(forward), 1e-6)
    up = up - forward * (up @ forward)
    up = up / max(np.linalg.norm(up), 1e-6)
    return np.stack([np.cross(up, forward), up, forward])


def head_frame(head, axes, head_width):
    """head (2,), axes (3, 3) rows right, up, forward in camera space, head_width -> frame with the unit head width."""
    turned = rotation(*np.asarray(axes, float)[1:])
    return np.asarray(head, float), turned[0, :2] * head_width, turned[1, :2] * head_width, turned[2, :2] * head_width


def blade_direction(hand, elbow, head_width, side):
    """Unit direction of a held blade.  side: -1 for the right hand (left in the picture), +1 for the left.

    Mostly up, along the forearm as far as the camera sees it, a little outwards: never undefined, continuous, and
    a function of two points only.
    """
    along = (np.asarray(hand, float) - elbow) / (FOREARM_IN_HEADS * head_width)
    along = along / max(1.0, np.linalg.norm(along))
    direction = 0.6 * along + np.array([0.35 * side, -1.0])
    return direction / np.linalg.norm(direction)


def sword_frame(hand, elbow, head_width, side):
    """Along the blade from the grip (the hand) to the tip, and across it; both of the blade's length."""
    direction = blade_direction(hand, elbow, head_width, side)
    length = SWORD_IN_HEADS * head_width
    return np.asarray(hand, float), direction * length, across(direction) * length, np.zeros(2)


def across(up):
    """The direction that lies to the right of `up` as one sees the picture: the y axis of the plane chart."""
    return np.array([-up[1], up[0]])


def shield_frame(hand, elbow, head_width):
    """Upright before the fist, leaning a little with the forearm; unit head width."""
    along = (np.asarray(hand, float) - elbow) / (FOREARM_IN_HEADS * head_width)
    along = along / max(1.0, np.linalg.norm(along))
    up = np.array([0.4 * along[0], -1.0])
    up = up / np.linalg.norm(up)
    return np.asarray(hand, float), up * head_width, across(up) * head_width, np.zeros(2)


def company_frame(head, head_width, size, side, above, index, seconds, room):
    """What flies beside the head, looking at the visitor; unit head width times the size that fits.

    side: -1 to the picture's left of the head, +1 to its right.  above: over the height of the eyes, else at the
    shoulders.  index: the how manieth of several.  seconds: time, for the drift.  room: left, top, right, bottom of the
    picture.  Never over the face; inside the picture where it fits there without shrinking too much.
    """
    half_length, half_height = COMPANY_IN_HEADS
    left, top, right, bottom = np.asarray(room, float)
    free = ((right - head[0]) if side > 0 else (head[0] - left)) / head_width - FACE_IN_HEADS
    fit = size * float(np.clip(free / (2 * half_length * size), LEAST_FIT, 1.0))
    slack = max(free - 2 * half_length * fit, 0.0)
    drift = min(DRIFT_IN_HEADS[0], 0.5 * slack)
    turn = 2 * np.pi * (seconds / DRIFT_PERIOD_S + 0.31 * index)
    out = FACE_IN_HEADS + half_length * fit + min(0.15, slack - 2 * drift) + drift * (1 + np.sin(turn))
    up = (1.1 if above else -1.0) + DRIFT_IN_HEADS[1] * np.sin(2 * turn)
    reach = min(half_height * fit * head_width, 0.5 * (bottom - top))
    o = np.array([head[0] + side * out * head_width, np.clip(head[1] - up * head_width, top + reach, bottom - reach)])
    sway = 0.10 * np.sin(turn + 1.0)
    upwards = np.array([np.sin(sway), -np.cos(sway)])
    return o, upwards * fit * head_width, across(upwards) * (-side * fit * head_width), np.zeros(2)


def shoulder_frame(neck, shoulder_r, shoulder_l, head_width, torso_yaw):
    """Origin at the base of the neck, x along the shoulders to the picture's right, y up; unit shoulder width.

    The unit is the breadth seen, made up for the turn of the body, near to what the head's width suggests.  Up leans as the
    shoulders do in space: of somebody who turns aside, the nearer shoulder is seen lower or higher, and wings stay upright.
    """
    line = np.asarray(shoulder_l, float) - shoulder_r
    if line[0] < 0:
        line = -line
    yaw = float(np.clip(torso_yaw, -0.9, 0.9))
    usual = SHOULDERS_IN_HEADS * head_width
    unit = float(np.clip(np.linalg.norm(line) / np.cos(yaw), 0.8 * usual, 1.3 * usual))
    along = line / max(np.linalg.norm(line), 1e-6)
    up = np.array([line[1], -np.hypot(line[0], unit * np.sin(yaw))])
    up = up / max(np.linalg.norm(up), 1e-6)
    return np.asarray(neck, float), along * unit * np.cos(yaw), up * unit, along * unit * np.sin(yaw)
