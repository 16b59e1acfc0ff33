"""A wizard's staff: gnarled wood with a shod foot, wound where the hand is, glowing runes, and a crook that holds a gem.

Mesh space: x along the staff (0 at the hand, towards the gem), y across (counter-clockwise from x), z towards the viewer;
unit: the length of a sword. The gem breathes: `glow` in [-1, 1].
"""

import numpy as np

from .solid import Mesh, Model, grid, revolved, smoothstep, sphere, tube

FOOT, NECK = -1.0, 0.40
GEM = np.array([0.610, 0.0, 0.0])
WOOD = dict(metal=0.0, rim=0.15, mask=1.0)
BRONZE = dict(metal=1.0, mask=1.0, albedo=1.5)


def middle(x):
    """The line of the wood: a little crooked below the hand and above it, straight at the hand."""
    bend = smoothstep(0.08, 0.3, np.abs(x))
    return 0.010 * bend * np.sin(7.3 * x + 0.6), 0.008 * bend * np.sin(9.1 * x)


def shaft() -> list:
    x = np.linspace(FOOT, NECK + 0.04, 260)[:, None]
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)[None]
    y, z = middle(x)
    knots = sum(s * np.exp(-(((x - at) / 0.022) ** 2)) * (0.7 + 0.5 * np.cos(turn - a)) for at, s, a in
                ((-0.78, 0.007, 1.2), (-0.52, 0.009, 2.0), (-0.27, 0.006, 0.6), (0.27, 0.009, 1.1)))  # fmt: skip
    radius = 0.0265 + 0.004 * smoothstep(-1.0, 0.4, x) + knots
    ridges = 0.0016 * np.cos(5 * turn + 16 * x)
    r = radius + ridges
    points = np.stack([x * np.ones_like(turn), y + r * np.cos(turn), z + r * np.sin(turn)], -1)
    grain = 0.94 + 0.16 * np.cos(5 * turn + 16 * x) - 3.0 * knots
    return [grid(points, wrap=(False, True), flip=True, albedo=grain, **WOOD)]


def ring(at, radius, half=0.011):
    y, z = (float(v) for v in middle(np.array(at)))
    profile = [(-half, radius), (-half, radius + 0.005), (0.0, radius + 0.010), (half, radius + 0.005), (half, radius)]
    return revolved([(at + a, r) for a, r in profile], **BRONZE).moved(None, (0, y, z))


def foot() -> list:
    y, z = (float(v) for v in middle(np.array(-0.97)))
    profile = [(-1.045, 0.0005), (-1.04, 0.008), (-1.01, 0.022), (-0.99, 0.033), (-0.975, 0.032), (-0.93, 0.032), (-0.915, 0.037), (-0.90, 0.028)]
    return [revolved(profile, **BRONZE).moved(None, (0, y, z))]


def winding() -> list:
    """Leather round the grip."""
    x = np.linspace(-0.105, 0.105, 150)[:, None]
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)[None]
    ridge = np.abs(np.sin(np.pi * (x / 0.035 + turn / (2 * np.pi)))) ** 0.7
    radius = 0.0325 + 0.003 * ridge
    points = np.stack([x * np.ones_like(turn), radius * np.cos(turn), radius * np.sin(turn)], -1)
    return [grid(points, wrap=(False, True), flip=True, albedo=0.30 + 0.30 * ridge, **WOOD), ring(-0.11, 0.030), ring(0.11, 0.030)]


