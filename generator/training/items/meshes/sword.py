"""A knightly sword: fullered blade, curved cross-guard with a stone, wrapped grip, pommel.

Mesh space: x along the blade (0 at the hand, 1 at the tip), y across (counter-clockwise from x), z towards the viewer.
Broader than a museum piece so that it reads from two metres.
"""

import numpy as np

from .solid import Mesh, Model, grid, revolved, smoothstep, sphere, tube

BLADE_START, POINT_START = 0.095, 0.80
GRIP = (-0.105, 0.07)
WRAP_PITCH = 0.0356  # units between two turns of the leather; equals the finest wave that the field can draw


def half_width(u):
    straight = 0.0335 - 0.0075 * (u - BLADE_START) / (POINT_START - BLADE_START)
    point = np.clip((u - POINT_START) / (1 - POINT_START), 0, 1)
    return np.minimum(straight, 0.0335 - 0.0075 * np.clip((u - BLADE_START) / (POINT_START - BLADE_START), 0, 1)) * np.sqrt(
        np.clip(1 - point**1.6, 0, 1)
    ) * (1 - 0.25 * point)


def blade() -> list:
    u = np.concatenate([np.linspace(BLADE_START, POINT_START, 90), 1 - (1 - POINT_START) * np.linspace(1, 0.0, 70)[1:] ** 1.5])
    w = half_width(u)[:, None]
    thick = 0.011 * (w / 0.0335)
    fuller = 0.34 * smoothstep(0.70, 0.60, u)[:, None] + 1e-3  # half width of the groove as a share of w
    groove = 0.55 * smoothstep(0.70, 0.60, u)[:, None]
    bevel = 0.80

    def height(s):
        flat = thick * (1 - 0.72 * s)
        edge = thick * (1 - 0.72 * bevel) * (1 - s) / (1 - bevel)
        z = np.where(s < bevel, flat, edge)
        hollow = thick * (1 - 0.72 * fuller) - groove * thick * (1 - (s / fuller) ** 2)
        return np.where(s < fuller, hollow, z)

    parts = []
    wave = 0.10 * np.sin(2 * np.pi * 1.4 * u + 0.6) + 0.05 * np.sin(2 * np.pi * 3.1 * u)
    for face in (1, -1):
        for side in (1, -1):
            for low, high, count, shine in ((0.0, 1.0, 7, 0.86), (1.0, 2.0, 9, 0.98), (2.0, 3.0, 4, 1.10)):
                t = np.linspace(low, high, count)[None]
                # 0..1 the fuller, 1..2 the flat, 2..3 the bevel of the edge
                s = np.where(t <= 1, t * fuller, np.where(t <= 2, fuller + (t - 1) * (bevel - fuller), bevel + (t - 2) * (1 - bevel)))
                inner = np.clip(s, fuller * low if low == 0 else fuller, 1)
                z = height(np.where(t >= 1, np.maximum(inner, fuller + 1e-9), inner))
                points = np.stack([u[:, None] * np.ones_like(s), side * s * w, face * z], -1)
                mesh = grid(points, metal=1.0, albedo=shine, flip=side * face < 0)
                tilt = mesh.normals.reshape(len(u), count, 3)
                tilt = tilt * [1, 1.25, 1] + wave[:, None, None] * [1, 0, 0]  # a little more relief than true, and a hand-polished ripple
                mesh.normals = (tilt / np.linalg.norm(tilt, axis=-1, keepdims=True)).reshape(-1, 3)
                parts.append(mesh)
    return parts


def guard() -> list:
    y = np.linspace(-0.135, 0.135, 61)
    t = np.abs(y) / 0.135
    path = np.stack([0.078 + 0.040 * t**2.2, y, 0 * y], -1)
    brass = dict(mask=-1.0, metal=1.0, albedo=0.98)
    return [
        tube(path, 0.0125 + 0.0045 * t**2 - 0.002 * np.sin(np.pi * t), cols=20, **brass),
        sphere((0.118, 0.137, 0), 0.0205, **brass),
        sphere((0.118, -0.137, 0), 0.0205, **brass),
        sphere((0.080, 0, 0), (0.024, 0.036, 0.022), **brass),
        sphere((0.080, 0, 0.017), (0.0135, 0.0135, 0.012), mask=1.0, metal=2.0, albedo=1.0),
    ]


def grip() -> list:
    x = np.linspace(*GRIP, 180)[:, None]
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)[None]
    along = (x - GRIP[0]) / (GRIP[1] - GRIP[0])
    phase = x / WRAP_PITCH + turn / (2 * np.pi)
    ridge = np.abs(np.sin(np.pi * phase)) ** 0.7
    radius = 0.0150 + 0.0035 * np.sin(np.pi * along) + 0.0022 * ridge
    points = np.stack([x * np.ones_like(turn), radius * np.cos(turn), radius * np.sin(turn)], -1)
    leather = grid(points, wrap=(False, True), mask=-1.0, metal=0.0, albedo=0.36 + 0.34 * ridge)
    brass = dict(mask=-1.0, metal=1.0, albedo=0.98)
    ring = lambda at: revolved([(at - 0.008, 0.016), (at - 0.007, 0.0195), (at, 0.0215), (at + 0.007, 0.0195), (at + 0.008, 0.016)], **brass)
    knob = [(-0.182, 0.0005), (-0.181, 0.006), (-0.178, 0.0105), (-0.1745, 0.0125), (-0.171, 0.0165), (-0.163, 0.0275), (-0.150, 0.0330),
            (-0.137, 0.0310), (-0.126, 0.0240), (-0.119, 0.0185), (-0.112, 0.017)]
    return [leather, ring(0.062), ring(-0.102), revolved(_fine(knob), **brass)]


def _fine(profile, count=60):
    profile = np.asarray(profile)
    t = np.arange(len(profile))
    fine = np.linspace(0, len(profile) - 1, count)
    return np.stack([np.interp(fine, t, profile[:, 0]), np.interp(fine, t, profile[:, 1])], -1)


def build() -> dict:
    return {"sword": Model(Mesh.merge(blade() + guard() + grip()), ao_strength=0.8)}
