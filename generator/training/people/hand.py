"""Hands: the rest frame of a hand and the finger curls of named hand shapes.

A hand frame is three unit vectors: finger direction (wrist to middle knuckle), thumb side (from the little
finger's knuckle to the index finger's: the way a gripped stick leaves the fist), palm normal (out of the palm).
"""

from __future__ import annotations

import numpy as np

from .rig import Rig, cross, length, rotation

FINGERS = (2, 3, 4, 5)  # index, middle, ring, little; 1 is the thumb

# Per shape: curl 0 (straight) .. 1 (fist) of thumb, index, middle, ring, little; spread of the fingers in degrees.
_SHAPES = {
    "open": ((0.0, 0.02, 0.0, 0.02, 0.05), 7.0),
    "spread": ((-0.3, 0.0, 0.0, 0.0, 0.0), 13.0),
    "flat": ((0.25, 0.0, 0.0, 0.0, 0.0), -1.0),
    "relaxed": ((0.2, 0.25, 0.32, 0.38, 0.42), 3.0),
    "fist": ((0.95, 1.0, 1.0, 1.0, 1.0), 0.0),
    "grip": ((0.7, 0.76, 0.8, 0.84, 0.86), 0.0),
    "wide_grip": ((0.35, 0.5, 0.52, 0.55, 0.58), 2.0),
    "point": ((0.8, 0.03, 0.95, 1.0, 1.0), 0.0),
    "two": ((0.85, 0.0, 0.0, 1.0, 1.0), 7.0),
    "thumb_up": ((-0.45, 1.0, 1.0, 1.0, 1.0), 0.0),
    "pinch": ((0.6, 0.55, 0.3, 0.2, 0.15), 5.0),
    "ell": ((-0.4, 0.0, 0.95, 1.0, 1.0), 0.0),
    "horns": ((0.8, 0.02, 0.95, 0.95, 0.02), 4.0),
    "claw": ((0.2, 0.45, 0.45, 0.45, 0.45), 8.0),
    "cup": ((0.35, 0.3, 0.3, 0.3, 0.32), -1.0),
}
SHAPES = tuple(_SHAPES)
_FULL_CURL_DEG = (74.0, 96.0, 62.0)  # knuckle, middle joint, end joint of a fist, from straight


def unit(v) -> np.ndarray:
    v = np.asarray(v, float)
    return v / max(length(v), 1e-12)


def frame(finger, palm) -> np.ndarray:
    """Columns finger, thumb-or-little side, palm, orthonormal; the middle one is palm x finger."""
    f = unit(finger)
    n = unit(np.asarray(palm) - f * np.dot(f, palm))
    return np.stack([f, cross(n, f), n], 1)


def rest_axes(rig: Rig, heads: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finger direction, thumb side, palm normal of a hand in the rest shape. side: 'R' or 'L'."""
    at = {n: heads[rig.index[f"{n}.{side}"]] for n in ("wrist", "finger2-1", "finger3-1", "finger5-1")}
    finger = unit(at["finger3-1"] - at["wrist"])
    across = at["finger2-1"] - at["finger5-1"]
    thumb = unit(across - finger * np.dot(finger, across))
    palm = cross(thumb, finger) if side == "R" else cross(finger, thumb)
    return finger, thumb, palm


def draw_curls(rng: np.random.Generator, shape: str) -> dict:
    """A shape with a natural tremble: curls of five fingers, spread in degrees."""
    curls, spread = _SHAPES[shape]
    loose = rng.normal(0, 0.035, 5) + rng.normal(0, 0.03)
    return {"shape": shape, "curl": [float(np.clip(c + e, -0.5, 1.0)) for c, e in zip(curls, loose)], "spread_deg": float(spread + rng.normal(0, 1.5))}


def finger_rotations(rig: Rig, heads: np.ndarray, tails: np.ndarray, side: str, curls: dict) -> dict[str, np.ndarray]:
    """Local rotations of the finger bones for curls from `draw_curls`."""
    finger, thumb, palm = rest_axes(rig, heads, side)
    out: dict[str, np.ndarray] = {}

    def direction(bone: str) -> np.ndarray:
        k = rig.index[f"{bone}.{side}"]
        return unit(tails[k] - heads[k])

    for k, curl in zip(FINGERS, curls["curl"][1:]):
        spread = np.deg2rad(curls["spread_deg"]) * (3.3 - k) * 0.8
        fan = rotation(cross(finger, thumb), spread)
        carried = 0.0  # bend of the rest shape, to be undone for a straight finger
        for joint in (1, 2, 3):
            bone = f"finger{k}-{joint}"
            d = direction(bone)
            bend = np.arctan2(np.dot(d, palm), np.dot(d, finger))
            rest, carried = bend - carried, bend
            slack = 0.10 if joint == 1 else 0.06
            angle = slack + curl * np.deg2rad(_FULL_CURL_DEG[joint - 1]) - rest
            across = unit(cross(d, palm))
            out[f"{bone}.{side}"] = (fan if joint == 1 else np.eye(3)) @ rotation(across, angle)
    curl = curls["curl"][0]
    d = direction("finger1-1")
    across_palm = unit(-thumb * 0.55 + palm * 0.5 + finger * 0.35)
    out[f"finger1-1.{side}"] = rotation(cross(d, across_palm), np.deg2rad(38) * curl + 0.05)
    for joint, full in ((2, 42.0), (3, 62.0)):
        d = direction(f"finger1-{joint}")
        inward = unit(-thumb * 0.9 + palm * 0.15)
        out[f"finger1-{joint}.{side}"] = rotation(cross(d, inward), np.deg2rad(full) * max(curl, -0.25))
    return out
