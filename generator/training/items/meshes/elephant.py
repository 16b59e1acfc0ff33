"""A small flying elephant, seen from its right front quarter: round body, big head, curled trunk, ears that are its wings.

Mesh space: x up, y to the left, z towards the viewer; origin in the middle of the body; unit: head width. Formulas below are
written with X to the right, where the elephant looks, and Y up, and turned at the end. `flap` in [-1, 1]: 1 ears up.
"""

import numpy as np

from .solid import Mesh, Model, grid, revolved, smoothstep, sphere, tube, upright

SKIN = dict(metal=0.0, rim=0.30, mask=1.0)
PINK = dict(metal=0.0, rim=0.30, mask=-1.0)
HEAD, HEAD_R = np.array([0.52, 0.20, 0.30]), np.array([0.42, 0.40, 0.38])
TURN_DEG = 21.0  # towards the viewer from the profile


def body() -> list:
    parts = [
        sphere((-0.18, -0.08, 0.0), (0.56, 0.44, 0.42), rows=60, cols=90, albedo=1.0, **SKIN),
        sphere((0.16, 0.02, 0.10), (0.34, 0.36, 0.34), rows=40, cols=60, albedo=1.0, **SKIN),
    ]
    for x, z, swing in ((0.12, 0.20, 0.16), (0.20, -0.20, 0.24), (-0.46, 0.20, -0.22), (-0.40, -0.20, -0.10)):
        foot = np.array([x + swing, -0.62, z * 1.05])
        s = np.linspace(0, 1, 40)[:, None]
        path = np.array([x, -0.20, z]) * (1 - s) + foot * s
        radius = 0.165 - 0.025 * np.sin(np.pi * s[:, 0]) + 0.012 * s[:, 0]
        parts.append(tube(path, radius, cols=40, albedo=0.97, **SKIN))
        parts.append(sphere(foot, (0.152, 0.062, 0.150), rows=25, cols=48, albedo=0.97, **SKIN))
        for k in (-1, 0, 1):  # toenails
            a = np.deg2rad(70 - 90 + 48 * k + 62)
            nail = foot + [0.150 * np.cos(a - 0.9), -0.004, 0.150 * np.sin(a + 0.25)]
            parts.append(sphere(nail, (0.046, 0.042, 0.040), rows=13, cols=20, albedo=1.18, **PINK))
    t = np.linspace(0, 1, 40)
    tail = np.stack([-0.70 - 0.17 * t, 0.06 + 0.17 * np.sin(2.2 * t), 0.02 + 0 * t], -1)
    parts += [tube(tail, 0.036 * (1 - 0.5 * t), cols=16, albedo=1.0, **SKIN), sphere(tail[-1] + [-0.02, 0.03, 0], (0.055, 0.075, 0.055), albedo=0.75, **PINK)]
    return parts


def blanket() -> list:
    """A little saddle cloth with a border and tassels, in the secondary colour."""
    lon = np.linspace(-0.34, 0.34, 80)[None]
    a = np.linspace(-np.pi * 0.40, np.pi * 0.40, 120)[:, None]
    x = -0.20 + lon + 0 * a
    swell = np.sqrt(np.clip(1 - ((x + 0.18) / 0.575) ** 2, 0, 1))
    points = np.stack([x, -0.08 + 0.46 * swell * np.cos(a), 0.44 * swell * np.sin(a)], -1)
    edge = np.minimum(0.34 - np.abs(lon) + 0 * a, (np.pi * 0.40 - np.abs(a)) * 0.45 + 0 * lon)
    border = (edge > 0.035) & (edge < 0.085)
    parts = [grid(points, albedo=np.where(border, 1.25, 0.88), **PINK)]
    for k in np.linspace(0, 79, 7).astype(int):
        parts.append(sphere(points[-1, k] + [0, -0.03, 0.02], (0.030, 0.045, 0.030), rows=13, cols=20, albedo=1.25, **PINK))
    return parts


def head() -> list:
    parts = [sphere(HEAD, HEAD_R, rows=60, cols=80, albedo=1.0, **SKIN), sphere(HEAD + [0.02, 0.20, 0.02], (0.27, 0.24, 0.28), rows=40, cols=60, albedo=1.0, **SKIN)]
    t = np.linspace(0, 1, 120)
    # down, forward, and up again to a curled tip
    turn = np.deg2rad(-58) + np.deg2rad(200) * smoothstep(0.12, 1.0, t) * t**0.5
    step = np.stack([np.cos(turn), np.sin(turn), 0.02 + 0 * t], -1) * 1.0 / len(t)
    trunk = np.cumsum(step, 0) + HEAD + [0.24, -0.13, 0.16]
    radius = 0.155 * (1 - t) ** 0.8 + 0.066 + 0.004 * np.sin(2 * np.pi * 9 * t) * (1 - t)
    rings = 1.0 - 0.10 * (np.sin(2 * np.pi * 9 * t) < -0.6)
    parts.append(tube(trunk, radius, cols=40, albedo=rings[:, None], **SKIN))
    parts.append(sphere(trunk[-1], 0.068, rows=21, cols=32, albedo=1.0, **SKIN))
    parts.append(sphere(trunk[-1] + 0.050 * step[-1] / np.linalg.norm(step[-1]), (0.040, 0.040, 0.048), rows=17, cols=24, albedo=0.85, **PINK))
    # cheeks
    parts.append(sphere(on_head(42, -14, 0.985), (0.085, 0.062, 0.045), rows=17, cols=28, albedo=1.05, **PINK))
    # tusks, almost white in any colour
    for side in (0.15, -0.17):
        s = np.linspace(0, 1, 40)
        path = HEAD + np.stack([0.27 + 0.20 * s, -0.22 - 0.10 * s + 0.12 * s**2, side + 0.05 + 0.05 * s], -1)
        parts.append(tube(path, 0.042 * (1 - s) ** 0.5 + 0.008, cols=18, metal=3.0, mask=1.0, albedo=0.35, rim=0.60))
    return parts


