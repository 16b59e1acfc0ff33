"""Two curved, ridged horns that grow from the sides of the forehead, with a gold collar each.

Head space (see head.py). Both lie near one plane that leans back; kinds/headwear.py reads its place from here.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from . import head
from .solid import Mesh, Model, smoothstep, tube

CENTER = np.array([0.0, 0.40, 0.28])  # the plane passes here
LEAN_DEG = 12.0
RIDGES = 9
# along the horn: x, height in the plane, out of the plane towards the viewer, radius
KNOTS = np.array([
    (0.245, -0.060, -0.05, 0.150),
    (0.345, 0.060, 0.01, 0.146),
    (0.480, 0.165, 0.05, 0.132),
    (0.620, 0.285, 0.07, 0.112),
    (0.705, 0.450, 0.06, 0.090),
    (0.715, 0.630, 0.03, 0.066),
    (0.650, 0.790, 0.00, 0.042),
    (0.560, 0.900, 0.00, 0.020),
    (0.500, 0.955, 0.00, 0.004),
])  # fmt: skip


def line(t):
    """Middle line (I, 3) in the plane's own axes and radius (I,)."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(KNOTS[:, :3], axis=0), axis=1))])
    values = PchipInterpolator(steps / steps[-1], KNOTS)(t)
    return values[:, :3], values[:, 3]


def horn(side) -> list:
    t = np.linspace(0, 1, 420)
    path, radius = line(t)
    wave = (RIDGES * (1.15 * t) ** 0.85) % 1.0  # rings lie closer towards the tip
    ring = np.sin(np.pi * np.clip(wave / 0.85, 0, 1)) ** 0.55
    fade = smoothstep(0.86, 0.70, t)
    radius = radius * (1 + 0.10 * (ring - 0.6) * fade)
    shade = (0.62 + 0.52 * ring * fade + 0.52 * (1 - fade)) * (1 - 0.62 * smoothstep(0.62, 1.0, t))
    place = lambda points: points * [side, 1, 1]
    body = tube(place(path), radius, cols=40, albedo=1.0, mask=1.0, metal=0.22, rim=0.12)
    body.material[:, 0] = np.repeat(shade, 40)
    collar_at, collar_radius = line(np.linspace(0.150, 0.205, 20))
    swell = 0.020 + 0.016 * np.abs(np.sin(2 * np.pi * np.linspace(0, 1, 20)))
    collar = tube(place(collar_at), collar_radius + swell, cols=40, albedo=1.1, mask=-1.0, metal=1.0)
    return [body, collar]


def build() -> dict:
    mesh = Mesh.merge(horn(1) + horn(-1)).moved(head.tilt_about_x(LEAN_DEG), CENTER)
    return {"horns": Model(mesh, [head.skull(1.05)], ao_strength=0.7)}
