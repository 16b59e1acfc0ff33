"""Building blocks for item meshes: grids, tubes, spheres, and the container they merge into.

A vertex carries position, normal, and four material numbers that render.py shades with:
    albedo   grey factor of the diffuse or reflected light
    mask     signed distance-like value, > 0: drawn in the item's own colour, < 0: in its secondary colour
    metal    0 cloth, leather, horn; 1 polished metal; 2 gem; values between 0 and 1 blend; 3 shines by itself: albedo is
             the light (up to 1.5) and rim the white added to it; 4 glows: white in the middle, its own colour at the outline
    rim      strength of the soft velvet rim of cloth
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Mesh:
    positions: np.ndarray  # (N, 3)
    normals: np.ndarray  # (N, 3) unit
    faces: np.ndarray  # (F, 3)
    material: np.ndarray  # (N, 4) albedo, mask, metal, rim

    @staticmethod
    def merge(parts) -> "Mesh":
        offsets = np.cumsum([0] + [len(p.positions) for p in parts[:-1]])
        return Mesh(
            np.concatenate([p.positions for p in parts]),
            np.concatenate([p.normals for p in parts]),
            np.concatenate([p.faces + o for p, o in zip(parts, offsets)]),
            np.concatenate([p.material for p in parts]),
        )

    def moved(self, matrix=None, offset=(0, 0, 0)) -> "Mesh":
        """Rotated by an orthonormal `matrix` (3, 3), then shifted."""
        m = np.eye(3) if matrix is None else np.asarray(matrix, float)
        return Mesh(self.positions @ m.T + offset, self.normals @ m.T, self.faces, self.material)


@dataclass
class Model:
    """What one layer of a kind is drawn from: the visible mesh and shapes that only hide it (head, trunk)."""

    mesh: Mesh
    occluders: list = field(default_factory=list)
    ao_strength: float = 1.0


def grid(points: np.ndarray, *, wrap=(False, False), albedo=0.9, mask=1.0, metal=0.0, rim=0.0, flip=False, normals=None) -> Mesh:
    """Surface through points (I, J, 3); smooth normals, pointing along d/di x d/dj (or against it with `flip`)."""
    rows, cols = points.shape[:2]
    if normals is None:
        normals = np.cross(_difference(points, 0, wrap[0]), _difference(points, 1, wrap[1]))
        if flip:
            normals = -normals
    normals = normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    index = np.arange(rows * cols).reshape(rows, cols)
    i = index if wrap[0] else index[:-1]
    down = np.roll(index, -1, 0) if wrap[0] else index[1:]
    if wrap[1]:
        quads = i, down, np.roll(down, -1, 1), np.roll(i, -1, 1)
    else:
        quads = i[:, :-1], down[:, :-1], down[:, 1:], i[:, 1:]
    a, b, c, d = (q.reshape(-1) for q in quads)
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    material = np.stack([np.broadcast_to(np.asarray(x, float), (rows, cols)).reshape(-1) for x in (albedo, mask, metal, rim)], -1)
    return Mesh(points.reshape(-1, 3), normals.reshape(-1, 3), faces, material)


def _difference(points, axis, wrapped):
    if wrapped:
        return np.roll(points, -1, axis) - np.roll(points, 1, axis)
    return np.gradient(points, axis=axis)


def sphere(center, radii, *, rows=17, cols=32, **material) -> Mesh:
    """Ellipsoid; `radii` a number or three."""
    radii = np.broadcast_to(np.asarray(radii, float), 3)
    lat = np.linspace(-np.pi / 2 + 1e-3, np.pi / 2 - 1e-3, rows)[:, None]
    lon = np.linspace(0, 2 * np.pi, cols, endpoint=False)[None]
    unit = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat) * np.ones_like(lon), np.cos(lat) * np.cos(lon)], -1)
    return grid(unit * radii + center, wrap=(False, True), normals=unit / radii, **material)


def revolved(profile, *, axis="x", cols=48, **material) -> Mesh:
    """Profile (I, 2) of (position along the axis, radius) turned round the x or y axis; normals point outwards
    when the position grows."""
    profile = np.asarray(profile, float)
    turn = np.linspace(0, 2 * np.pi, cols, endpoint=False)[None]
    along = profile[:, :1] * np.ones_like(turn)
    c, s = profile[:, 1:] * np.cos(turn), profile[:, 1:] * np.sin(turn)
    points = np.stack([along, c, s] if axis == "x" else [s, along, c], -1)
    mesh = grid(points, wrap=(False, True), **material)
    tangent = np.gradient(profile, axis=0)
    out = np.stack([-tangent[:, 1:] * np.ones_like(turn), tangent[:, :1] * np.cos(turn), tangent[:, :1] * np.sin(turn)], -1)
    if axis == "y":
        out = np.stack([out[..., 2], out[..., 0], out[..., 1]], -1)
    out = out.reshape(-1, 3)
    mesh.normals = out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-12)
    return mesh


def tube(path, radius, *, cols=16, closed=False, **material) -> Mesh:
    """Round tube along path (I, 3) with radius (number or (I,))."""
    path = np.asarray(path, float)
    tangent = _difference(path, 0, closed)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-12)
    guide = np.where(np.abs(tangent[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    side = np.cross(guide, tangent)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    other = np.cross(tangent, side)
    turn = np.linspace(0, 2 * np.pi, cols, endpoint=False)
    out = side[:, None] * np.cos(turn)[None, :, None] + other[:, None] * np.sin(turn)[None, :, None]
    r = np.broadcast_to(np.asarray(radius, float), len(path))[:, None, None]
    return grid(path[:, None] + out * r, wrap=(closed, True), normals=out, **material)


def smoothstep(low, high, x):
    t = np.clip((np.asarray(x, float) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def upright(mesh: Mesh) -> Mesh:
    """From X to the right, Y up, in which standing things are written, to the mesh space of the plane chart: x up, y to the left."""
    return mesh.moved([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
