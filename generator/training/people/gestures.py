"""What people do before a mirror: gestures of one arm, and scenarios that pair them.

Coordinates of a gesture: x outward to the arm's own side, y up, z forward, from the shoulder, in arm lengths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import hand


@dataclass(frozen=True)
class Gesture:
    name: str
    wrist: np.ndarray  # from the shoulder, arm lengths
    pole: np.ndarray  # where the elbow points
    curls: dict
    palm: np.ndarray | None = None  # wished palm normal
    finger: np.ndarray | None = None  # wished finger direction
    thumb: np.ndarray | None = None  # wished thumb side (a gripped stick points there)
    pronation_deg: float = 0.0
    flexion_deg: float = 0.0
    deviation_deg: float = 0.0
    near_head: np.ndarray | None = None  # wrist from the head joint, m (overrides wrist)
    meet: np.ndarray | None = None  # from between the shoulders, arm lengths: `wrist` then is metres from there
    shrug: float = 1.0

    def with_pole(self, rng: np.random.Generator) -> "Gesture":
        """The same with the elbow lower and further out, jittered: frees a twisted upper arm."""
        return replace(self, pole=np.array([0.6, -1.0, -0.1]) + rng.normal(0, 0.35, 3))


_ANY = hand.SHAPES
_FISTS = ("fist", "grip", "grip", "wide_grip")


def _box(rng, x, y, z) -> np.ndarray:
    return np.array([rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)])


def _direction(rng, mean, spread) -> np.ndarray:
    return hand.unit(np.asarray(mean, float) + rng.normal(0, spread, 3))


def draw_gesture(rng: np.random.Generator, name: str) -> Gesture:
    """One arm's gesture with random detail."""
    pole = np.array([0.55, -1.0, -0.25]) + rng.normal(0, 0.3, 3)

    def shape(*names):
        return hand.draw_curls(rng, str(rng.choice(names)))

    free = dict(pronation_deg=rng.uniform(-80, 85), flexion_deg=rng.normal(0, 22), deviation_deg=rng.normal(-3, 9), shrug=rng.uniform(0.6, 1.1))
    if name == "hang":
        wrist = _box(rng, (0.08, 0.34), (-0.98, -0.9), (-0.08, 0.22))
        return Gesture(name, wrist, np.array([0.5, -0.1, -1.0]), shape("relaxed", "relaxed", "cup", "fist", "open"), pronation_deg=rng.uniform(-5, 60), flexion_deg=rng.normal(5, 8), shrug=0.5)
    if name == "wave":
        wrist = _box(rng, (0.05, 0.6), (0.0, 0.55), (0.1, 0.5))
        return Gesture(name, wrist, pole, shape("open", "spread", "flat", "relaxed"), palm=_direction(rng, (0, 0, 1), 0.3), finger=_direction(rng, (0.1, 1, 0.1), 0.25))
    if name == "raise_high":
        wrist = _box(rng, (-0.05, 0.5), (0.45, 0.92), (0.0, 0.4))
        return Gesture(name, wrist, np.array([1.0, -0.1, 0.1]) + rng.normal(0, 0.25, 3), shape(*_ANY), **free)
    if name == "grip_front":
        wrist = _box(rng, (-0.25, 0.5), (-0.6, 0.2), (0.3, 0.75))
        thumb = _direction(rng, (rng.uniform(-0.5, 0.5), 1, rng.uniform(-0.2, 0.5)), 0.3)
        return Gesture(name, wrist, pole, shape(*_FISTS), thumb=thumb, flexion_deg=rng.normal(0, 12), deviation_deg=rng.normal(-4, 10))
    if name == "grip_up":
        wrist = _box(rng, (0.0, 0.6), (0.05, 0.6), (0.1, 0.55))
        return Gesture(name, wrist, pole, shape(*_FISTS), thumb=_direction(rng, (0, 1, 0.2), 0.5), flexion_deg=rng.normal(0, 15), deviation_deg=rng.normal(-4, 10))
    if name == "sign":
        wrist = _box(rng, (-0.5, 0.2), (-0.55, 0.15), (0.28, 0.65))
        return Gesture(name, wrist, pole, shape(*_ANY), **free)
    if name == "sign_high":
        wrist = _box(rng, (-0.15, 0.4), (0.0, 0.45), (0.2, 0.55))
        finger = _direction(rng, (0, 1, 0.2), 0.5)
        return Gesture(name, wrist, pole, shape(*_ANY), palm=_direction(rng, (0, 0, 1), 0.8), finger=finger)
    if name == "point":
        wrist = _box(rng, (-0.3, 0.5), (-0.3, 0.4), (0.5, 0.85))
        return Gesture(name, wrist, pole, shape("point", "point", "ell", "two"), finger=_direction(rng, (0, 0.15, 1), 0.4), pronation_deg=rng.uniform(-20, 80))
    if name == "point_up":
        wrist = _box(rng, (0.0, 0.45), (-0.1, 0.4), (0.2, 0.5))
        return Gesture(name, wrist, pole, shape("point", "two", "ell"), palm=_direction(rng, (-0.3, 0, 1), 0.4), finger=_direction(rng, (0, 1, 0.1), 0.2))
    if name == "stretch":
        wrist = hand.unit(_box(rng, (0.7, 1.0), (-0.5, 0.45), (-0.05, 0.6))) * rng.uniform(0.86, 0.985)
        return Gesture(name, wrist, np.array([0.1, -1.0, -0.5]), shape(*_ANY, *_FISTS), **free)
    if name == "face":
        # Chin, jaw, cheek, temple, before the mouth; eating and thinking bring the hand up to the mouth from below.
        spot = [(-0.02, -0.13, 0.15), (0.07, -0.10, 0.13), (0.11, -0.02, 0.10), (0.13, 0.05, 0.08), (0.04, -0.06, 0.18), (0.05, -0.17, 0.14), (0.03, -0.14, 0.17)][rng.integers(7)]
        near = np.array(spot) + rng.normal(0, 0.02, 3)
        finger = _direction(rng, (-0.35, 1, -0.1), 0.35)
        return Gesture(name, np.array([-0.15, 0.15, 0.35]), np.array([0.45, -1.0, 0.2]) + rng.normal(0, 0.2, 3), shape("relaxed", "fist", "point", "cup", "flat", "pinch"), palm=_direction(rng, (-0.5, 0, -1), 0.3), finger=finger, near_head=near, shrug=0.7)
    if name == "hips":
        wrist = _box(rng, (0.16, 0.3), (-0.78, -0.66), (0.0, 0.2))
        return Gesture(name, wrist, np.array([1.0, 0.1, -0.45]), shape("relaxed", "fist", "cup"), palm=_direction(rng, (-1, 0, 0), 0.2), flexion_deg=rng.normal(-15, 10))
    if name == "cross_under":
        wrist = np.array([-0.62, -0.42, 0.36]) + rng.normal(0, 0.03, 3)
        return Gesture(name, wrist, np.array([0.6, -1.0, 0.1]), shape("cup", "relaxed", "fist"), palm=_direction(rng, (0, -0.2, -1), 0.15))
    if name == "cross_over":
        wrist = np.array([-0.58, -0.36, 0.50]) + rng.normal(0, 0.03, 3)
        return Gesture(name, wrist, np.array([0.6, -1.0, 0.2]), shape("cup", "flat", "relaxed"), palm=_direction(rng, (0, -0.3, -1), 0.15))
    if name == "low":
        wrist = _box(rng, (-0.42, 0.25), (-0.85, -0.5), (0.2, 0.55))
        return Gesture(name, wrist, np.array([0.6, -0.6, -0.7]) + rng.normal(0, 0.2, 3), shape(*_ANY), **free)
    if name == "desk":
        wrist = _box(rng, (-0.35, 0.2), (-0.7, -0.5), (0.45, 0.75))
        return Gesture(name, wrist, pole, shape("relaxed", "cup", "flat"), palm=_direction(rng, (0, -1, 0), 0.2), flexion_deg=rng.normal(0, 10))
    if name == "free":
        way = _direction(rng, (0.25, -0.05, 0.55), 0.75)
        way[2] = abs(way[2]) if way[0] < 0.3 else way[2]
        return Gesture(name, hand.unit(way) * rng.uniform(0.4, 0.97), pole, shape(*_ANY), **free)
    raise KeyError(f"unknown gesture {name!r}; see draw_gesture for the names")


