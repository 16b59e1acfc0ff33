"""Where a vertex of the base mesh lies on the body: shares of arm, hand, head, leg; positions along the limbs.

Clothes are cut and painted in these coordinates, and faces get their body part from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import pieces as pc
from .body import Body
from .rig import Rig

_GROUPS = {
    "arm_r": ("upperarm01.R", "upperarm02.R", "lowerarm01.R", "lowerarm02.R"),
    "arm_l": ("upperarm01.L", "upperarm02.L", "lowerarm01.L", "lowerarm02.L"),
    "head": ("neck01", "neck02", "neck03", "head", "jaw", "eye.L", "eye.R"),
    "legs": ("upperleg", "lowerleg", "foot"),
}


@dataclass
class Regions:
    """Shares (V,) in 0..1 and limb coordinates in metres, for any vertices with bone weights (V,B)."""

    share: dict[str, np.ndarray]  # arm_r, hand_r, arm_l, hand_l, head, legs, trunk

    def face_parts(self, faces: np.ndarray) -> np.ndarray:
        """The stored body part (F,) of each face."""
        order = (("head", pc.HEAD), ("trunk", pc.TRUNK), ("arm_r", pc.ARM_R), ("hand_r", pc.HAND_R), ("arm_l", pc.ARM_L), ("hand_l", pc.HAND_L), ("legs", pc.LEGS))
        table = np.stack([self.share[n][faces].mean(1) for n, _ in order], 1)
        return np.array([p for _, p in order])[table.argmax(1)]


def make_regions(rig: Rig, weights: np.ndarray) -> Regions:
    share = {}
    for name, bones in _GROUPS.items():
        columns = [k for k, n in enumerate(rig.names) if n.startswith(bones)]
        share[name] = weights[:, columns].sum(1)
    for s in "RL":
        columns = [k for k, n in enumerate(rig.names) if n.endswith("." + s) and n.startswith(("wrist", "finger", "metacarpal"))]
        share[f"hand_{s.lower()}"] = weights[:, columns].sum(1)
    share["trunk"] = np.clip(1 - sum(share.values()), 0, 1)
    return Regions(share)


def arm_position(rig: Rig, body: Body, points: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Along an arm: t (V,) 0 at the shoulder joint, 1 at the elbow, 2 at the wrist; angle (V,) rad round the axis."""
    at = lambda b: body.heads[rig.index[f"{b}.{side}"]]  # noqa: E731
    shoulder, elbow, wrist = at("upperarm01"), at("lowerarm01"), at("wrist")
    upper, fore = elbow - shoulder, wrist - elbow
    t_upper = (points - shoulder) @ upper / (upper @ upper)
    t_fore = (points - elbow) @ fore / (fore @ fore)
    middle = upper / np.linalg.norm(upper) + fore / np.linalg.norm(fore)
    beyond = (points - elbow) @ middle > 0
    t = np.where(beyond, 1 + np.maximum(t_fore, 0), np.minimum(t_upper, 1))
    axis = np.where(beyond[:, None], fore / np.linalg.norm(fore), upper / np.linalg.norm(upper))
    start = np.where(beyond[:, None], elbow, shoulder)
    around = points - start - axis * ((points - start) * axis).sum(1, keepdims=True)
    front = np.array([0.0, 0.0, 1.0]) - axis * axis[:, 2:3]
    up = np.cross(axis, front)
    return t, np.arctan2((around * up).sum(1), (around * front).sum(1))


def pattern_coordinates(rig: Rig, body: Body, points: np.ndarray, faces: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texture coordinates (F,3,2) in metres and texture layer (F,): trunk 0, sleeves 1, legs 2.

    Trunk: round the body (0 in front) and height above the shoulder line; limbs: round and along the limb.
    """
    tex = np.zeros((*faces.shape, 2))
    layer = np.zeros(len(faces), int)
    shoulder_y = body.heads[rig.index["upperarm01.R"]][1]
    trunk_z = body.heads[rig.index["spine02"]][2] - 0.01
    radius = 0.155
    theta = np.arctan2(points[:, 0], points[:, 2] - trunk_z)
    tex[...] = np.stack([theta * radius, points[:, 1] - shoulder_y], 1)[faces]
    period = np.full(len(faces), 2 * np.pi * radius)
    for side, parts in (("R", (pc.ARM_R, pc.HAND_R)), ("L", (pc.ARM_L, pc.HAND_L))):
        t, angle = arm_position(rig, body, points, side)
        chosen = np.isin(part, parts)
        tex[chosen] = np.stack([angle * 0.055, -t * 0.27], 1)[faces[chosen]]
        layer[chosen] = 1
        period[chosen] = 2 * np.pi * 0.055
    legs = part == pc.LEGS
    sign = np.where(points[:, 0] > 0, 1.0, -1.0)
    centre = np.abs(body.heads[rig.index["lowerleg01.L"]][0]) * sign
    angle = np.arctan2(points[:, 0] - centre, points[:, 2])
    tex[legs] = np.stack([angle * 0.09, points[:, 1] - shoulder_y], 1)[faces[legs]]
    layer[legs] = 2
    period[legs] = 2 * np.pi * 0.09
    low, high = tex[..., 0].min(1), tex[..., 0].max(1)
    seam = (high - low) > period / 2
    tex[seam, :, 0] += np.where(tex[seam, :, 0] < 0, period[seam, None], 0)
    return tex, layer
