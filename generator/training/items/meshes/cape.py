"""A royal cape in two layers: `back`, the sheet and its standing collar behind the body; `front`, a short mantle over the
shoulders with clasps and a cord.

Shoulder space: origin in the middle of the neck (a third of a unit above the shoulder joints), unit = distance of the shoulder joints, x to picture-right, y up.
"""

import numpy as np

from .solid import Mesh, Model, grid, smoothstep, sphere, tube

CLOTH = dict(metal=0.0, rim=0.22)
LENGTH = 2.65
CENTER_Z = 0.03


def sheet() -> list:
    s = np.linspace(-1, 1, 300)[None]
    t = np.linspace(0, 1, 110)[:, None] ** 1.3
    ss, tt = np.broadcast_arrays(s, t)
    psi = ss * np.deg2rad(104 - 12 * tt)  # 0 in the middle of the back
    rx = 0.70 + 0.46 * (1 - np.exp(-4.5 * tt)) + 0.20 * tt
    rz = 0.30 + 0.30 * (1 - np.exp(-3 * tt)) + 0.15 * tt
    depth = smoothstep(0.0, 0.35, tt)
    wave = np.cos(11 * psi + 0.8 * np.sin(2.2 * tt + 1.0)) + 0.45 * np.cos(17 * psi + 1.3 + 1.5 * tt)
    fold = 1 + (0.022 + 0.068 * depth) * wave * (0.55 + 0.45 * np.abs(ss))
    x = rx * fold * np.sin(psi)
    z = CENTER_Z - rz * fold * np.cos(psi)
    y = -0.10 - 0.27 * np.abs(ss) ** 2.2 - tt * (LENGTH + 0.05 - 0.20 * np.abs(ss)) - 0.012 * depth * wave
    border = np.minimum((1 - np.abs(ss)) * 1.9, (1 - tt) * LENGTH)
    mask = border - 0.075
    shade = np.where(mask > 0, 0.86 + 0.06 * depth, 1.0)
    points = np.stack([x, y, z], -1)
    return [grid(points, albedo=shade, mask=mask, **CLOTH)]


def collar() -> list:
    s = np.linspace(-1, 1, 200)[None]
    t = np.linspace(0, 1, 50)[:, None]
    ss, tt = np.broadcast_arrays(s, t)
    psi = ss * np.deg2rad(128)
    tall = 0.46 * (1 - 0.35 * np.abs(ss) ** 2.5) + 0.05 * np.exp(-(((np.abs(ss) - 0.62) / 0.22) ** 2))
    open_ = 0.20 + 0.24 * tt**1.25
    x = open_ * np.sin(psi) * (1 + 0.12 * tt)
    z = CENTER_Z - 0.02 - (0.17 + 0.13 * tt) * np.cos(psi)
    y = -0.13 - 0.04 * np.abs(ss) + tt * tall - 0.05 * (tt**4) * np.abs(ss)
    border = np.minimum((1 - tt) * 0.42, (1 - np.abs(ss)) * 0.55)
    mask = border - 0.030
    points = np.stack([x, y, z], -1)
    rim = points[-1]
    return [
        grid(points, albedo=np.where(mask > 0, 0.82, 1.0), mask=mask, **CLOTH),
        tube(rim, 0.011, albedo=1.0, mask=-1.0, metal=0.0, rim=0.3),
    ]


def mantle_at(psi, h):
    """Surface round the shoulders: psi 0 in front, h 0 at the neck .. 1 at the hem."""
    hs = np.array([0, 0.16, 0.34, 0.52, 0.70, 0.86, 1.0])
    rx = _smooth(h, hs, [0.20, 0.33, 0.48, 0.63, 0.745, 0.81, 0.84])
    rz = _smooth(h, hs, [0.165, 0.215, 0.265, 0.31, 0.345, 0.37, 0.39])
    y = _smooth(h, hs, [-0.03, -0.085, -0.15, -0.22, -0.325, -0.465, -0.61])
    side = np.abs(np.sin(psi))
    # in front and behind the cloth slopes down from the neck faster than along the shoulders
    y = y - 0.13 * (1 - side) * h + 0.0 * psi
    fold = 1 + 0.032 * smoothstep(0.25, 1.0, h) * np.cos(9 * psi + 0.7)
    return np.stack([rx * fold * np.sin(psi), y, CENTER_Z + rz * fold * np.cos(psi)], -1)


def _smooth(h, xs, ys):
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(xs, ys)(h)


def front_edge(h):
    """Angle from the middle of the chest at which the mantle begins."""
    return np.deg2rad(40 + 22 * np.asarray(h) ** 1.2)


def mantle() -> list:
    parts = []
    h = np.linspace(0, 1, 80)[:, None]
    for side in (1, -1):
        s = np.linspace(0, 1, 100)[None]
        ss, hh = np.broadcast_arrays(s, h)
        start = front_edge(hh)
        psi = start + ss * (np.deg2rad(140) - start)
        points = mantle_at(side * psi, hh)
        wide = 0.5 * (0.3 + 0.6 * hh)
        mask = np.minimum((psi - start) * wide * 1.4, (1 - hh) * 0.62) - 0.050
        parts.append(grid(points, albedo=np.where(mask > 0, 0.97, 1.04), mask=mask, flip=side > 0, **CLOTH))
        edge = np.linspace(0.02, 1, 90)
        path = mantle_at(side * front_edge(edge), edge)
        parts.append(tube(path, 0.013, albedo=1.0, mask=-1.0, metal=0.3, rim=0.2))
        along = np.linspace(0, 1, 120)
        hem = mantle_at(side * (front_edge(1.0) + along * (np.deg2rad(140) - front_edge(1.0))), np.ones(120))
        parts.append(tube(hem, 0.013, albedo=1.0, mask=-1.0, metal=0.3, rim=0.2))
    return parts


def clasps() -> list:
    gold = dict(mask=-1.0, metal=1.0, albedo=1.05)
    parts, ends = [], []
    for side in (1, -1):
        at = mantle_at(np.array(side * float(front_edge(0.30))), np.array(0.30)) + [0, 0, 0.03]
        ends.append(at)
        parts += [
            sphere(at, (0.062, 0.062, 0.030), rows=25, **gold),
            sphere(at + [0, 0, 0.020], (0.034, 0.034, 0.024), rows=25, mask=1.0, metal=2.0, albedo=1.1),
        ]
    s = np.linspace(-1, 1, 80)
    for sag in (0.075, 0.150):
        path = np.stack([ends[0][0] * s, ends[0][1] - sag * (1 - s**2), ends[0][2] + 0.03 * (1 - s**2)], -1)
        twist = 0.0135 + 0.0028 * np.abs(np.sin(np.pi * 11 * s))
        parts.append(tube(path, twist, cols=20, **gold))
    return parts


def trunk() -> list:
    """What hides the far side of the mantle when the body turns: neck and chest."""
    return [sphere((0, -0.66, 0.03), (0.54, 0.52, 0.25), rows=25), sphere((0, 0.05, 0.02), (0.145, 0.34, 0.15), rows=25)]


def build() -> dict:
    return {
        "back": Model(Mesh.merge(sheet() + collar()), trunk()[:0], ao_strength=0.8),
        "front": Model(Mesh.merge(mantle() + clasps()), trunk(), ao_strength=0.5),
    }
