"""How the demo visitor moves: key poses by inverse kinematics, blended into one loop of a few seconds.

Flow: `KEYS` names when each arm does what; `Motion` solves each key pose once with the `Poser`, turns it into
local joint rotations, and `at(t)` blends them: eased between keys, softened over time so that nothing starts
or stops at once, hands trailing their shoulders a little; the spine breathes and sways; the head turns, nods; the face smiles
and blinks. Everything is periodic: t and t + seconds are the same pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from . import hand
from .character import Character
from .gestures import Gesture
from .obstacle import Obstacle, arms_cross
from .pose import SIDES, Pose, _euler
from .rig import Rig

LOOP_S = 12.0
_STEPS = 1440  # resolution of the softened tracks: 120 a second for the loop of 12 s
_SOFT_S = 0.24  # width of the softening window
_LAG_S = {"clavicle": -0.03, "upperarm": 0.0, "lowerarm": 0.03, "wrist": 0.06, "finger": 0.05}
_WAVE_HZ, _WAVE_DEG = 1.9, 15.0


def _gesture(name: str, shape: str, wrist, **wishes) -> Gesture:
    """A gesture like those of `gestures`, with its place and wishes fixed: nothing about it is left to chance."""
    curls, spread = hand._SHAPES[shape]
    given = {k: np.asarray(v, float) for k, v in wishes.items() if k in ("palm", "finger", "thumb", "pole")}
    angles = {k: float(wishes.get(k, 0.0)) for k in ("pronation_deg", "flexion_deg", "deviation_deg")}
    return Gesture(name, np.array(wrist, float), given.get("pole", np.array([0.6, -1.0, -0.3])), {"shape": shape, "curl": list(curls), "spread_deg": float(spread)}, given.get("palm"), given.get("finger"), given.get("thumb"), **angles, shrug=0.8)


# One arm's poses: x outward, y up, z forward of the shoulder, in arm lengths.
_POSES = {
    "rest": lambda: _gesture("low", "relaxed", (0.02, -0.40, 0.47), palm=(-0.8, -0.5, -0.2), pole=(0.55, -1.0, -0.6)),
    "grip": lambda: _gesture("grip_front", "grip", (0.15, -0.17, 0.50), thumb=(0.12, 1, 0.25), flexion_deg=6),
    "grip_low": lambda: _gesture("grip_front", "grip", (0.17, -0.30, 0.49), thumb=(0.2, 1, 0.3), flexion_deg=6),
    "out": lambda: _gesture("stretch", "grip", (0.42, -0.06, 0.42), thumb=(0.4, 1, 0.15), pole=(0.3, -1.0, -0.4)),
    "up": lambda: _gesture("grip_up", "grip", (0.24, 0.27, 0.36), thumb=(-0.1, 1, 0.15), pole=(0.7, -1.0, 0.1)),
    "wave": lambda: _gesture("wave", "open", (0.18, 0.10, 0.36), palm=(0, 0, 1), finger=(0.08, 1, 0.1), pole=(0.7, -1.0, -0.1)),
    "open": lambda: _gesture("sign", "open", (0.12, -0.28, 0.46), palm=(-0.35, 0.75, 0.6), finger=(0.4, 0.45, 1), pole=(0.5, -1.0, -0.4)),
}  # fmt: skip

# Seconds and pose: the arm is there at that time; two equal neighbours hold it.
KEYS = {
    "R": ((0.0, "rest"), (0.5, "rest"), (1.6, "grip"), (2.3, "grip"), (3.3, "out"), (3.5, "out"), (4.5, "grip"), (5.5, "up"), (6.0, "up"), (7.0, "grip"), (7.9, "grip_low"), (9.6, "grip_low"), (10.3, "open"), (10.8, "open"), (11.7, "rest"), (12.0, "rest")),
    "L": ((0.0, "rest"), (6.9, "rest"), (7.9, "wave"), (9.5, "wave"), (10.3, "open"), (10.8, "open"), (11.7, "rest"), (12.0, "rest")),
}

# Seconds, then nod, turn (to the person's left), tilt in degrees, gaze turn and gaze nod.
_HEAD = (
    (0.0, 1, 0, 0, 0, 0), (1.2, 3, -5, 1, -7, 6), (2.2, 4, -7, 2, -7, 6), (2.9, 0, -6, 1, -8, 0), (3.6, -1, -11, -2, -10, 2), (4.6, 1, -3, 0, 0, 0),
    (5.6, -3, -6, 2, -6, -6), (6.2, -1, -3, 0, 0, 0), (6.8, 0, -17, -1, 9, 0), (7.1, 0, -17, -1, 10, 0), (7.75, 0, 17, 1, -10, 0), (8.0, 0, 16, 1, -10, 0), (8.6, 0, 1, -3, 0, 0),
    (9.3, 1, 2, -4, 0, 0), (9.75, 7, 1, -1, 0, -6), (10.1, -2, 0, 0, 0, 2), (10.5, 5, 0, 1, 0, -4), (10.9, 0, 0, 1, 0, 0), (12.0, 1, 0, 0, 0, 0),
)  # fmt: skip
_SMILE = ((0.0, 0.55), (2.0, 0.6), (4.5, 0.7), (6.0, 0.75), (8.0, 0.9), (9.5, 1.0), (10.8, 0.8), (12.0, 0.55))
_BLINKS_S = (1.05, 4.3, 6.45, 8.35, 11.2)
_UNITS = "expression/units/caucasian/"
FACE_UNITS = {
    "smile": {"mouth-corner-puller": 0.95, "mouth-upward-retraction": 0.12},
    "cheer": {"eye-left-slit": 0.35, "eye-right-slit": 0.35},
    "lids": {"eye-left-closure": 1.0, "eye-right-closure": 1.0},
    "brows": {"eyebrows-left-up": 0.6, "eyebrows-right-up": 0.6},
}


@dataclass
class Moment:
    """One instant: the posed skeleton, and the strengths of FACE_UNITS."""

    pose: Pose
    face: dict


def ease(u: np.ndarray) -> np.ndarray:
    """0..1 to 0..1 with no speed and no push at both ends."""
    u = np.clip(u, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u * u)


def _soften(track: np.ndarray, seconds: float) -> np.ndarray:
    """Average a periodic track (T,...) under a raised cosine `seconds` wide."""
    half = max(1, int(seconds / LOOP_S * len(track) / 2))
    window = 1 + np.cos(np.pi * np.arange(-half, half + 1) / (half + 1))
    window /= window.sum()
    return sum(w * np.roll(track, k, 0) for w, k in zip(window, range(-half, half + 1)))


def _values(keys: tuple, soft_s: float) -> np.ndarray:
    """Eased numbers (_STEPS, K) from rows of (second, value...)."""
    times, values = np.array([k[0] for k in keys]), np.array([k[1:] for k in keys], float)
    t = np.arange(_STEPS) * LOOP_S / _STEPS
    k = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
    u = ease((t - times[k]) / np.maximum(times[k + 1] - times[k], 1e-9))[:, None]
    return _soften(values[k] * (1 - u) + values[k + 1] * u, soft_s)


class Motion:
    """The visitor's loop; `at(t)` gives any instant of it."""

    def __init__(self, rig: Rig, character: Character):
        self.rig, self.character = rig, character
        self.head_track, self.smile_track = _values(_HEAD, 0.3), _values(_SMILE, 0.5)[:, 0]
        self.still = self._spine(0.0)
        self.arm_bones = {s: [n for n in rig.names if n.endswith("." + s) and n.startswith(tuple(_LAG_S))] for s in SIDES}
        poses = {name: self._solve(name) for name in _POSES}
        self.tracks: dict[str, np.ndarray] = {}
        for s in SIDES:
            for bone in self.arm_bones[s]:
                lag = next(v for k, v in _LAG_S.items() if bone.startswith(k))
                self.tracks[bone] = self._track(KEYS[s], {n: p[bone] for n, p in poses.items()}, lag)

    def _solve(self, name: str) -> dict[str, np.ndarray]:
        """Local rotations as quaternions (4,) of both arms in one pose; arms are mirror twins and solved apart."""
        rig, poser = self.rig, self.character.poser
        heads = self.character.body.heads
        rot, pos = rig.forward(heads, self.still)
        obstacle = Obstacle(rig.skin(poser.trunk, poser.trunk_weights, heads, rot, pos))
        out = {}
        for s in SIDES:
            placed = poser._arm(np.random.default_rng(1), s, _POSES[name](), self.still, {}, obstacle, {})
            if placed is None:
                raise RuntimeError(f"expected the pose {name!r} of arm {s} to be free of the trunk, found none such; move its wrist forward in _POSES")
            rot, _ = rig.forward(heads, *placed)
            for bone in self.arm_bones[s]:
                k = rig.index[bone]
                out[bone] = Rotation.from_matrix(rot[rig.parent[k]].T @ rot[k]).as_quat()
        return out

    def _track(self, keys: tuple, poses: dict, lag_s: float) -> np.ndarray:
        """Quaternions (_STEPS,4) of one bone over the loop."""
        t = np.arange(_STEPS) * LOOP_S / _STEPS
        times = np.array([k[0] for k in keys])
        quats = np.stack([poses[k[1]] for k in keys])
        for k in range(1, len(quats)):
            quats[k] *= np.sign(np.dot(quats[k], quats[k - 1])) or 1
        k = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
        u = ease((t - times[k]) / (times[k + 1] - times[k]))
        start = Rotation.from_quat(quats[k])
        turn = (start.inv() * Rotation.from_quat(quats[k + 1])).as_rotvec()
        q = (start * Rotation.from_rotvec(turn * u[:, None])).as_quat()
        flips = np.cumprod(np.where((q[1:] * q[:-1]).sum(1) < 0, -1.0, 1.0))
        q[1:] *= flips[:, None]
        q = np.roll(q, int(round(lag_s / LOOP_S * _STEPS)), 0)
        q = _soften(q, _SOFT_S)
        return q / np.linalg.norm(q, axis=1, keepdims=True)

    def _spine(self, t: float) -> dict[str, np.ndarray]:
        """Breath, sway, head and gaze at a time (s)."""
        w = 2 * np.pi / LOOP_S
        breath = np.sin(3 * w * t)
        lean = 1.0 + 0.35 * breath + 0.5 * np.sin(w * t + 0.6)
        side = 0.8 * np.sin(w * t) + 0.35 * np.sin(2 * w * t + 1.0)
        twist = 1.2 * np.sin(w * t + 2.0)
        local = {}
        for bone, share in (("spine05", 0.1), ("spine04", 0.2), ("spine03", 0.25), ("spine02", 0.25), ("spine01", 0.2)):
            local[bone] = _euler(lean * share, twist * share, side * share)
        nod, turn, tilt, gaze_turn, gaze_nod = self._sample(self.head_track, t)
        nod, tilt = nod - 0.5 * breath - lean * 0.6, tilt - side * 0.7
        for bone, share in (("neck01", 0.2), ("neck02", 0.2), ("neck03", 0.25), ("head", 0.35)):
            local[bone] = _euler(nod * share, turn * share, tilt * share)
        local["eye.R"] = local["eye.L"] = _euler(gaze_nod, gaze_turn, 0)
        return local

    @staticmethod
    def _sample(track: np.ndarray, t: float) -> np.ndarray:
        x = (t / LOOP_S) % 1.0 * len(track)
        k, u = int(x), x - int(x)
        return track[k % len(track)] * (1 - u) + track[(k + 1) % len(track)] * u

    def at(self, t: float) -> Moment:
        """The visitor at time t (s); periodic in LOOP_S."""
        local = self._spine(t)
        w = 2 * np.pi / LOOP_S
        for bone, track in self.tracks.items():
            q = self._sample(track, t)
            local[bone] = Rotation.from_quat(q / np.linalg.norm(q)).as_matrix()
        for s, sign in (("R", -1.0), ("L", 1.0)):
            rise = 0.7 * np.sin(3 * w * t - 0.3)
            local[f"clavicle.{s}"] = _euler(0, 0, sign * rise) @ local[f"clavicle.{s}"]
        self._wave(local, t)
        rot, pos = self.rig.forward(self.character.body.heads, local)
        pos = pos + np.array([0.006 * np.sin(w * t), 0.0015 * np.sin(3 * w * t), 0.004 * np.sin(2 * w * t)])
        gestures = {s: self._meant(s, t) for s in SIDES}
        return Moment(Pose(rot, pos, gestures, {}, local), self._face(t))

    def _wave(self, local: dict, t: float) -> None:
        """The left forearm and hand swing while that arm waves."""
        start, end = (k[0] for k in KEYS["L"] if k[1] == "wave")
        strength = float(ease(np.array((t % LOOP_S - start + 0.35) / 0.5)) * ease(np.array((end + 0.25 - t % LOOP_S) / 0.5)))
        swing = np.sin(2 * np.pi * _WAVE_HZ * (t % LOOP_S - start)) * strength
        late = np.sin(2 * np.pi * _WAVE_HZ * (t % LOOP_S - start) - 0.6) * strength
        rot, _ = self.rig.forward(self.character.body.heads, local)
        for bone, angle in (("upperarm02.L", swing * _WAVE_DEG * 0.5), ("lowerarm01.L", swing * _WAVE_DEG * 0.6), ("wrist.L", late * _WAVE_DEG * 0.7)):
            k = self.rig.index[bone]
            parent = rot[self.rig.parent[k]]
            about = parent.T @ _euler(0, 0, angle) @ parent
            local[bone] = about @ local[bone]

    @staticmethod
    def _meant(side: str, t: float) -> dict:
        """The name of the nearest key's gesture and its hand shape, for the labels."""
        t = t % LOOP_S
        key = min(KEYS[side], key=lambda k: abs(k[0] - t))
        g = _POSES[key[1]]()
        return {"name": key[1], **g.curls}

    def _face(self, t: float) -> dict:
        t = t % LOOP_S
        smile = float(self._sample(self.smile_track, t))
        blink = max(_blink(t - b) for b in _BLINKS_S)
        return {"smile": smile, "cheer": max(0.0, smile - 0.3), "lids": 0.17 + 0.83 * blink, "brows": 0.12 + 0.3 * max(0.0, smile - 0.6)}

    def collision_m(self, moment: Moment) -> float:
        """How deep an arm lies inside the trunk or the head at one moment (m); 1 when the arms cross each other."""
        rig, poser, heads = self.rig, self.character.poser, self.character.body.heads
        pose = moment.pose
        obstacle = Obstacle(rig.skin(poser.trunk, poser.trunk_weights, heads, pose.rot, pose.pos))
        posed = {s: rig.skin(*poser.arms[s], heads, pose.rot, pose.pos) for s in SIDES}
        if arms_cross(posed["R"], poser._segments(pose.pos, "L")) or arms_cross(posed["L"], poser._segments(pose.pos, "R")):
            return 1.0
        return max(obstacle.penetration(posed[s])[0] for s in SIDES)


def _blink(since_s: float) -> float:
    """Closure 0..1: shut within 70 ms, open again within 150."""
    if since_s < -0.07 or since_s > 0.17:
        return 0.0
    return float(ease(np.array(1 + since_s / 0.07)) if since_s < 0 else 1 - ease(np.array((since_s - 0.02) / 0.15)))


def face_weights(strengths: dict) -> dict[str, float]:
    """Morph targets and their strengths for a moment's face."""
    out: dict[str, float] = {}
    for unit, strength in strengths.items():
        for name, share in FACE_UNITS[unit].items():
            out[_UNITS + name] = out.get(_UNITS + name, 0.0) + share * strength
    return out
