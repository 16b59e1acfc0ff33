"""A wizard's beard: full along the jaw, long to a wavy tip, with a moustache, an open mouth and a ring near the tip.

Head space (see head.py and face.py). Strands are relief and shade; the outline is soft where locks end.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from . import face
from .cut import cut
from .solid import Mesh, Model, grid, revolved, smoothstep, tube

# height: half width, depth of the front, middle of the section in z
BODY = np.array([
    (0.00, 0.545, 0.68, 0.00),
    (-0.25, 0.555, 0.68, 0.00),
    (-0.50, 0.560, 0.755, 0.00),
    (-0.70, 0.555, 0.80, 0.04),
    (-0.95, 0.500, 0.83, 0.18),
    (-1.20, 0.385, 0.80, 0.34),
    (-1.42, 0.225, 0.73, 0.45),
    (-1.54, 0.140, 0.68, 0.50),
    (-1.60, 0.120, 0.66, 0.51),
    (-1.72, 0.140, 0.68, 0.52),
    (-1.86, 0.075, 0.64, 0.56),
    (-1.95, 0.006, 0.61, 0.605),
])  # fmt: skip
TIP = -1.95
MOUTH = np.array([0.0, -0.665])
CHEEK = np.array([
    (0.0, -0.50), (0.25, -0.50), (0.50, -0.53), (0.80, -0.50), (1.05, -0.38), (1.22, -0.23), (1.36, -0.19), (1.48, -0.26), (1.60, -0.52),
    (1.75, -0.85), (2.1, -1.03), (3.2, -1.05),
])  # fmt: skip
RING_Y = -1.575


def locks(theta, y):
    """-1..1: the strands; broad locks that wind a little, with finer hair on them."""
    sway = 0.35 * np.sin(4.2 * y + 0.6) + 0.22 * np.sin(7.1 * y + 2.0)
    broad = np.cos(8 * (theta + 0.30 * sway))
    fine = np.cos(32 * (theta + 0.12 * sway))
    return broad, fine


def surface(theta, y):
    order = np.argsort(BODY[:, 0])
    wide, front, middle = (PchipInterpolator(BODY[order, 0], BODY[order, k])(np.clip(y, TIP, 0.0)) for k in (1, 2, 3))
    broad, fine = locks(theta, y)
    free = smoothstep(-0.3, -1.0, y)
    swell = 1 + (0.018 + 0.030 * free) * broad + 0.006 * fine
    swing = 0.055 * np.sin(4.4 * (y + 0.95)) * smoothstep(-0.95, -1.6, y)
    depth = np.where(np.cos(theta) > 0, front - middle, 0.62 * (front - middle))
    x = wide * swell * np.sign(np.sin(theta)) * np.abs(np.sin(theta)) ** 0.92 + swing
    return np.stack([x, y + 0 * theta, middle + depth * swell * np.cos(theta)], -1)


def edge(theta):
    """Upper edge of the beard: sideburns, cheek line, under the nose; behind the ears it drops below the jaw."""
    a = np.abs(theta)
    ragged = 0.010 * np.cos(32 * theta)
    return PchipInterpolator(CHEEK[:, 0], CHEEK[:, 1])(a) + ragged


def hair(broad, fine):
    return 1.06 + 0.10 * broad + 0.17 * fine


def coat() -> Mesh:
    theta = np.linspace(-np.pi, np.pi, 520)[None]
    y = (TIP * np.linspace(0, 1, 330) ** 0.95)[:, None]
    th, yy = np.broadcast_arrays(theta, y)
    points = surface(th, yy)
    broad, fine = locks(th, yy)
    fold = smoothstep(0.0, 0.10, np.hypot(points[..., 0] / 0.24, (yy - MOUTH[1]) / 0.12) - 1)
    mesh = grid(points, albedo=hair(broad, fine) * (0.55 + 0.45 * fold) * np.where(np.abs(th) > 1.9, 0.7, 1.0), mask=1.0, metal=0.0, rim=0.18)
    u, v = points[..., 0], yy - MOUTH[1]
    mouth = np.hypot(u / 0.175, (v - 0.9 * u**2) / 0.062) - 1
    inside = np.minimum(edge(th) - yy, np.where(np.cos(th) > 0, mouth * 0.062, 1.0))
    return cut(outwards(mesh), inside.reshape(-1))


def outwards(mesh: Mesh) -> Mesh:
    """Normals made to point away from the middle line."""
    middle = np.stack([0 * mesh.positions[:, 1], mesh.positions[:, 1], 0.3 + 0 * mesh.positions[:, 1]], -1)
    turn = np.sign(((mesh.positions - middle) * mesh.normals).sum(1, keepdims=True))
    mesh.normals = mesh.normals * np.where(turn == 0, 1, turn)
    return mesh


def moustache(side) -> Mesh:
    """One half: thick under the nose, sweeping down past the mouth, its end curled out; flat, of long strands."""
    knots = np.array([(0.004, -0.520, 0.775), (0.09, -0.535, 0.815), (0.19, -0.590, 0.800), (0.275, -0.680, 0.765), (0.345, -0.775, 0.755),
                      (0.425, -0.840, 0.730), (0.505, -0.845, 0.690), (0.565, -0.800, 0.640)])  # fmt: skip
    t = np.linspace(0, 1, len(knots))
    fine = np.linspace(0, 1, 110)
    path = np.stack([PchipInterpolator(t, knots[:, k])(fine) for k in range(3)], -1) * [side, 1, 1]
    radius = PchipInterpolator([0, 0.10, 0.32, 0.6, 0.85, 1.0], [0.055, 0.082, 0.092, 0.074, 0.038, 0.003])(fine)
    cols = 72
    mesh = tube(path, radius, cols=cols, mask=1.0, metal=0.0, rim=0.18)
    turn = np.linspace(0, 2 * np.pi, cols, endpoint=False)[None]
    strand = np.cos(10 * turn + side * 3.5 * fine[:, None]) * smoothstep(1.0, 0.9, fine)[:, None]
    mesh.positions += (mesh.normals.reshape(-1, cols, 3) * (0.05 * radius[:, None] * strand)[..., None]).reshape(-1, 3)
    middle = np.repeat(path, cols, 0)
    mesh.positions = middle + (mesh.positions - middle) * [1.0, 1.0, 0.65]
    mesh.material[:, 0] = (1.10 + 0.18 * strand).reshape(-1)
    return mesh


def ring() -> list:
    """A ring that gathers the tip."""
    at = surface(np.linspace(0, 2 * np.pi, 60, endpoint=False) - np.pi, np.full(60, RING_Y))
    middle = at.mean(0)
    gold = dict(mask=-1.0, metal=1.0, albedo=1.1)
    profile = [(-0.064, 0.140), (-0.062, 0.163), (-0.046, 0.172), (-0.028, 0.160), (0.028, 0.160), (0.046, 0.172), (0.062, 0.163), (0.064, 0.140)]
    knots = np.linspace(0, len(profile) - 1, 40)
    profile = np.stack([np.interp(knots, range(len(profile)), np.array(profile)[:, k]) for k in (0, 1)], -1)
    band = revolved(profile, axis="y", **gold)
    band.positions = band.positions * [1.0, 1.0, 1.1]
    return [band.moved(offset=middle)]


def build() -> dict:
    chest = tube(np.array([[0, -1.0, -0.05], [0, -1.5, -0.05]]), 0.36)
    cheeks, skull = face.occluders()
    cheeks.positions *= [1.05, 1, 1]  # hides the far sideburn
    mesh = Mesh.merge([coat(), moustache(1), moustache(-1), *ring()])
    return {"beard": Model(mesh, [cheeks, skull, chest], ao_strength=0.8)}
