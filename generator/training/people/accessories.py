"""What people wear on their heads: glasses, headphones, beanies, caps. They move with the head bone.

They stand in the pictures as part of what is already there (the head for glasses and headphones, hair for headwear), so
that a drawn crown or pair of glasses meets all of it.
"""

from __future__ import annotations

import numpy as np

from . import pieces as pc
from .body import Body
from .hair import Surface, skull_frame
from .paint import linear
from .rig import Rig


def _rigid(rig: Rig, points: np.ndarray, faces: np.ndarray, color: np.ndarray, part: int) -> pc.Piece:
    weights = np.zeros((len(points), len(rig.names)), np.float32)
    weights[:, rig.index["head"]] = 1
    n = len(faces)
    return pc.Piece(points, weights, faces, np.full(n, part), np.full(n, pc.PLAIN), np.tile(color, (len(points), 1)), np.zeros((n, 3, 2)), np.ones(len(points)), np.zeros(len(points)))


def tube(path: np.ndarray, radius: tuple[float, float], closed: bool, sides: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """A tube along a path (K,3): radius across the path's own normal and along the other one. Points, faces."""
    k = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    up = np.array([0.05, 0.1, 1.0]) if np.abs(ahead[:, 2]).mean() < 0.7 else np.array([0.0, 1.0, 0.0])
    side = np.cross(ahead, up)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, ahead)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = side[:, None] * (np.cos(angle) * radius[0])[None, :, None] + up[:, None] * (np.sin(angle) * radius[1])[None, :, None]
    points = (path[:, None] + ring).reshape(-1, 3)
    faces = []
    for i in range(k if closed else k - 1):
        j = (i + 1) % k
        for a in range(sides):
            b = (a + 1) % sides
            p, q, r, s = i * sides + a, i * sides + b, j * sides + a, j * sides + b
            faces += [(p, q, s), (p, s, r)]
    return points, np.array(faces)


def glasses(rig: Rig, body: Body, rng: np.random.Generator) -> list[pc.Piece]:
    """Two rims, a bridge, two temples; dark lenses sometimes."""
    centre, half = skull_frame(rig, body)
    eye = body.heads[rig.index["eye.L"]]
    front = body.tails[rig.index["eye.L"]]
    z = max(front[2], eye[2] + 0.012) + rng.uniform(-0.018, -0.010)
    wide, tall = rng.uniform(0.022, 0.028), rng.uniform(0.015, 0.024)
    power = rng.uniform(2.0, 4.0)
    thick = rng.uniform(0.0009, 0.0026)
    color = linear((18, 18, 20)) if rng.random() < 0.6 else linear(rng.uniform(20, 200, 3))
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    x, y = wide * np.sign(c) * np.abs(c) ** (2 / power), tall * np.sign(s) * np.abs(s) ** (2 / power)
    out = []
    dark = rng.random() < 0.22
    drop = -0.002
    middle = max(abs(eye[0]), wide + 0.006)
    for sign in (-1, 1):
        at = np.array([sign * middle, eye[1] + drop, z])
        rim = at + np.stack([x, y, -0.10 * np.abs(x) * (x * sign > 0)], 1)
        out.append(_rigid(rig, *tube(rim, (thick, thick), True), color, pc.HEAD))
        ear = np.array([sign * (half + 0.002), eye[1] + 0.004, centre[2] - 0.012])
        hinge = at + [sign * wide, tall * 0.35, -0.10 * wide]
        bend = np.array([sign * max(half + 0.001, middle + wide), hinge[1], hinge[2] - 0.02])
        path = np.stack([hinge, bend, bend * 0.5 + ear * 0.5, ear])
        out.append(_rigid(rig, *tube(path, (thick * 1.1, thick * 1.1), False), color, pc.HEAD))
        if dark:
            fan = np.concatenate([at[None], rim])
            faces = np.array([(0, 1 + k, 1 + (k + 1) % len(rim)) for k in range(len(rim))])
            out.append(_rigid(rig, fan, faces, linear((14, 14, 16)), pc.HEAD))
    inner = middle - wide
    bridge = np.array([[-inner, eye[1] + 0.004, z], [0, eye[1] + 0.007, z + 0.003], [inner, eye[1] + 0.004, z]])
    out.append(_rigid(rig, *tube(bridge, (thick, thick), False), color, pc.HEAD))
    return out