def draw_meeting(rng: np.random.Generator) -> dict[str, Gesture]:
    """Both hands at one place before the chest: clasped, praying, fist on palm, one over the other, signing in touch."""
    place = _box(rng, (-0.18, 0.18), (-0.62, -0.02), (0.4, 0.68))
    kind = str(rng.choice(["pray", "clasp", "fist_on_palm", "stacked", "near"]))
    low, high = ("R", "L") if rng.random() < 0.5 else ("L", "R")
    pole = np.array([0.8, -1.0, -0.1])

    def one(wrist, shapes, palm, finger) -> Gesture:
        return Gesture(f"meet_{kind}", np.asarray(wrist) + rng.normal(0, 0.008, 3), pole + rng.normal(0, 0.2, 3), hand.draw_curls(rng, str(rng.choice(shapes))), palm=_direction(rng, palm, 0.15), finger=_direction(rng, finger, 0.15), meet=place, shrug=0.8)

    if kind == "pray":
        return {s: one((0.035, -0.06, 0), ["flat", "open"], (-1, 0, 0), (-0.1, 1, 0.15)) for s in "RL"}
    if kind == "clasp":
        return {low: one((0.085, -0.02, 0.0), ["cup", "grip", "relaxed"], (-0.6, 0, -0.8), (-0.8, 0.3, 0.5)), high: one((0.085, 0.0, 0.05), ["cup", "wide_grip"], (-0.6, 0, -0.8), (-0.8, 0.3, 0.4))}
    if kind == "fist_on_palm":
        return {low: one((0.09, -0.05, 0.02), ["flat", "open", "cup"], (0, 1, 0), (-0.9, 0, 0.4)), high: one((0.06, 0.05, -0.01), ["fist", "point", "grip", "thumb_up"], (-0.5, -0.7, 0), (-0.8, -0.2, 0.4))}
    if kind == "stacked":
        return {low: one((0.10, -0.03, 0.0), ["flat", "relaxed", "open"], (0, -0.7, -0.7), (-1, 0, 0.1)), high: one((0.09, 0.035, 0.04), ["flat", "relaxed", "spread"], (0, -0.7, -0.7), (-1, 0, 0.2))}
    return {s: one(rng.uniform((0.07, -0.1, -0.05), (0.16, 0.1, 0.08)), list(_ANY), rng.normal(0, 1, 3), (-0.7, 0.5, 0.4)) for s in "RL"}