def on_head(lon_deg, lat_deg, scale=1.0):
    """Point of the head: longitude from where it looks (X) towards the viewer's side (Z), latitude up."""
    lon, lat = np.deg2rad(lon_deg), np.deg2rad(lat_deg)
    return HEAD + HEAD_R * scale * np.array([np.cos(lat) * np.cos(lon), np.sin(lat), np.cos(lat) * np.sin(lon)])


def eyes() -> list:
    parts = []
    for lon in (30, -28):
        at = on_head(lon, 14, 0.96)
        out = (at - HEAD) / np.linalg.norm(at - HEAD)
        side = np.cross([0, 1, 0], out)
        side /= np.linalg.norm(side)
        turn = np.stack([side, np.cross(out, side), out], -1)
        dark = dict(mask=1.0, metal=3.0, rim=0.0)
        parts.append(sphere((0, 0, 0), (0.128, 0.156, 0.055), rows=25, cols=40, metal=3.0, mask=1.0, albedo=0.30, rim=0.66).moved(turn, at))
        parts.append(sphere((0.008, -0.006, 0.022), (0.092, 0.118, 0.048), rows=25, cols=40, albedo=0.06, **dark).moved(turn, at))
        # the sparkle is up and to the left in the picture
        parts.append(sphere((-0.022, 0.046, 0.060), (0.038, 0.044, 0.018), rows=13, cols=20, metal=3.0, mask=1.0, albedo=0.2, rim=0.80).moved(turn, at))
        s = np.linspace(-1, 1, 40)
        brow = np.stack([0.125 * s, 0.200 + 0.035 * (1 - s**2), 0.02 - 0.02 * s**2], -1)
        parts.append(tube(brow, 0.017 * (1 - s**2) ** 0.5 + 0.004, cols=12, albedo=0.55, **SKIN).moved(turn, at))
    return parts


def ear(side: int, flap: float) -> list:
    """A scalloped fan that swings about its root behind the cheek; secondary colour within."""
    lift = np.deg2rad((14 if side > 0 else 50) + 32 * flap)
    r = np.linspace(0.0, 1, 60)[:, None]
    a = np.linspace(-1, 1, 140)[None]
    angle = np.deg2rad(118) * a
    reach = (0.66 - 0.36 * np.abs(a) ** 3 - 0.05 * a) * (1 + 0.030 * np.cos(6 * np.pi * a))
    x, y = r * reach * np.cos(angle), r * reach * np.sin(angle) * 1.10
    hollow = 0.10 * np.sin(np.pi * np.clip(r, 0, 1)) + 0.06 * flap * r**2 + 0 * a
    rim = 1 - smoothstep(0.80, 0.86, r + 0.10 * np.abs(a) ** 3)
    mask = np.where(rim > 0.5, -1.0, 1.0) * np.minimum(1, 8 * np.abs(rim - 0.5) + 0.05)
    parts = []
    back = np.stack([x, y, hollow - 0.035], -1)
    front = np.stack([x, y, hollow], -1)
    parts.append(grid(front, albedo=np.where(rim > 0.5, 0.98 - 0.10 * r, 1.0), mask=mask, metal=0.0, rim=0.25))
    parts.append(grid(back, albedo=0.92, flip=True, **SKIN))
    parts.append(tube(front[-1] - [0, 0, 0.017], 0.030, cols=14, albedo=1.0, **SKIN))
    mesh = Mesh.merge(parts)
    # ear axes: out (away from the head, towards the back of the elephant), up, and the face of the ear
    out = np.array([-0.80, 0.0, 0.62 * side]) if side > 0 else np.array([-0.50, 0.0, -0.60])
    out /= np.linalg.norm(out)
    out = out * np.cos(lift) + np.array([0, 1.0, 0]) * np.sin(lift)
    face = np.array([0.66, 0.0, 0.75]) if side > 0 else np.array([0.70, 0.0, 0.60])
    up = np.cross(face, out)
    up /= np.linalg.norm(up)
    face = np.cross(out, up)
    root = HEAD + ([-0.12, 0.10, 0.30] if side > 0 else [-0.08, 0.16, -0.26])
    return [mesh.moved(np.stack([out, up, face], -1), root)]


def build(flap: float) -> dict:
    mesh = Mesh.merge(body() + blanket() + head() + eyes() + ear(1, flap) + ear(-1, flap))
    a = np.deg2rad(TURN_DEG)
    turned = mesh.moved([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    nod = np.deg2rad(9)  # seen a little from below, as what flies is
    turned = turned.moved([[1, 0, 0], [0, np.cos(nod), np.sin(nod)], [0, -np.sin(nod), np.cos(nod)]])
    return {"elephant": Model(upright(turned), ao_strength=0.45)}
