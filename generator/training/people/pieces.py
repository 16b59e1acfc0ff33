"""Pieces of a dressed character and their assembly into buffers for drawing.

A piece is a skinned mesh with a body part and a material per face. Assembly splits vertices where part,
material or texture seam change, so that the GPU sees those as constant over a face; the skinned vertices
themselves stay shared, so that normals stay smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

BASE_VERTICES = 19158

# Body parts as stored in parts.npy. Right and left are the person's own.
BACKGROUND, HEAD, HAIR, TRUNK, ARM_R, HAND_R, ARM_L, HAND_L, LEGS = range(9)
PART_NAMES = ("background", "head", "hair", "trunk", "arm_r", "hand_r", "arm_l", "hand_l", "legs")

# Materials, as the fragment shader knows them.
SKIN, CLOTH, SHELL_HAIR, CARD_HAIR, EYE, BROW, LASH, PLAIN = range(8)


@dataclass
class Piece:
    """rest (V,3) m, weights (V,B), faces (F,3), part (F,), material (F,), color (V,3) linear,
    tex (F,3,2), cut (V,) kept where positive, layer (V,) texture layer or hair shell height."""

    rest: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    material: np.ndarray
    color: np.ndarray
    tex: np.ndarray
    cut: np.ndarray
    layer: np.ndarray
    follow: sparse.csr_matrix | None = None  # (V, 19158): base vertices whose expression morphs carry this vertex


@dataclass
class Assembled:
    """rest (V,3), weights (V,B) of the skinned vertices; source (R,) skinned vertex of each drawn vertex;
    static (R,13) float32 attributes; triangles (F,3) of drawn vertices; tri_part (F,); normal operator."""

    rest: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    source: np.ndarray
    static: np.ndarray
    triangles: np.ndarray
    tri_part: np.ndarray
    tri_material: np.ndarray
    gather: sparse.csr_matrix  # (V, F): sums face normals at vertices
    follow: sparse.csr_matrix  # (V, 19158): carries base displacements (expressions) to the pieces

    def normals(self, posed: np.ndarray) -> np.ndarray:
        """Smooth unit normals (V,3) of posed vertices."""
        a, b, c = (posed[self.faces[:, k]] for k in range(3))
        n = self.gather @ np.cross(b - a, c - a)
        return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Smooth unit normals (V,3)."""
    n = normal_operator(len(points), faces) @ np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)


def normal_operator(vertices: int, faces: np.ndarray) -> sparse.csr_matrix:
    rows, cols = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, cols)), (vertices, len(faces)))


def assemble(pieces: list[Piece]) -> Assembled:
    """One set of buffers for all pieces."""
    offset = 0
    rest, weights, faces, part, material, tex, color, cut, layer, follow = ([] for _ in range(10))
    for p in pieces:
        rest.append(p.rest)
        weights.append(p.weights)
        faces.append(p.faces + offset)
        part.append(p.part)
        material.append(p.material)
        tex.append(p.tex)
        color.append(p.color)
        cut.append(p.cut)
        layer.append(p.layer)
        follow.append(sparse.csr_matrix((len(p.rest), BASE_VERTICES), dtype=np.float32) if p.follow is None else p.follow)
        offset += len(p.rest)
    rest, weights, faces = np.concatenate(rest).astype(np.float32), np.concatenate(weights).astype(np.float32), np.concatenate(faces)
    part, material, tex = np.concatenate(part), np.concatenate(material), np.concatenate(tex).astype(np.float32)
    color, cut, layer = np.concatenate(color), np.concatenate(cut), np.concatenate(layer)
    corner = faces.ravel()
    grid = np.round(tex.reshape(-1, 2) * 2000).astype(np.int64)
    key = np.stack([corner, np.repeat(part, 3), np.repeat(material, 3), grid[:, 0], grid[:, 1]], 1)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    source = corner[first]
    static = np.concatenate(
        [
            rest[source],
            color[source],
            tex.reshape(-1, 2)[first],
            np.repeat(part, 3)[first][:, None],
            np.repeat(material, 3)[first][:, None],
            cut[source][:, None],
            layer[source][:, None],
        ],
        1,
    ).astype("f4")
    carry = sparse.csr_matrix(sparse.vstack(follow), dtype=np.float32)
    return Assembled(rest, weights, faces, source, static, inverse.reshape(-1, 3).astype(np.int32), part, material, normal_operator(len(rest), faces), carry)


def carried_by(index: np.ndarray, weight: np.ndarray | None = None) -> sparse.csr_matrix:
    """A `follow` matrix from base indices (V,) or (V,3) and weights (V,3)."""
    index = np.asarray(index)
    index = index[:, None] if index.ndim == 1 else index
    weight = np.ones(index.shape) if weight is None else weight
    rows = np.repeat(np.arange(len(index)), index.shape[1])
    return sparse.csr_matrix((weight.ravel().astype(np.float32), (rows, index.ravel())), (len(index), BASE_VERTICES))


def refine(faces: np.ndarray, points: np.ndarray, longest_m: float, levels: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Split faces (F,3) into four until no edge is longer than longest_m.

    Returns the matrix (V_new, V) that makes the new vertices from the old ones, and the new faces. Only used
    vertices remain. Neighbours may split differently; the cracks stay below a pixel.
    """
    matrix = sparse.identity(len(points), format="csr")
    for _ in range(levels):
        p = matrix @ points
        edge = np.linalg.norm(p[faces] - p[np.roll(faces, -1, 1)], axis=2).max(1)
        long = edge > longest_m
        if not long.any():
            break
        f = faces[long]
        pairs = np.sort(np.stack([f, np.roll(f, -1, 1)], 2).reshape(-1, 2), 1)
        unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
        middle = 0.5 * (matrix[unique[:, 0]] + matrix[unique[:, 1]])
        m = inverse.reshape(-1, 3) + matrix.shape[0]  # middles of edges 01, 12, 20
        matrix = sparse.vstack([matrix, middle], format="csr")
        four = np.concatenate([np.stack(c, 1) for c in ((f[:, 0], m[:, 0], m[:, 2]), (f[:, 1], m[:, 1], m[:, 0]), (f[:, 2], m[:, 2], m[:, 1]), (m[:, 0], m[:, 1], m[:, 2]))])
        faces = np.concatenate([faces[~long], four])
    used, inverse = np.unique(faces, return_inverse=True)
    return matrix[used], inverse.reshape(-1, 3)
