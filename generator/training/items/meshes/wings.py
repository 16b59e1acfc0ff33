"""Angel's wings: three rows of feathers on a raised arm, in a plane of their own behind each shoulder blade.

Shoulder space as the cape's. One wing is made flat, in (along, h): from the hinge outwards, and up; then hung on both sides, swung
back and lifted by angles that follow `beat` in [-1, 1]. The chart knows those angles, so a beating wing costs the field nothing.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from .solid import Mesh, Model, grid, smoothstep, tube

CENTER = np.array([0.0, -0.34, -0.20])
SWING, SWING_BY = np.deg2rad(20), np.deg2rad(13)  # back from the plane of the shoulders
LIFT, LIFT_BY = np.deg2rad(2), np.deg2rad(7)
DOWN = dict(metal=0.0, rim=0.35)
ARM = np.array([[0.06, -0.10], [0.24, 0.30], [0.50, 0.70], [0.84, 0.93], [1.16, 0.90], [1.34, 0.78]])


def arm(u):
    """(.., 2) points of the bone, u 0 at the root .. 1 at the tip."""
    step = np.r_[0, np.cumsum(np.linalg.norm(np.diff(ARM, axis=0), axis=1))]
    u = np.asarray(u, float) * step[-1]
    return np.stack([PchipInterpolator(step, ARM[:, k])(u) for k in range(2)], -1)


def feather(root, angle, length, half, bend, depth, shade, tip) -> Mesh:
    """A vane along `angle` (radians from outwards, up positive), bent by `bend`; `depth` towards the viewer; `tip` share of the
    length that is drawn in the secondary colour."""
    s = np.linspace(0, 1, 42)
    turned = angle + bend * s**1.4
    step = np.stack([np.cos(turned), np.sin(turned)], -1) * length / (len(s) - 1)
    spine = np.cumsum(step, 0) - step[0] + root
    normal = np.stack([-np.sin(turned), np.cos(turned)], -1)
    w = half * np.clip(s / 0.10, 0.25, 1) ** 0.5 * np.sqrt(np.clip(1 - s**5, 0, 1)) * (0.86 + 0.14 * np.sin(np.pi * s)) + 1e-4
    t = np.linspace(-1, 1, 17)[None]
    flat = spine[:, None] + normal[:, None] * (w[:, None] * t)[..., None]
    out = depth + 0.020 * s[:, None] * 0.4 + 0.030 * half / 0.09 * (1 - t**2) - 0.010 * t
    points = np.concatenate([flat, out[..., None]], -1)
    quill = np.exp(-((t / 0.10) ** 2)) * (1 - s[:, None]) ** 0.5
    barbs = 0.025 * np.cos(2 * np.pi * (9 * s[:, None] + 2.2 * np.abs(t)))
    edge = smoothstep(0.62, 1.0, np.abs(t))
    albedo = shade * (1.02 - 0.26 * edge - 0.07 * quill + barbs) * (0.80 + 0.20 * smoothstep(0.0, 0.5, s))[:, None]
    mask = (1 - tip - s[:, None] + 0.05 * t**2) * length
    return grid(points, albedo=albedo, mask=mask, **DOWN)


def row(count, u0, u1, length, half, depth, shade, tip, fan) -> list:
    """Feathers from u0 to u1 of the arm, the outer ones further from the viewer; `length` is a function of u."""
    parts = []
    for k in range(count):
        u = u0 + (u1 - u0) * k / (count - 1)
        angle = np.deg2rad(fan[0] + (fan[1] - fan[0]) * u**1.25)
        parts.append(feather(arm(u), angle, length(u), half, np.deg2rad(-16 + 26 * u), depth - 0.0025 * k, shade + 0.02 * np.sin(2.4 * k), tip))
    return parts


def one() -> Mesh:
    long = lambda u: 0.62 + 0.50 * np.sin(np.pi * np.clip(0.12 + 0.66 * u, 0, 1)) ** 1.5 - 0.14 * smoothstep(0.8, 1.0, u)
    parts = row(15, 0.10, 1.0, long, 0.092, 0.0, 1.15, 0.13, (-104, -22))
    parts += row(13, 0.08, 0.97, lambda u: 0.58 * long(u), 0.088, 0.040, 1.18, 0.10, (-100, -26))
    parts += row(13, 0.06, 0.95, lambda u: 0.33 * long(u), 0.080, 0.078, 1.20, 0.0, (-96, -30))
    u = np.linspace(0, 1, 80)
    path = np.concatenate([arm(u), np.full((80, 1), 0.092)], -1)
    parts.append(tube(path, 0.062 * (1 - 0.55 * u) + 0.012 * np.sin(np.pi * u), cols=24, albedo=1.18, mask=1.0, **DOWN))
    return Mesh.merge(parts)


def hung(wing: Mesh, side: int, beat: float) -> Mesh:
    s, r = SWING + SWING_BY * beat, LIFT + LIFT_BY * beat
    lift = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    swing = np.array([[side * np.cos(s), 0, side * np.sin(s)], [0, 1, 0], [-np.sin(s), 0, np.cos(s)]])
    return wing.moved(swing @ lift, CENTER)


def build(beat: float) -> dict:
    wing = one()
    return {"wings": Model(Mesh.merge([hung(wing, 1, beat), hung(wing, -1, beat)]), ao_strength=0.6)}
