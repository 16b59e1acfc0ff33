"""A Venetian half mask: wings swept up at the temples, eye holes, gold trim and scrolls, a gem on the forehead.

Head space (see head.py and face.py); the mask follows the face a few hundredths in front of the skin.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from . import face
from .cut import cut
from .solid import Mesh, Model, grid, smoothstep, sphere, tube

# Outline over the angle round the head: upper and lower edge meet in the wing's tip.
ANGLE = np.array([0.0, 0.12, 0.34, 0.60, 0.85, 1.05, 1.20])
UPPER = np.array([0.165, 0.110, 0.115, 0.145, 0.200, 0.275, 0.36])
LOWER = np.array([-0.415, -0.385, -0.345, -0.320, -0.205, 0.03, 0.36])
HOLE = np.array([0.122, 0.076])  # half axes of an eye hole
TRIM = 0.021


def edges(theta):
    """Heights of the lower and upper edge at angles round the head."""
    a = np.clip(np.abs(theta), 0, ANGLE[-1])
    return PchipInterpolator(ANGLE, LOWER)(a), PchipInterpolator(ANGLE, UPPER)(a)


def surface(theta, y, out=0.0):
    """Points of the leather; towards the wing tips it stands off the head."""
    theta, y, out = np.broadcast_arrays(np.asarray(theta, float), np.asarray(y, float), out)
    lift = 0.040 + 0.13 * smoothstep(0.75, 1.20, np.abs(theta)) ** 1.5
    brow = 0.022 * np.exp(-(((y + 0.02) / 0.06) ** 2)) * smoothstep(0.02, 0.2, np.abs(theta))
    points = face.skin(theta, y, lift + brow + out, nose_width=0.105)
    return points + [0.0, 0.0, 0.02]


def hole(x, y):
    """> 0 outside the eye holes, in units; almonds, raised at the outer corner."""
    u, v = np.abs(x) - face.EYE[0], y - face.EYE[1] + 0.004
    v = v - 0.16 * u - 1.2 * u**2 * 0.5
    r = np.hypot(u / HOLE[0], v / HOLE[1] * (1 + 0.9 * (u / HOLE[0]) ** 2 * 0.5))
    return (r - 1) * HOLE[1]


def hole_contour(side, count=120):
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ray = np.stack([np.cos(turn) * HOLE[0], np.sin(turn) * HOLE[1]], -1)
    low, high = np.zeros(count), np.full(count, 2.0)
    middle = np.array([face.EYE[0], face.EYE[1] - 0.004])
    for _ in range(30):
        half = 0.5 * (low + high)
        at = middle + ray * half[:, None]
        inside = hole(at[:, 0], at[:, 1]) < 0
        low, high = np.where(inside, half, low), np.where(inside, high, half)
    at = middle + ray * low[:, None]
    return at * [side, 1]


def on_surface(x, y, out):
    """Points of the mask above picture positions x, y (the angle is found by iteration)."""
    theta = np.asarray(x, float) / 0.72
    for _ in range(25):
        theta = theta + (x - surface(theta, y, out)[..., 0]) / 0.75
    return surface(theta, y, out)


def leather() -> Mesh:
    theta = np.linspace(-1.22, 1.22, 420)[None]
    y = np.linspace(-0.43, 0.38, 220)[:, None]
    th, yy = np.broadcast_arrays(theta, y)
    points = surface(th, yy)
    low, high = edges(th)
    shade = 0.95 + 0.12 * np.cos(9 * th) * np.cos(30 * yy) * smoothstep(0.1, 0.3, np.abs(th))
    mesh = grid(points, flip=True, albedo=shade, mask=1.0, metal=0.28, rim=0.25)
    inside = np.minimum(np.minimum(yy - low, high - yy), hole(points[..., 0], yy))
    return cut(mesh, inside.reshape(-1))


def scroll(side, out=0.014) -> list:
    """A gold curl over the brow: rises from the gem, follows the upper edge and rolls in under the wing."""
    gold = dict(mask=-1.0, metal=1.0, albedo=1.1)
    middle, size, turns = np.array([0.435, 0.055]), 0.060, 1.45
    t = np.linspace(0, 1, 80)
    angle = 0.60 * np.pi - 2 * np.pi * turns * t
    curl = middle + (size * (1 - 0.78 * t))[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    lead = np.linspace(0, 1, 40)[:-1, None]
    start = np.array([0.065, 0.030])
    stem = start + (curl[0] - start) * lead + np.stack([0 * lead[:, 0], -0.045 * np.sin(np.pi * lead[:, 0]) * (1 - 0.4 * lead[:, 0])], -1)
    line = np.concatenate([stem, curl])
    path = on_surface(side * line[:, 0], line[:, 1], out)
    return [tube(path, np.linspace(0.020, 0.013, len(path)), cols=12, **gold), sphere(path[-1], 0.020, **gold)]


def build() -> dict:
    gold = dict(mask=-1.0, metal=1.0, albedo=1.1)
    theta = np.concatenate([np.linspace(-ANGLE[-1], ANGLE[-1], 260)])
    low, high = edges(theta)
    ring = np.concatenate([surface(theta, high, 0.0), surface(theta, low, 0.0)[::-1][1:-1]])
    parts = [leather(), tube(ring, TRIM, closed=True, **gold)]
    for side in (1, -1):
        at = hole_contour(side)
        parts.append(tube(on_surface(at[:, 0], at[:, 1], 0.0), 0.0165, closed=True, **gold))
        parts.append(sphere(surface(side * ANGLE[-1], UPPER[-1], 0.0) + [0, 0.01, 0], 0.036, **gold))
        parts += scroll(side)
    stone = surface(0.0, 0.085, 0.012)
    parts += [
        sphere(stone - [0, 0, 0.004], (0.060, 0.076, 0.024), rows=25, **gold),
        sphere(stone + [0, 0, 0.010], (0.042, 0.058, 0.030), rows=25, mask=1.0, metal=2.0, albedo=1.5),
    ]
    return {"mask": Model(Mesh.merge(parts), face.occluders(), ao_strength=0.5)}