def crook() -> list:
    """One limb of the wood sweeps round the gem and curls over it, a second one holds it from the other side."""
    t = np.linspace(0, 1, 120)
    sweep = np.pi * (-1.02 + 1.42 * t)  # from below, up the left, over the top
    reach = 0.148 - 0.034 * t**2
    limb = np.stack([GEM[0] + reach * 1.15 * np.cos(sweep), -reach * np.sin(sweep), 0.010 * np.sin(np.pi * t)], -1)
    root = np.array([[NECK - 0.02, 0.0, 0.0], [NECK + 0.03, 0.004, 0.0]])
    limb = _eased(np.concatenate([root, limb[6:]]), 150)
    s = np.linspace(0, 1, 150)
    parts = [tube(limb, 0.035 * (1 - s) ** 0.55 + 0.007, cols=20, albedo=0.98 + 0.10 * np.sin(60 * s)[:, None], **WOOD)]
    parts.append(sphere(limb[-1], 0.017, **BRONZE))
    t = np.linspace(0, 1, 60)
    claw = np.stack([NECK + 0.01 + 0.30 * t, -0.005 - 0.122 * np.sin(np.pi * (0.06 + 0.80 * t)), 0.012 + 0.02 * t], -1)
    parts.append(tube(claw, 0.027 * (1 - t) ** 0.6 + 0.005, cols=18, albedo=1.0, **WOOD))
    thorn = np.stack([0.50 - 0.06 * t, 0.115 + 0.06 * t, 0 * t], -1)
    parts.append(tube(thorn, 0.017 * (1 - t) + 0.002, cols=14, albedo=1.0, **WOOD))
    return parts


def _eased(path, count):
    """The path with points at even distances."""
    step = np.r_[0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    at = np.linspace(0, step[-1], count)
    return np.stack([np.interp(at, step, path[:, k]) for k in range(3)], -1)


def gem(glow: float) -> list:
    """A cut stone that shines by itself: bright within, facets towards the rim."""
    lat = np.linspace(-np.pi / 2 + 1e-3, np.pi / 2 - 1e-3, 60)[:, None]
    lon = np.linspace(0, 2 * np.pi, 90, endpoint=False)[None]
    unit = np.stack([np.sin(lat) * np.ones_like(lon), np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon)], -1)
    facets = np.stack([_directions()[k] for k in range(len(_directions()))])
    nearest = (unit.reshape(-1, 3) @ facets.T).max(1).reshape(unit.shape[:2])
    points = GEM + unit * [0.096, 0.074, 0.074]
    heart = np.clip(unit[..., 2], 0, 1) ** 1.6
    cut = smoothstep(0.985, 0.93, nearest)
    lit = np.clip(-0.45 * unit[..., 1] * -1 + 0.7 * unit[..., 0], -1, 1)
    shine = 0.60 + 0.55 * heart + 0.18 * lit - 0.16 * cut * (1 - 0.5 * heart) + 0.16 * glow
    white = (0.10 + 0.06 * glow) * heart + 0.75 * np.exp(-(((unit[..., 0] - 0.42) / 0.20) ** 2 + ((unit[..., 1] - 0.38) / 0.20) ** 2)) * (unit[..., 2] > 0)
    return [grid(points, wrap=(False, True), normals=unit, mask=-1.0, metal=3.0, albedo=np.clip(shine, 0.2, 1.5), rim=np.clip(white, 0, 1))]


def _directions():
    k = np.arange(26) + 0.5
    z, turn = 1 - 2 * k / 26, k * np.pi * (1 + 5**0.5)
    level = np.sqrt(1 - z * z)
    return np.stack([level * np.cos(turn), level * np.sin(turn), z], -1)


def runes(glow: float) -> list:
    """Three signs of light let into the wood above the grip."""
    parts = []
    for at, size in ((0.185, 0.023), (0.255, 0.018), (0.320, 0.023)):
        y, _ = (float(v) for v in middle(np.array(at)))
        t, s = np.linspace(-1, 1, 9)[:, None], np.linspace(-1, 1, 9)[None]
        x = at + 1.35 * size * t + 0 * s
        across = y + 0.72 * size * s * (1 - np.abs(t)) + 0 * t
        points = np.stack([x, across, np.full(x.shape, 0.055)], -1)
        parts.append(grid(points, mask=-1.0, metal=3.0, albedo=1.0 + 0.25 * glow, rim=0.15 + 0.10 * glow, flip=True))
    return parts


def build(glow: float) -> dict:
    collar = [ring(NECK + 0.01, 0.031, 0.016), ring(NECK - 0.035, 0.030, 0.008)]
    mesh = Mesh.merge(shaft() + foot() + winding() + collar + crook() + gem(glow) + runes(glow))
    return {"staff": Model(mesh, ao_strength=0.8)}
