"""A heater shield that faces the viewer: curved field with a compass star, metal rim with rivets, boss.

Mesh space: x up the shield, y to the left, z towards the viewer; origin at the fist behind it; unit: head width. Formulas below
are written with X to the right and Y up, and turned at the end.
"""

import numpy as np

from .solid import Mesh, Model, grid, revolved, smoothstep, sphere, tube, upright

TOP, POINT, HALF = 0.92, -1.28, 0.92  # upper edge, lower point, half the width
METAL = dict(metal=1.0, mask=-1.0)


def half_width(y):
    """Straight sides, then two arcs that meet in the point."""
    t = np.clip((0.30 - y) / (0.30 - POINT), 0, 1)
    return HALF * np.sqrt(np.clip(1 - t**2.1, 0, 1))


def brow(x):
    """Height of the upper edge over x in -1..1 of the half width: two shallow bows, ears at the corners."""
    return TOP + 0.075 * np.abs(x) ** 3 - 0.05 * np.cos(np.pi * np.clip(x, -1, 1)) ** 2 * 0.6


def bulge(x, y):
    return 0.34 * (1 - (x / 1.05) ** 2) + 0.06 * (1 - (y / 1.3) ** 2)


def at(s, t):
    """Surface point: s -1..1 from side to side, t 0..1 from the point to the upper edge."""
    low = POINT + 1e-3
    y = low + (brow(s) - low) * t
    x = s * half_width(y)
    return np.stack([x, y, bulge(x, y)], -1)


def star(x, y):
    """> 0 off the compass star (drawn in the own colour), < 0 on it."""
    y = y - 0.02
    angle, r = np.arctan2(x, y), np.hypot(x, y)
    spoke = np.abs((angle * 8 / (2 * np.pi) + 0.5) % 1 - 0.5) * 2  # 0 on a ray, 1 between two
    long = np.cos(2 * angle) ** 2 > 0.5
    tip = np.where(long, 0.66, 0.42)
    edge = 0.26 + (tip - 0.26) * np.clip(1 - spoke * 1.15, 0, 1) ** 1.4
    return r - edge, spoke


def face() -> list:
    s = np.linspace(-1, 1, 340)[None]
    t = np.linspace(0, 1, 400)[:, None]
    ss, tt = np.broadcast_arrays(s, t)
    points = at(ss, tt)
    x, y = points[..., 0], points[..., 1]
    off, spoke = star(x, y)
    # the rays are ridged: one flank of each is darker
    flank = np.where(np.sin(np.arctan2(x, y - 0.02) * 8) > 0, 0.80, 1.12)
    quarter = np.where((x > 0) ^ (y > 0.02), 0.74, 1.0)
    border = smoothstep(0.155, 0.165, half_width(y) - np.abs(x)) * smoothstep(0.155, 0.165, brow(ss) - y)
    albedo = np.where(off < 0, flank, quarter * (0.80 + 0.20 * border))
    return [grid(points, albedo=albedo, mask=off, metal=np.where(off < 0, 0.75, 0.38), rim=0.0, flip=False)]


def edge_path(count=420):
    t = np.linspace(0, 1, count)
    right, left = at(np.ones(count), t), at(-np.ones(count), t)
    top = at(np.linspace(1, -1, 160), np.ones(160))
    whole = np.concatenate([right, top[1:-1], left[::-1][:-1]])
    step = np.r_[0, np.cumsum(np.linalg.norm(np.diff(whole, axis=0), axis=1))]
    even = np.linspace(0, step[-1], 520, endpoint=False)
    return np.stack([np.interp(even, step, whole[:, k]) for k in range(3)], -1)


def rim() -> list:
    path = edge_path()
    inner = path * [0.935, 0.945, 1.0] + [0, -0.005, 0.03]
    parts = [tube(path, 0.058, cols=20, closed=True, albedo=1.0, **METAL), tube(inner, 0.036, cols=16, closed=True, albedo=0.86, **METAL)]
    for k in range(18):
        place = path[int((k + 0.5) * len(path) / 18) % len(path)] * [0.955, 0.965, 1.0] + [0, 0, 0.065]
        parts.append(sphere(place, (0.036, 0.036, 0.026), rows=11, cols=18, albedo=1.12, **METAL))
    return parts


def boss() -> list:
    z = float(bulge(0.0, 0.02))
    dome = [(z - 0.02, 0.255), (z + 0.012, 0.250), (z + 0.022, 0.205), (z + 0.030, 0.165), (z + 0.085, 0.150), (z + 0.135, 0.110), (z + 0.160, 0.055), (z + 0.165, 0.001)]
    turned = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])  # the axis of revolution towards the viewer
    parts = [revolved(dome, albedo=1.0, **METAL).moved(turned, (0, 0.02, 0))]
    for k in range(8):
        a = 2 * np.pi * k / 8
        parts.append(sphere((0.222 * np.sin(a), 0.02 + 0.222 * np.cos(a), z + 0.022), (0.022, 0.022, 0.018), rows=9, cols=14, albedo=1.1, **METAL))
    parts.append(sphere((0, 0.02, z + 0.150), (0.062, 0.062, 0.045), rows=15, cols=28, mask=1.0, metal=2.0, albedo=1.25))
    return parts


def build() -> dict:
    return {"shield": Model(upright(Mesh.merge(face() + rim() + boss())), ao_strength=0.8)}
