"""Poses made for a mirror: spine, head and two arms by inverse kinematics, rejected where flesh meets flesh.

Flow: `draw_pose` picks a scenario (a gesture per arm), places each wrist, solves the elbow, turns the hand
within what a forearm can do, curls the fingers, and tests the result against the trunk, the head and the
other arm; a bad arm is pushed out or drawn again. Right and left are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import hand
from .body import Body
from .gestures import Gesture, draw_gestures
from .hand import unit
from .obstacle import Obstacle, arm_points, arms_cross
from .rig import Rig, cross, length, partial, rotation, rotation_vector

SIDES = ("R", "L")
_MAX_ELBOW_BEND_DEG = 143.0
_MAX_UPPER_TWIST_DEG = 92.0
_PRONATION_DEG = (-82.0, 88.0)  # supinated .. pronated, from the handshake position
_FLEXION_DEG = (-58.0, 62.0)
_DEVIATION_DEG = (-28.0, 20.0)  # little finger side .. thumb side


@dataclass
class Pose:
    """A posed skeleton: rotations (B,3,3), bone heads (B,3) m, and what was meant."""

    rot: np.ndarray
    pos: np.ndarray
    gestures: dict
    world: dict = field(default_factory=dict)
    local: dict = field(default_factory=dict)


def _minimal(a, b) -> np.ndarray:
    """The smallest rotation that takes direction a to direction b."""
    a, b = unit(a), unit(b)
    axis = cross(a, b)
    sine = length(axis)
    return rotation(axis, np.arctan2(sine, np.dot(a, b))) if sine > 1e-9 else np.eye(3)


def _basis(along, hinge) -> np.ndarray:
    along = unit(along)
    hinge = unit(hinge - along * np.dot(along, hinge))
    return np.stack([along, hinge, cross(along, hinge)], 1)


class Poser:
    """Poses one character."""

    def __init__(self, rig: Rig, body: Body, trunk: np.ndarray, trunk_weights: np.ndarray, arms: dict):
        """trunk (T,3) m: rest points that arms must not enter; arms[side] = (points (A,3), weights (A,B))."""
        self.rig, self.body = rig, body
        self.trunk, self.trunk_weights, self.arms = trunk, trunk_weights, arms
        at = lambda b: body.heads[rig.index[b]]  # noqa: E731
        self.rest = {}
        for s in SIDES:
            shoulder, elbow, wrist = at(f"upperarm01.{s}"), at(f"lowerarm01.{s}"), at(f"wrist.{s}")
            u, f = unit(elbow - shoulder), unit(wrist - elbow)
            self.rest[s] = {"u": u, "f": f, "hinge": unit(cross(u, f)), "a": np.linalg.norm(elbow - shoulder), "b": np.linalg.norm(wrist - elbow)}
            finger, thumb, palm = hand.rest_axes(rig, body.heads, s)
            self.rest[s]["hand"] = hand.frame(finger, palm)
        self.palm_m = float(np.linalg.norm(at("finger3-1.R") - at("wrist.R")))

    def draw(self, rng: np.random.Generator, wanted=None, tries: int = 40, face_yaw_deg: float = 0.0, gesture: str | None = None) -> Pose:
        """A random pose.

        `wanted(rot, pos, hands (2,3)) -> bool` may refuse a plan by its skeleton and where its right and left hand
        would be, before the costly tests (used to steer hands into the picture); after `tries` plans any
        goes. face_yaw_deg is the turn, in the body's terms, that faces the camera; `gesture` names what one arm does.
        """
        for attempt in range(tries + 30):
            refuse = wanted if attempt < tries else None
            pose = self._attempt(rng, refuse, face_yaw_deg, calm=attempt >= tries + 10, gesture=gesture)
            if pose is not None:
                return pose
        raise RuntimeError("expected arms hanging at the sides to be free of the trunk, found none such; check the body's morphs")

    def _attempt(self, rng: np.random.Generator, wanted, face_yaw_deg: float, calm: bool, gesture: str | None = None) -> Pose | None:
        local = self._spine(rng, calm, face_yaw_deg)
        rot, pos = self.rig.forward(self.body.heads, local)
        gestures = draw_gestures(rng, calm, gesture)
        if wanted is not None:
            hands = np.stack([self._planned_hand(gestures[s], s, rot, pos) for s in SIDES])
            if not wanted(rot, pos, hands):
                return None
        obstacle = Obstacle(self.rig.skin(self.trunk, self.trunk_weights, self.body.heads, rot, pos))
        world: dict[str, np.ndarray] = {}
        done = {}
        for s in rng.permutation(list(SIDES)):
            placed = self._arm(rng, str(s), gestures[str(s)], local, world, obstacle, done)
            if placed is None:
                return None
            local, world = placed
            rot, pos = self.rig.forward(self.body.heads, local, world)
            points, weights = self.arms[str(s)]
            done[str(s)] = (self.rig.skin(points, weights, self.body.heads, rot, pos), self._segments(pos, str(s)))
        return Pose(rot, pos, {s: {"name": g.name, **g.curls} for s, g in gestures.items()}, world, local)

    def _wrist(self, g: Gesture, s: str, rot: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """Where a gesture wants its wrist (3,), body space."""
        swing = np.array([-1.0 if s == "R" else 1.0, 1, 1])
        if g.near_head is not None:
            k = self.rig.index["head"]
            return pos[k] + rot[k] @ (g.near_head * swing)
        chest = rot[self.rig.index["spine01"]]
        reach = self.rest[s]["a"] + self.rest[s]["b"]
        if g.meet is not None:  # both hands come together before the chest
            between = 0.5 * (pos[self.rig.index["upperarm01.R"]] + pos[self.rig.index["upperarm01.L"]])
            return between + chest @ (g.meet * reach + g.wrist * swing)
        return pos[self.rig.index[f"upperarm01.{s}"]] + chest @ (g.wrist * swing) * reach

    def _planned_hand(self, g: Gesture, s: str, rot: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """About where the middle of the hand will be (3,): beyond the wrist, away from the elbow's side."""
        wrist = self._wrist(g, s, rot, pos)
        if g.finger is not None:
            swing = np.array([-1.0 if s == "R" else 1.0, 1, 1])
            return wrist + rot[self.rig.index["spine01"]] @ (g.finger * swing) * self.palm_m * 0.7
        return wrist

    def _spine(self, rng: np.random.Generator, calm: bool, face_yaw_deg: float) -> dict[str, np.ndarray]:
        k = 0.3 if calm else 1.0
        local: dict[str, np.ndarray] = {}
        lean, side, twist = rng.normal(2, 5) * k, rng.normal(0, 4) * k, rng.normal(0, 8) * k
        for bone, share in (("spine05", 0.1), ("spine04", 0.2), ("spine03", 0.25), ("spine02", 0.25), ("spine01", 0.2)):
            local[bone] = _euler(lean * share, twist * share, side * share)
        nod, turn, tilt = rng.normal(0, 10), rng.normal(0, 15), rng.normal(0, 6)
        if rng.random() < 0.75:  # people look into the mirror
            turn = turn * 0.5 + face_yaw_deg * rng.uniform(0.5, 1.0)
        elif rng.random() < 0.5:
            turn += rng.choice([-1, 1]) * rng.uniform(15, 35)
        nod, turn, tilt = np.clip(nod, -22, 28), np.clip(turn, -52, 52), np.clip(tilt, -16, 16)
        for bone, share in (("neck01", 0.2), ("neck02", 0.2), ("neck03", 0.25), ("head", 0.35)):
            local[bone] = _euler(nod * share, turn * share, tilt * share)
        gaze = _euler(rng.normal(0, 5) - nod * 0.4, np.clip(rng.normal(0, 8) - turn * 0.5, -28, 28), 0)
        local["eye.R"] = local["eye.L"] = gaze
        step = rng.normal(0, 5) * k
        for s, sign in (("R", 1), ("L", -1)):
            spread = abs(rng.normal(0, 3)) * -sign
            bend = abs(rng.normal(0, 4)) * k
            local[f"upperleg01.{s}"] = _euler(sign * step - bend, 0, spread)
            local[f"lowerleg01.{s}"] = _euler(2 * bend, 0, 0)
        return local

    def _segments(self, pos: np.ndarray, s: str) -> list:
        """Capsules (start, end, radius m) of a posed arm for the test against the other."""
        at = lambda b: pos[self.rig.index[f"{b}.{s}"]]  # noqa: E731
        return [
            (at("upperarm02"), at("lowerarm01"), 0.036),
            (at("lowerarm01"), at("wrist"), 0.031),
            (at("wrist"), at("finger3-1"), 0.019),
            (at("finger2-1"), at("finger5-1"), 0.011),
            (at("finger3-1"), at("finger3-3"), 0.008),
        ]

    def _arm(self, rng, s: str, g: Gesture, local: dict, world: dict, obstacle: Obstacle, done: dict):
        """Local and world rotations with this arm added, or None when nothing fits."""
        sign = -1.0 if s == "R" else 1.0
        rest = self.rest[s]
        push = np.zeros(3)
        fingers = hand.finger_rotations(self.rig, self.body.heads, self.body.tails, s, g.curls)
        for attempt in range(7):
            local2, world2 = dict(local), dict(world)
            swing = np.array([sign, 1, 1])
            target = g.wrist * swing
            raise_deg = np.clip(22 * (target[1] + 0.35), -4, 24) * g.shrug
            forward_deg = np.clip(-g.wrist[0] * 22, -4, 16)
            local2[f"clavicle.{s}"] = rotation([0, 0, 1], np.deg2rad(raise_deg) * sign) @ rotation([0, 1, 0], -np.deg2rad(forward_deg) * sign)
            rot, pos = self.rig.forward(self.body.heads, local2, world2)
            chest = rot[self.rig.index["spine01"]]
            shoulder = pos[self.rig.index[f"upperarm01.{s}"]]
            wrist = self._wrist(g, s, rot, pos) + push
            u, f, hinge = self._elbow(shoulder, wrist, rest, chest @ (g.pole * swing))
            upper = _basis(u, hinge) @ _basis(rest["u"], rest["hinge"]).T
            fore = _basis(f, hinge) @ _basis(rest["f"], rest["hinge"]).T
            carried = rot[self.rig.index[f"shoulder01.{s}"]]
            swung = _minimal(carried @ rest["u"], u) @ carried
            twist = upper @ swung.T
            if np.rad2deg(np.linalg.norm(rotation_vector(twist))) > _MAX_UPPER_TWIST_DEG:
                g = g.with_pole(rng)
                continue
            hand_world = self._hand(s, g, chest, f, hinge)
            turn = _twist_about(hand_world @ fore.T, f)
            world2[f"upperarm01.{s}"] = partial(twist, 0.45) @ swung
            world2[f"upperarm02.{s}"] = partial(twist, 0.9) @ swung
            world2[f"lowerarm01.{s}"] = rotation(f, turn * 0.22) @ fore
            world2[f"lowerarm02.{s}"] = rotation(f, turn * 0.7) @ fore
            world2[f"wrist.{s}"] = hand_world
            local2.update(fingers)
            rot, pos = self.rig.forward(self.body.heads, local2, world2)
            points, weights = self.arms[s]
            posed = self.rig.skin(points, weights, self.body.heads, rot, pos)
            depth, outward = obstacle.penetration(posed)
            if depth > 0.012:
                push = push + outward * (depth + 0.004)
                continue
            if any(arms_cross(posed, segments) or arms_cross(other, self._segments(pos, s)) for other, segments in done.values()):
                push = push + chest @ np.array([0, rng.normal(0, 0.02), 0.03])
                continue
            return local2, world2
        return None

    def _elbow(self, shoulder, wrist, rest, pole):
        """Unit upper arm, unit forearm, hinge axis, for a wrist brought within reach."""
        a, b = rest["a"], rest["b"]
        nearest = np.sqrt(a * a + b * b + 2 * a * b * np.cos(np.deg2rad(_MAX_ELBOW_BEND_DEG)))
        line = wrist - shoulder
        d = np.clip(np.linalg.norm(line), nearest, 0.993 * (a + b))
        line = unit(line)
        along = (a * a - b * b + d * d) / (2 * d)
        out = unit(pole - line * np.dot(line, pole))
        elbow = line * along + out * np.sqrt(max(a * a - along * along, 0))
        u, f = unit(elbow), unit(line * d - elbow)
        return u, f, unit(cross(u, f))

    def _hand(self, s: str, g: Gesture, chest, f, hinge) -> np.ndarray:
        """The hand's world rotation: as close to the wished palm and finger direction as a wrist allows."""
        sign = -1.0 if s == "R" else 1.0
        handshake = hinge * sign  # palm towards the body's midline
        handshake = unit(handshake - f * np.dot(f, handshake))
        side = cross(f, handshake)
        if g.palm is not None:
            wish = chest @ (g.palm * np.array([sign, 1, 1]))
            angle = np.arctan2(np.dot(wish, side), np.dot(wish, handshake))
        elif g.thumb is not None:
            t = chest @ (g.thumb * np.array([sign, 1, 1]))
            wish = cross(t, f) if s == "R" else cross(f, t)
            angle = np.arctan2(np.dot(wish, side), np.dot(wish, handshake))
        else:
            angle = np.deg2rad(g.pronation_deg) * sign
        low, high = np.deg2rad(_PRONATION_DEG)
        pronation = np.clip(sign * angle, low, high)
        palm = rotation(f, sign * pronation) @ handshake
        flex, deviate = g.flexion_deg, g.deviation_deg
        across = cross(f, palm)  # turning about it bends the fingers towards the palm
        towards_thumb = across if s == "R" else -across
        if g.finger is not None:
            wish = unit(chest @ (g.finger * np.array([sign, 1, 1])))
            flex = np.rad2deg(np.arctan2(np.dot(wish, palm), max(np.dot(wish, f), 0.2)))
            deviate = np.rad2deg(np.arctan2(np.dot(wish, towards_thumb), max(np.dot(wish, f), 0.2)))
        flex, deviate = np.clip(flex, *_FLEXION_DEG), np.clip(deviate, *_DEVIATION_DEG)
        turn = rotation(across, np.deg2rad(flex))
        finger, palm = turn @ f, turn @ palm
        towards_thumb = turn @ towards_thumb
        aside = rotation(cross(finger, towards_thumb), np.deg2rad(deviate))
        return hand.frame(aside @ finger, palm) @ self.rest[s]["hand"].T


def _twist_about(matrix: np.ndarray, axis: np.ndarray) -> float:
    """The angle (rad) by which a rotation turns things about an axis (swing removed)."""
    side = unit(cross(axis, [0.3, 1, 0.2]))
    image = matrix @ side
    straight = _minimal(matrix @ axis, axis) @ image
    return float(np.arctan2(np.dot(cross(side, straight), axis), np.dot(side, straight)))


def _euler(nod_deg: float, turn_deg: float, tilt_deg: float) -> np.ndarray:
    """Forward bend about x, turn to the left about y, tilt about z; degrees."""
    return rotation([0, 1, 0], np.deg2rad(turn_deg)) @ rotation([1, 0, 0], np.deg2rad(nod_deg)) @ rotation([0, 0, 1], np.deg2rad(tilt_deg))
