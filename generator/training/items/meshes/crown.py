"""A royal crown: flared band with rolled rims, eight points with balls, stones round the band.

Head space (see head.py). The band sits outside skull and hair, raised a little at the front.
"""

import numpy as np

from . import head
from .solid import Mesh, Model, grid, smoothstep, sphere, tube

POINTS = 8
CENTER = np.array([0.0, 0.25, 0.0])  # middle of the band's lower rim
TILT_DEG = 7.0
BAND, PEAK, VALLEY = 0.165, 0.50, 0.225  # heights above the lower rim
FLARE = 0.20  # share by which the radius grows per unit of height
THICK = 0.016
RX, RZ = 0.545, 0.70  # half axes of the lower rim


def wall(theta, y, inset=0.0):
    grow = 1 + FLARE * y
    return np.stack([(RX * grow - inset) * np.sin(theta), y * np.ones_like(theta), (RZ * grow - inset) * np.cos(theta)], -1)


def top(theta):
    """Height of the upper edge: eight tapering points with hollow flanks."""
    phase = np.abs(((theta * POINTS / (2 * np.pi)) + 0.5) % 1 - 0.5) * 2  # 0 on a point, 1 in a valley
    return VALLEY + (PEAK - VALLEY) * np.clip(1 - phase / 0.92, 0, 1) ** 1.35


def build() -> dict:
    gold = dict(metal=1.0, mask=1.0, albedo=1.0)
    theta = np.linspace(0, 2 * np.pi, 48 * POINTS, endpoint=False)
    height = top(theta)
    t = np.linspace(0, 1, 24)[:, None]
    y = t * height[None]
    angle = np.broadcast_to(theta, y.shape)
    # The sheet is bent a little inwards and out again above each stone, so that it does not mirror like one flat wall.
    bulge = 0.012 * np.cos(theta * POINTS)[None] * smoothstep(BAND, BAND + 0.1, y)
    outer = wall(angle, y, -bulge)
    inner = wall(angle, y, THICK - bulge)
    parts = [
        grid(outer, wrap=(False, True), flip=True, **gold),
        grid(inner, wrap=(False, True), **{**gold, "albedo": 0.80}),
        grid(np.stack([inner[-1], outer[-1]]), wrap=(False, True), flip=True, **gold),
    ]
    circle = lambda h, inset: wall(theta, np.full_like(theta, h), inset)
    parts += [tube(circle(0.008, 0.004), 0.020, closed=True, **gold), tube(circle(BAND, 0.002), 0.014, closed=True, **gold)]
    middle = 0.5 * BAND + 0.002
    for k in range(POINTS):
        a = 2 * np.pi * k / POINTS
        parts.append(sphere(wall(np.array(a), PEAK + 0.020), 0.043, rows=15, cols=24, **gold))
        # stones: a large oval under each point, a small one between
        for at, size in ((a, (0.062, 0.046, 0.030)), (a + np.pi / POINTS, (0.026, 0.026, 0.020))):
            place = wall(np.array(at), middle, -0.004)
            out = np.array([np.sin(at) / RX, 0, np.cos(at) / RZ])
            out /= np.linalg.norm(out)
            turn = np.stack([np.cross([0, 1, 0], out), [0, 1, 0], out], -1)
            setting = sphere((0, 0, -0.004), (size[0] + 0.012, size[1] + 0.012, size[2] * 0.62), rows=15, cols=24, **gold)
            stone = sphere((0, 0, 0), size, rows=15, cols=24, metal=2.0, mask=-1.0, albedo=1.0)
            parts += [setting.moved(turn, place), stone.moved(turn, place)]
    mesh = Mesh.merge(parts).moved(head.tilt_about_x(TILT_DEG), CENTER)
    return {"crown": Model(mesh, [head.skull(1.03)], ao_strength=0.85)}
