"""A knight's open helmet: pointed steel dome with a brass comb, brow band with rivets, nasal bar and cheek plates.

Head space (see head.py). The shell stands off skull and hair; the face is free between the cheek plates.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from . import face
from .cut import cut
from .solid import Mesh, Model, grid, smoothstep, sphere, tube

WIDE, DEEP, TOP = 0.615, 0.790, 0.98  # half axes at the brow, height of the point
# Lower edge of the shell over the angle from the front: brow, cheek plate, ear, neck.
EDGE = np.array([(0.0, 0.045), (0.30, 0.055), (0.55, 0.020), (0.70, -0.13), (0.80, -0.42), (0.90, -0.62), (1.10, -0.70), (1.35, -0.60), (1.55, -0.42), (1.85, -0.36), (3.2, -0.36)])
BAND = (0.06, 0.20)  # heights of the brow band
RIVETS = 16
SHARE = np.array([(-0.75, 0.86), (-0.45, 0.955), (-0.20, 0.995), (0.05, 1.0), (0.22, 0.985), (0.45, 0.875), (0.65, 0.685), (0.80, 0.475), (0.91, 0.25), (0.98, 0.045)])


def shell(theta, y, out=0.0):
    """Points of the steel, `out` units off it."""
    theta, y, out = np.broadcast_arrays(np.asarray(theta, float), np.asarray(y, float), out)
    share = PchipInterpolator(SHARE[:, 0], SHARE[:, 1])(np.clip(y, SHARE[0, 0], TOP))
    x = (WIDE * share + out) * np.sin(theta)
    z = (DEEP * share + out) * np.cos(theta) - 0.02
    return np.stack([x, y, z], -1)


def edge(theta):
    return PchipInterpolator(EDGE[:, 0], EDGE[:, 1])(np.abs(theta))


def dome() -> Mesh:
    theta = np.linspace(-np.pi, np.pi, 480)[None]
    y = np.linspace(-0.72, TOP, 260)[:, None]
    th, yy = np.broadcast_arrays(theta, y)
    quarter = np.abs(np.sin(2 * th))  # 0 on the seams between the four plates
    puff = 0.018 * smoothstep(0.0, 0.5, quarter) * smoothstep(BAND[1], BAND[1] + 0.1, yy)
    shade = 0.93 + 0.05 * smoothstep(0.0, 0.3, quarter)
    mesh = grid(shell(th, yy, puff), flip=True, albedo=shade, mask=1.0, metal=1.0)
    return cut(mesh, (yy - edge(th)).reshape(-1))


def strip(path, half, lift=0.026, **material) -> Mesh:
    """A metal strap along path (I, 3) on the shell, `half` wide to either side, arched `lift` units off the steel."""
    step = np.gradient(path, axis=0)
    out = path * [1, 0.5, 1]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    side = np.cross(step, out)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    s = np.linspace(-1, 1, 13)[None, :, None]
    points = path[:, None] + side[:, None] * (s * half) + out[:, None] * (lift * (1 - np.abs(s) ** 4) - 0.012)
    return grid(points, flip=True, **material)


def arch(theta):
    """The line from the brow over the dome's point, at one angle and its opposite."""
    y = TOP * np.sin(np.linspace(0.10, np.pi / 2, 80))
    up, down = shell(theta, y, 0.012), shell(theta + np.pi, y, 0.012)[::-1]
    return np.concatenate([up, down[1:]])


def nasal() -> list:
    brass = dict(mask=-1.0, metal=1.0, albedo=1.05)
    y = np.linspace(0.12, -0.395, 70)
    z = PchipInterpolator([-0.42, -0.30, -0.15, 0.0, 0.15], [0.905, 0.870, 0.815, 0.785, 0.775])(y)
    half = PchipInterpolator([-0.42, -0.30, -0.15, 0.0, 0.15], [0.078, 0.066, 0.050, 0.060, 0.075])(y) * np.sqrt(np.clip((y + 0.40) / 0.025, 0.05, 1))
    s = np.linspace(-1, 1, 21)[None]
    points = np.stack([half[:, None] * s, y[:, None] + 0 * s, z[:, None] + 0.045 * (1 - np.abs(s)) + 0.008 * (1 - s**8)], -1)
    front = grid(points, albedo=np.where(np.abs(s) > 0.72, 0.75, 1.05) + 0 * points[..., 0], mask=-1.0, metal=1.0)
    brows = []
    for side in (1, -1):
        t = np.linspace(0, 1, 60)
        theta = side * (0.06 + 0.56 * t)
        brows.append(tube(shell(theta, edge(theta) + 0.004, 0.012), 0.028 - 0.004 * t, cols=16, **brass))
    return [front, *brows]


def build() -> dict:
    brass = dict(mask=-1.0, metal=1.0, albedo=1.05)
    turn = np.linspace(-np.pi, np.pi, 420, endpoint=False)
    rim = shell(turn, edge(turn), 0.006)
    y = np.linspace(*BAND, 16)[:, None]
    th, yy = np.broadcast_arrays(turn[None], y)
    bulge = 0.014 + 0.014 * np.sin(np.pi * (yy - BAND[0]) / (BAND[1] - BAND[0])) ** 0.5
    band = grid(shell(th, yy, bulge), wrap=(False, True), flip=True, albedo=1.0, mask=-1.0, metal=1.0)
    parts = [dome(), band, tube(rim, 0.024, closed=True, **brass), *nasal()]
    for k in range(RIVETS):
        angle = 2 * np.pi * (k + 0.5) / RIVETS
        parts.append(sphere(shell(angle, 0.13, 0.030), 0.026, rows=13, cols=20, mask=1.0, metal=1.0, albedo=1.05))
    for side in (1, -1):
        for angle, at in ((0.98, -0.55), (1.02, -0.28), (1.40, -0.42)):
            parts.append(sphere(shell(side * angle, at, 0.010), 0.024, rows=13, cols=20, **brass))
    comb = arch(0.0)
    parts += [strip(comb, 0.052, 0.050, **brass), strip(arch(np.pi / 2), 0.040, 0.034, **brass)]
    parts += [sphere((0, TOP + 0.045, -0.02), (0.062, 0.070, 0.062), rows=21, **brass), sphere((0, TOP + 0.125, -0.02), (0.030, 0.050, 0.030), **brass)]
    return {"helmet": Model(Mesh.merge(parts), face.occluders(1.0), ao_strength=0.8)}
