"""The visitor's head as an occluder of what is worn on it, in head units.

Origin: the middle of the skull at the height of the upper ears (0.15 above the eyes); 1 = width of the skull above the ears.
The shape is the mean over a few hundred synthetic heads: x 0.51, crown of the head 0.63, z 0.67.
"""

import numpy as np

from .solid import Mesh, grid

SKULL = np.array([0.51, 0.63, 0.67])  # half axes
BOXINESS = 2.3  # exponent of the superellipsoid: a skull is a little fuller than an ellipsoid
HAIR = 1.09  # room that hair takes


def skull(scale: float = 1.0) -> Mesh:
    lat = np.linspace(-np.pi / 2 + 1e-3, np.pi / 2 - 1e-3, 41)[:, None]
    lon = np.linspace(0, 2 * np.pi, 72, endpoint=False)[None]
    unit = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat) * np.ones_like(lon), np.cos(lat) * np.cos(lon)], -1)
    level = np.hypot(unit[..., 0], unit[..., 2])
    stretch = (level**BOXINESS + np.abs(unit[..., 1]) ** BOXINESS) ** (-1 / BOXINESS)
    return grid(unit * stretch[..., None] * SKULL * scale, wrap=(False, True), flip=True)


def tilt_about_x(degrees: float) -> np.ndarray:
    """Rotation that raises the front (+z) for positive angles."""
    a = np.deg2rad(degrees)
    return np.array([[1, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]])