_PAIRS = (
    (0.09, ("hang",), ("hang",)),
    (0.20, ("wave", "grip_front", "grip_up", "point", "point_up", "stretch", "raise_high", "sign_high", "free"), ("hang", "low", "desk")),
    (0.17, ("sign", "sign_high"), ("sign", "sign", "low")),
    (0.16, ("grip_front", "grip_up"), ("grip_front", "grip_up", "sign", "low", "hang", "free")),
    (0.07, ("wave", "raise_high"), ("wave", "raise_high")),
    (0.10, ("face",), ("hang", "low", "sign", "desk", "hang")),
    (0.04, ("cross_over",), ("cross_under",)),
    (0.06, ("hips",), ("hips", "wave", "hang", "point", "grip_up")),
    (0.08, ("low", "desk"), ("low", "desk")),
    (0.07, ("free", "stretch"), ("free", "stretch", "sign")),
)


def draw_gestures(rng: np.random.Generator, calm: bool = False, always: str | None = None) -> dict[str, Gesture]:
    """A gesture for each arm, {'R': ..., 'L': ...}; `always` names that of one of them."""
    if calm:
        return {s: draw_gesture(rng, "hang") for s in "RL"}
    if always is not None:
        names = [always, str(rng.choice(("hang", "low", "sign", "desk", "hips", always)))]
        rng.shuffle(names)
        return {s: draw_gesture(rng, n) for s, n in zip("RL", names)}
    if rng.random() < 0.11:
        return draw_meeting(rng)
    chances = np.array([p[0] for p in _PAIRS])
    _, first, second = _PAIRS[rng.choice(len(_PAIRS), p=chances / chances.sum())]
    names = [str(rng.choice(first)), str(rng.choice(second))]
    if rng.random() < 0.5:
        names.reverse()
    return {s: draw_gesture(rng, n) for s, n in zip("RL", names)}
