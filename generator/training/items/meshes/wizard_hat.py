"""A wizard's hat: wide rolling brim, tall cone that folds over near the tip, leather band with a buckle, a few stars.

Head space (see head.py).
"""

import numpy as np

from . import head
from .solid import Mesh, Model, grid, smoothstep, tube

CENTER = np.array([0.0, 0.24, 0.0])  # middle of the opening
TILT_DEG = 6.0
HEIGHT = 1.70
RX, RZ = 0.575, 0.715  # half axes of the opening
BRIM_X, BRIM_Z = 1.10, 1.18  # half axes of the brim's edge
BAND = 0.15


def axis_of(t):
    """Middle line of the cone: straight, then bent to the wearer's left and back."""
    bend = np.clip((t - 0.42) / 0.58, 0, 1)
    x = 0.46 * bend**2.1
    y = HEIGHT * (t - 0.20 * bend**2.6)
    z = -0.20 * t - 0.20 * bend**2
    return np.stack([x, y, z], -1)


def radius_of(t):
    return (1 - t) ** 0.92 * (1 - 0.10 * np.sin(np.pi * t)) + 0.015


def crease(t, theta):
    """Soft folds where the cone bends."""
    fold = 0.075 * np.sin(2 * np.pi * (t * 5.2) + 0.9 * np.sin(theta + 0.8)) * np.exp(-(((t - 0.52) / 0.16) ** 2))
    return 1 + fold + 0.018 * np.sin(3 * theta + 7 * t) * smoothstep(0.05, 0.3, t)


def cone(t, theta, out=0.0):
    """(.., 3) points; `out` lifts them off the felt, in units."""
    middle = axis_of(t)
    step = axis_of(np.minimum(t + 1e-3, 1.0)) - axis_of(np.maximum(t - 1e-3, 0.0))
    along = step / np.linalg.norm(step, axis=-1, keepdims=True)
    side = np.cross(along, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    front = np.cross(side, along)
    r = radius_of(t) * crease(t, theta)
    return middle + side * ((RX * r + out) * np.sin(theta))[..., None] + front * ((RZ * r + out) * np.cos(theta))[..., None]


def star_mask(t, theta):
    """> 0 on the felt, < 0 on a star (drawn in the secondary colour)."""
    mask = np.ones_like(t)
    for at_theta, at_t, size, spin in ((-0.55, 0.30, 0.105, 0.2), (0.62, 0.24, 0.075, 0.7), (0.10, 0.46, 0.070, 0.0), (1.75, 0.36, 0.10, 0.4),
                                       (-1.75, 0.30, 0.10, 0.9), (2.9, 0.33, 0.11, 0.1)):  # fmt: skip
        wide = 0.5 * (RX + RZ) * radius_of(np.asarray(at_t))
        x = ((theta - at_theta + np.pi) % (2 * np.pi) - np.pi) * wide
        y = (t - at_t) * HEIGHT
        angle = np.arctan2(x, y) + spin
        spoke = np.abs((angle * 5 / (2 * np.pi) + 0.5) % 1 - 0.5) * 2  # 0 on a spike, 1 between two
        edge = size * (1 - 0.55 * spoke ** 0.8)
        mask = np.minimum(mask, (np.hypot(x, y) - edge) / size)
    return mask


def build() -> dict:
    felt = dict(metal=0.0, rim=0.30)
    theta = np.linspace(0, 2 * np.pi, 180, endpoint=False)[None]
    t = np.linspace(0, 1, 150)[:, None] ** 1.05
    tt, th = np.broadcast_arrays(t, theta)
    mask = star_mask(tt, th)
    parts = [grid(cone(tt, th), wrap=(False, True), flip=True, albedo=np.where(mask > 0, 0.88, 0.98), mask=mask, **felt)]

    s = np.linspace(0, 1, 40)[:, None]
    ss, th = np.broadcast_arrays(s, theta)
    rx, rz = RX + (BRIM_X - RX) * ss, RZ + (BRIM_Z - RZ) * ss
    wave = 0.055 * np.sin(2 * th + 0.7) + 0.03 * np.sin(3 * th - 0.4)
    y = 0.10 * (1 - ss) ** 3 - 0.02 - 0.10 * ss**2 + wave * ss**1.5 + 0.05 * ss**6
    brim = np.stack([rx * np.sin(th), y, rz * np.cos(th)], -1)
    parts += [
        grid(brim, wrap=(False, True), flip=False, albedo=0.86, **felt),
        grid(brim - [0, 0.022, 0], wrap=(False, True), flip=True, albedo=0.62, **felt),
        tube(brim[-1] - [0, 0.011, 0], 0.019, closed=True, albedo=0.98, mask=1.0, **felt),
    ]

    # Band: up along the cone's foot, in leather (secondary colour, dark), with a bright buckle in front.
    u = np.linspace(0.035, (BAND + 0.04) / HEIGHT, 12)[:, None]
    uu, th = np.broadcast_arrays(u, theta)
    bulge = 0.014 + 0.010 * np.sin(np.pi * (uu - u[0]) / (u[-1] - u[0]))
    seam = np.minimum(np.abs(uu - u[0]), np.abs(uu - u[-1])) < 0.012
    parts.append(grid(cone(uu, th, bulge), wrap=(False, True), flip=True, albedo=np.where(seam, 0.30, 0.44), mask=-1.0, metal=0.0, rim=0.2))
    parts.append(buckle(u[0, 0], u[-1, 0]))
    mesh = Mesh.merge(parts).moved(head.tilt_about_x(TILT_DEG), CENTER)
    return {"hat": Model(mesh, [head.skull(1.0)], ao_strength=0.9)}


def buckle(low, high):
    middle, half = 0.5 * (low + high), 0.62 * (high - low)
    corner = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    square = lambda f: np.sign(f) * np.abs(f) ** 0.35
    theta = 0.30 * square(np.sin(corner))
    t = middle + half * square(np.cos(corner))
    brass = dict(mask=-1.0, metal=1.0, albedo=1.1)
    pin = np.linspace(-1, 1, 12)
    return Mesh.merge([
        tube(cone(t, theta, 0.034), 0.024, closed=True, **brass),
        tube(cone(np.full(12, middle), 0.30 * pin, 0.040), 0.014, **brass),
    ])  # fmt: skip