def headphones(rig: Rig, body: Body, rng: np.random.Generator, hair_m: float) -> list[pc.Piece]:
    """A band over the head and two cups on the ears."""
    centre, half = skull_frame(rig, body)
    top = body.base[:13380, 1].max() + hair_m + 0.008
    eye_y = body.heads[rig.index["eye.L"]][1]
    ear = np.array([0, eye_y - 0.015, centre[2] - 0.005])
    color = linear(np.full(3, rng.uniform(12, 50))) if rng.random() < 0.7 else linear(rng.uniform(30, 235, 3))
    side = half + 0.02
    a = np.linspace(-0.12, np.pi + 0.12, 25)
    path = np.stack([side * np.cos(a), ear[1] + 0.01 + (top - ear[1] - 0.01) * np.sin(a), np.full(25, ear[2])], 1)
    out = [_rigid(rig, *tube(path, (0.0045, rng.uniform(0.008, 0.018)), False, 8), color, pc.HEAD)]
    for sign in (-1, 1):
        u, v = np.meshgrid(np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 14, endpoint=False), indexing="ij")
        ball = np.stack([np.cos(u) * 0.019, np.sin(u) * np.cos(v) * 0.040, np.sin(u) * np.sin(v) * 0.034], 2).reshape(-1, 3)
        faces = []
        for i in range(8):
            for j in range(14):
                p, q, r, s = i * 14 + j, i * 14 + (j + 1) % 14, (i + 1) * 14 + j, (i + 1) * 14 + (j + 1) % 14
                faces += [(p, q, s), (p, s, r)]
        out.append(_rigid(rig, ball + ear + [sign * (half + 0.014), 0, 0], np.array(faces), color * 0.8, pc.HEAD))
    return out


def headwear(surface: Surface, rig: Rig, body: Body, rng: np.random.Generator) -> list[pc.Piece]:
    """A beanie, or a cap with a visor."""
    cap = rng.random() < 0.5
    s = surface
    edge = np.interp(s.azimuth, [0, 50, 80, 100, 130, 180], [24, 20, 12, 10, 0, -8] if cap else [20, 16, 8, 6, -12, -24])
    field = s.elevation - edge
    color = linear(rng.uniform(10, 235, 3)) if rng.random() < 0.6 else linear(np.full(3, rng.uniform(12, 60)))
    keep = (field[s.faces] > 0).any(1)
    used, inverse = np.unique(s.faces[keep], return_inverse=True)
    faces = inverse.reshape(-1, 3)
    puff = rng.uniform(0.008, 0.013) + (0.0 if cap else rng.uniform(0, 0.02)) * np.clip(field[used] / 60, 0, 1)
    points = s.points[used] + s.normals[used] * puff[:, None]
    n = len(faces)
    shade = 1 + 0.15 * np.sin(s.azimuth[used] * 0.35)[:, None] * (0 if cap else 1)
    out = [pc.Piece(points, s.weights[used], faces, np.full(n, pc.HAIR), np.full(n, pc.PLAIN), np.tile(color, (len(used), 1)) * shade, np.zeros((n, 3, 2)), field[used] / 10, np.zeros(len(used)))]
    if cap:
        centre, half = skull_frame(rig, body)
        rim = np.abs(field) < 6
        front = s.points[rim & (s.azimuth < 12)]
        if len(front):
            y, z = front[:, 1].mean(), front[:, 2].mean()
            a = np.linspace(-1.25, 1.25, 15)
            inner = np.stack([np.sin(a) * (half + 0.006), np.full(15, y) - 0.012 * np.abs(np.sin(a)) ** 2, z - (1 - np.cos(a)) * half * 1.1], 1)
            reach = rng.uniform(0.05, 0.075)
            outer = inner + np.stack([np.sin(a) * 0.008, np.full(15, -0.02) - 0.012 * np.sin(a) ** 2, reach * np.cos(a * 0.9)], 1)
            points = np.concatenate([inner, outer])
            faces = np.array([f for k in range(14) for f in ((k, k + 1, 15 + k + 1), (k, 15 + k + 1, 15 + k))])
            out.append(_rigid(rig, points, faces, color * 0.85, pc.HAIR))
    return out
