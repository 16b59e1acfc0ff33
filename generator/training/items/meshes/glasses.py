"""Bold sunglasses: thick rims in the own colour, dark lenses that grow lighter downwards (secondary), temples to the ears.

Head space (see head.py and face.py).
"""

import numpy as np

from . import face
from .solid import Mesh, Model, grid, smoothstep, tube

CENTER = np.array([0.0, -0.165, 0.735])  # middle of the bridge
LENS_X, WIDE, TALL = 0.278, 0.222, 0.168  # middle of a lens, half width, half height
RIM = 0.026


def front(x, y):
    """Depth of the front: bent round the face, leaning a little inwards at the bottom."""
    return CENTER[2] - 0.30 * x**2 - 0.10 * x**4 + 0.10 * (y - CENTER[1])


def outline(turn, side, grow=0.0):
    """(I, 2) contour of a lens, `grow` units larger; nearly square, wider and raised at the outer upper corner."""
    square = lambda f: np.sign(f) * np.abs(f) ** 0.55
    x, y = square(np.cos(turn)), square(np.sin(turn))
    x = x * (1 + 0.12 * y)  # narrower at the bottom
    y = y + 0.13 * np.clip(x, 0, None) * np.clip(y + 0.2, 0, None) + 0.20 * np.clip(-x, 0, None) * np.clip(-y, 0, None)
    return np.stack([side * (LENS_X + (WIDE + grow) * x), CENTER[1] + (TALL + grow) * y], -1)


def lens(side) -> Mesh:
    turn = np.linspace(0, 2 * np.pi, 128, endpoint=False)[None]
    r = np.linspace(1e-3, 1, 40)[:, None]
    middle = np.array([side * LENS_X, CENTER[1]])
    at = middle + (outline(turn[0], side, 0.006)[None] - middle) * r[..., None]
    local = (at - middle) / [WIDE, TALL]
    z = front(at[..., 0], at[..., 1]) + 0.012 * (1 - r**2)
    albedo = 0.55 + 0.85 * smoothstep(0.9, -1.0, local[..., 1])
    normals = np.stack([0.34 * local[..., 0] + 0.5 * at[..., 0], 0.42 * local[..., 1] + 0.05, np.ones_like(z)], -1)
    return grid(np.concatenate([at, z[..., None]], -1), wrap=(False, True), normals=normals, albedo=albedo, mask=-1.0, metal=1.0)


def build() -> dict:
    plastic = dict(metal=0.55, mask=1.0, albedo=1.05, rim=0.2)
    turn = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    parts = []
    for side in (1, -1):
        edge = outline(turn, side, 0.5 * RIM)
        thick = RIM * (1.0 + 0.55 * np.clip(np.sin(turn), 0, 1) ** 1.5)
        parts += [lens(side), tube(np.concatenate([edge, front(*edge.T)[:, None]], 1), thick, closed=True, cols=20, **plastic)]
        path = np.array([[0.455, -0.035, 0.660], [0.525, -0.045, 0.625], [0.560, -0.060, 0.540], [0.575, -0.070, 0.40], [0.580, -0.075, 0.20],
                         [0.575, -0.080, 0.02], [0.565, -0.10, -0.08]]) * [side, 1, 1]  # fmt: skip
        parts.append(flat_bar(path, 0.024, 0.044, side, **plastic))
    s = np.linspace(-1, 1, 40)
    bridge = np.stack([0.085 * s, CENTER[1] + 0.075 - 0.035 * s**2, front(0.085 * s, CENTER[1] + 0.05) + 0.006], -1)
    parts.append(tube(bridge, 0.030 + 0.008 * s**2, cols=20, **plastic))
    return {"glasses": Model(Mesh.merge(parts), face.occluders(), ao_strength=0.5)}


def flat_bar(path, thick, tall, side, **material) -> Mesh:
    """A temple: a bar with an oval section, `thick` across and `tall` up, narrower towards the ear."""
    t = np.linspace(0, 1, len(path))
    fine = np.linspace(0, 1, 60)
    line = np.stack([np.interp(fine, t, path[:, k]) for k in range(3)], -1)
    kernel = np.hanning(15) / np.hanning(15).sum()
    padded = np.concatenate([np.repeat(line[:1], 7, 0), line, np.repeat(line[-1:], 7, 0)])
    line = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in range(3)], -1)
    round_bar = tube(line, 1.0 - 0.3 * smoothstep(0.3, 1.0, fine), cols=20, **material)
    middle = np.repeat(line, 20, 0)
    offset = round_bar.positions - middle
    round_bar.positions = middle + offset * [thick, tall, thick]
    normal = round_bar.normals / [thick, tall, thick]
    round_bar.normals = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return round_bar
