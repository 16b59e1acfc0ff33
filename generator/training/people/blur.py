"""Motion blur of arms: a few moments of one exposure, drawn and averaged in linear light.

The middle moment is the sample's truth for labels; part and depth of a pixel come from it, and where it shows
nothing, from the moment nearest in time.
"""

from __future__ import annotations

import numpy as np

from .pose import Pose
from .rig import Rig, rotation

_LINEAR = (np.arange(256) / 255.0) ** 2.2
_STEP_PX = 3.0
_MOST_MOMENTS = 9
WIDTH = 256


def draw_motion(rng: np.random.Generator, rig: Rig, pose: Pose, view) -> list[tuple[np.ndarray, np.ndarray]]:
    """Skeletons (rot, pos) over one exposure: one or both arms swing about the shoulder or the elbow.

    An odd number; the middle one is the pose itself.
    """
    sides = ["R", "L"] if rng.random() < 0.35 else [str(rng.choice(["R", "L"]))]
    swings = []
    extent_px = 0.0
    for s in sides:
        elbow = rng.random() < 0.6
        axis = rng.normal(0, 1, 3)
        angle = np.deg2rad(rng.uniform(4, 22) * (1.0 if elbow else 0.6))
        swings.append((s, "lowerarm01" if elbow else "upperarm01", axis, angle))
        start, tip = pose.pos[rig.index[f"{swings[-1][1]}.{s}"]], pose.pos[rig.index[f"finger3-1.{s}"]]
        metres = np.linalg.norm(tip - start) * angle
        z = max(0.2, float(view.to_camera(tip[None])[0, 2]))
        extent_px = max(extent_px, metres / z / (2 * view.tan_half_x) * WIDTH)
    half = int(np.clip(np.ceil(extent_px / _STEP_PX / 2), 1, _MOST_MOMENTS // 2))
    return [_moved(rig, pose, swings, k / (2 * half)) for k in range(-half, half + 1)]


def _moved(rig: Rig, pose: Pose, swings: list, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The pose with every swing done by `share` (-0.5..0.5)."""
    rot, pos = pose.rot.copy(), pose.pos.copy()
    for s, start, axis, angle in swings:
        pivot = rig.index[f"{start}.{s}"]
        turn = rotation(axis, angle * share)
        moving = [pivot]
        for k in range(pivot + 1, len(rig.names)):
            if rig.parent[k] in moving:
                moving.append(k)
        pos[moving] = pos[pivot] + (pos[moving] - pos[pivot]) @ turn.T
        rot[moving] = turn @ rot[moving]
    return rot, pos


def expose(moments: list[dict]) -> dict:
    """One picture from the moments' pictures."""
    middle = len(moments) // 2
    if len(moments) == 1:
        return moments[0]
    alpha = np.stack([m["rgba"][..., 3] for m in moments]).astype(np.float32) / 255
    light = np.stack([_LINEAR[m["rgba"][..., :3]] for m in moments]) * alpha[..., None]
    coverage = alpha.mean(0)
    rgb = light.mean(0) / np.maximum(coverage, 1e-6)[..., None]
    out = dict(moments[middle])
    parts, depth = out["parts"].copy(), out["depth"].copy()
    for distance in range(1, middle + 1):
        for k in (middle - distance, middle + distance):
            empty = (parts == 0) & (moments[k]["parts"] > 0)
            parts[empty], depth[empty] = moments[k]["parts"][empty], moments[k]["depth"][empty]
    rgba = np.zeros_like(out["rgba"])
    seen = parts > 0
    rgba[..., :3] = np.where(seen[..., None], np.clip(rgb, 0, 1) ** (1 / 2.2) * 255 + 0.5, 0).astype(np.uint8)
    rgba[..., 3] = np.where(seen, np.clip(np.round(coverage * 255), 1, 255), 0).astype(np.uint8)
    return {**out, "rgba": rgba, "parts": parts, "depth": depth}
