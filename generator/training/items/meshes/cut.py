"""Cutting meshes along a curve that is given as the zero line of a function: openings, outlines, eye holes."""

import numpy as np

from .solid import Mesh


def cut(mesh: Mesh, values: np.ndarray) -> Mesh:
    """The part of a mesh where `values` (N,), one a vertex and linear between them, are positive.

    Triangles that the zero line crosses are split there, so that the outline is as smooth as the function, not as the grid.
    """
    columns = np.concatenate([mesh.positions, mesh.normals, mesh.material], 1)
    kept, ends, faces = values > 0, {}, []
    inside = kept[mesh.faces].sum(1)
    faces.append(mesh.faces[inside == 3])
    extra = []

    def crossing(i, j):
        key = (min(i, j), max(i, j))
        if key not in ends:
            t = values[i] / (values[i] - values[j])
            ends[key] = len(columns) + len(extra)
            extra.append(columns[i] + t * (columns[j] - columns[i]))
        return ends[key]

    split = []
    for face in mesh.faces[(inside == 1) | (inside == 2)]:
        k = int(np.argmax(kept[face])) if kept[face].sum() == 1 else int(np.argmin(kept[face]))
        a, b, c = np.roll(face, -k)  # a is the odd one out
        ab, ac = crossing(a, b), crossing(a, c)
        split += [(a, ab, ac)] if kept[a] else [(ab, b, c), (ab, c, ac)]
    if split:
        faces.append(np.array(split))
        columns = np.concatenate([columns, np.array(extra)])
    faces = np.concatenate(faces)
    used, faces = np.unique(faces, return_inverse=True)
    columns = columns[used]
    normals = columns[:, 3:6] / np.maximum(np.linalg.norm(columns[:, 3:6], axis=1, keepdims=True), 1e-12)
    return Mesh(columns[:, :3], normals, faces.reshape(-1, 3), columns[:, 6:])
