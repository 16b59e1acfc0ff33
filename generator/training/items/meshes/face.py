"""The visitor's face as a surface and as an occluder, in head units (see head.py).

Fitted to the mean over sixty synthetic heads: eyes at (0.21, -0.15, 0.62), tip of the nose at (0, -0.42, 0.81), mouth at
y -0.65, chin at y -0.93, ears at x 0.60 from y -0.10 to -0.49.
"""

import numpy as np
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

from . import head
from .solid import Mesh, grid

# height: half width, depth of the front without the nose, depth behind, exponent of the section's superellipse
SECTIONS = np.array([
    (0.35, 0.44, 0.56, 0.62, 2.4),
    (0.10, 0.50, 0.68, 0.67, 2.4),
    (-0.20, 0.52, 0.65, 0.64, 2.6),
    (-0.45, 0.50, 0.66, 0.52, 2.9),
    (-0.60, 0.46, 0.73, 0.46, 2.1),
    (-0.75, 0.42, 0.68, 0.45, 2.1),
    (-0.88, 0.35, 0.65, 0.45, 2.0),
    (-0.96, 0.31, 0.58, 0.45, 2.0),
    (-1.02, 0.34, 0.29, 0.46, 2.0),
    (-1.35, 0.38, 0.20, 0.45, 2.0),
])  # fmt: skip
NOSE = np.array([(-0.10, 0.0), (-0.20, 0.05), (-0.30, 0.11), (-0.40, 0.15), (-0.46, 0.13), (-0.53, 0.02), (-0.58, 0.0)])
NOSE_WIDTH = 0.095
EYE = np.array([0.21, -0.155])


def section(y):
    """Half width, front depth, back depth and exponent at heights y."""
    order = np.argsort(SECTIONS[:, 0])
    table = SECTIONS[order]
    y = np.clip(y, table[0, 0], table[-1, 0])
    return tuple(Akima1DInterpolator(table[:, 0], table[:, k])(y) for k in range(1, 5))


def nose(x, y, width=NOSE_WIDTH):
    """How far the nose stands out of the face."""
    order = np.argsort(NOSE[:, 0])
    height = PchipInterpolator(NOSE[order, 0], NOSE[order, 1])(np.clip(y, NOSE[:, 0].min(), NOSE[:, 0].max()))
    return height * np.exp(-((x / width) ** 2))


def skin(theta, y, out=0.0, nose_width=NOSE_WIDTH):
    """(.., 3) points of the face `out` units off the skin; theta is the angle round the y axis, 0 in front."""
    theta, y, out = np.broadcast_arrays(np.asarray(theta, float), np.asarray(y, float), out)
    wide, front, back, power = section(y)
    deep = np.where(np.cos(theta) > 0, front, back) + out
    reach = ((np.abs(np.sin(theta)) / (wide + out)) ** power + (np.abs(np.cos(theta)) / deep) ** power) ** (-1 / power)
    x, z = reach * np.sin(theta), reach * np.cos(theta)
    return np.stack([x, y, z + np.where(z > 0, nose(x, y, nose_width), 0.0)], -1)


def occluders(scale: float = 0.99) -> list:
    """Face and neck below the eyebrows, skull above."""
    theta = np.linspace(0, 2 * np.pi, 96, endpoint=False)[None]
    y = np.linspace(SECTIONS[0, 0], SECTIONS[-1, 0], 90)[:, None]
    lower: Mesh = grid(skin(theta, y) * [scale, 1, scale], wrap=(False, True))
    return [lower, head.skull(scale)]
