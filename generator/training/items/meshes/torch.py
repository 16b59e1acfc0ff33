"""A torch: tapered wooden handle, iron basket, and a living flame that rises wherever the torch points.

Mesh space: x along the torch (0 at the hand, towards the flame), y across (counter-clockwise from x), z towards the viewer;
unit: the length of a sword. `angle` (radians from picture-right, counter-clockwise): how the torch is held; the flame goes round
one loop with (phase_cos, phase_sin).
"""

import numpy as np

from .solid import Mesh, Model, grid, revolved, smoothstep, sphere, tube

BUTT, BASKET, LIP = -0.26, 0.20, 0.335
ROOT = 0.275  # where the flame begins
WOOD = dict(metal=0.0, rim=0.12, mask=-1.0)
IRON = dict(metal=1.0, mask=-1.0, albedo=0.85)


def handle() -> list:
    x = np.linspace(BUTT, BASKET + 0.02, 120)[:, None]
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)[None]
    radius = 0.023 + 0.013 * smoothstep(BUTT, BASKET, x) + 0.0012 * np.cos(6 * turn + 9 * x)
    points = np.stack([x * np.ones_like(turn), radius * np.cos(turn), radius * np.sin(turn)], -1)
    grain = 0.80 + 0.12 * np.cos(6 * turn + 9 * x) + 0.06 * np.cos(2 * turn - 21 * x)
    band = lambda at, r, half=0.010: revolved([(at - half, r), (at - half, r + 0.006), (at + half, r + 0.006), (at + half, r)], **IRON)
    butt = revolved([(BUTT - 0.030, 0.0005), (BUTT - 0.028, 0.012), (BUTT - 0.012, 0.028), (BUTT + 0.012, 0.029), (BUTT + 0.016, 0.022)], **IRON)
    leather = []
    for at in np.linspace(-0.085, 0.085, 6):
        leather.append(revolved([(at - 0.017, 0.029), (at - 0.011, 0.0345), (at, 0.0360), (at + 0.011, 0.0345), (at + 0.017, 0.029)], albedo=0.55, **WOOD))
    return [grid(points, wrap=(False, True), flip=True, albedo=grain, **WOOD), butt, band(-0.115, 0.027), band(0.115, 0.030), *leather]


def widths(x):
    """Radius of the basket."""
    s = (x - BASKET) / (LIP - BASKET)
    return 0.036 + 0.050 * np.sin(np.pi * np.clip(s, 0, 1) * 0.62)


def basket() -> list:
    parts = [revolved([(BASKET - 0.03, 0.032), (BASKET - 0.028, 0.042), (BASKET + 0.012, 0.046), (BASKET + 0.016, 0.034)], **IRON)]
    # pitch and rags within, glowing at the top
    t = np.linspace(0, 1, 40)[:, None]
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)[None]
    x = BASKET + (LIP + 0.01 - BASKET) * t
    r = 0.90 * widths(x) * (1 - 0.75 * smoothstep(0.86, 1.0, t)) + 0.003 * np.cos(5 * turn + 26 * t)
    points = np.stack([x * np.ones_like(turn), r * np.cos(turn), r * np.sin(turn)], -1)
    ember = smoothstep(0.25, 0.95, t) * (0.8 + 0.2 * np.cos(5 * turn + 26 * t))
    parts.append(grid(points, wrap=(False, True), flip=True, mask=1.0, metal=3.0, albedo=0.12 + 0.75 * ember, rim=0.0))
    x = np.linspace(BASKET, LIP + 0.02, 40)
    for k in range(8):
        a = 2 * np.pi * (k + 0.5) / 8
        path = np.stack([x, (widths(x) + 0.002) * np.cos(a), (widths(x) + 0.002) * np.sin(a)], -1)
        parts.append(tube(path, 0.0085, cols=10, **IRON))
        parts.append(sphere(path[-1], 0.0125, rows=9, cols=14, **IRON))
    circle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    for at in (BASKET + 0.055, LIP - 0.008):
        r = float(widths(np.array(at))) + 0.005
        parts.append(tube(np.stack([np.full(90, at), r * np.cos(circle), r * np.sin(circle)], -1), 0.0095, cols=12, closed=True, **IRON))
    return parts


def tongue(lean, phase, *, length, breadth, side=0.0, start=0.0, lag=0.0, sway=0.05, z=0.0, heat=0.0) -> Mesh:
    """One flat tongue of flame. `lean`: angle from the torch to straight up; `heat`: 0 the outer flame .. 1 its core."""
    s = np.linspace(0, 1, 70)
    turned = lean * smoothstep(0.0, 0.75, s) * 0.95
    stretch = length * (1 + 0.09 * np.sin(phase + lag))
    step = np.stack([np.cos(turned), np.sin(turned)], -1) * stretch / (len(s) - 1)
    line = np.cumsum(step, 0) - step[0] + [ROOT + start, side]
    normal = np.stack([-np.sin(turned), np.cos(turned)], -1)
    wave = sway * (s**1.3) * np.sin(2 * np.pi * 0.85 * s - phase + lag) + 0.35 * sway * s * np.sin(2 * np.pi * 1.7 * s - phase + 2.1 + lag)
    line = line + normal * wave[:, None]
    half = breadth * np.sin(np.pi * np.clip(0.07 + 0.93 * s, 0, 1) ** 0.70) ** 1.15 * (1 - s) ** 0.35 + 1e-4
    t = np.linspace(-1, 1, 31)[None]
    flat = line[:, None] + normal[:, None] * (half[:, None] * t)[..., None]
    points = np.concatenate([flat, np.full((*flat.shape[:2], 1), z)], -1)
    inner = (1 - t**2) * (1 - 0.55 * s[:, None])
    albedo = np.clip(0.80 + 0.45 * heat + (0.45 - 0.1 * heat) * inner, 0, 1.5)
    white = np.clip(0.04 + 0.40 * heat * (0.35 + inner) + 0.10 * inner * (1 - s[:, None]), 0, 1)
    return grid(points, mask=1.0, metal=3.0, albedo=albedo, rim=white, flip=True)


def flame(angle, phase_cos, phase_sin) -> list:
    lean, phase = 0.5 * np.pi - angle, np.arctan2(phase_sin, phase_cos)
    return [
        tongue(lean, phase, length=0.56, breadth=0.125, z=-0.004),
        tongue(lean, phase, length=0.40, breadth=0.070, side=0.055, lag=1.9, sway=0.045, z=-0.003),
        tongue(lean, phase, length=0.36, breadth=0.070, side=-0.058, lag=4.0, sway=0.045, z=-0.002),
        tongue(lean, phase, length=0.40, breadth=0.083, lag=0.4, sway=0.038, z=0.095, heat=0.45),
        tongue(lean, phase, length=0.25, breadth=0.052, start=0.01, lag=0.8, sway=0.026, z=0.100, heat=1.0),
    ]


def build(angle: float, phase_cos: float, phase_sin: float) -> dict:
    return {"torch": Model(Mesh.merge(handle() + basket() + flame(angle, phase_cos, phase_sin)), ao_strength=0.7)}
