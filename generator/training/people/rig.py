"""The skeleton: which bones move, how a pose becomes matrices, how vertices follow.

A pose is a rotation per bone in *body axes* (not bone axes): bone rotation = parent rotation @ local rotation,
so a local rotation of identity keeps the bone as it stands in the rest shape. Small bones (face, toes,
tongue, breasts) are folded into the bone that carries them; 77 stay.
"""

from __future__ import annotations

import math

import numpy as np

from .assets import Library

_KEEP_PREFIX = ("clavicle", "shoulder01", "upperarm", "lowerarm", "wrist", "finger", "metacarpal", "spine", "neck", "upperleg", "lowerleg", "foot", "pelvis", "eye")
_KEEP = ("root", "head", "jaw")


def cross(a, b) -> np.ndarray:
    """Cross product of two 3-vectors; numpy's own costs ten times as much on so small ones."""
    ax, ay, az = a
    bx, by, bz = b
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def length(v) -> float:
    x, y, z = v
    return math.sqrt(x * x + y * y + z * z)


def rotation(axis, angle_rad: float) -> np.ndarray:
    """Rotation matrix (3,3) about an axis of any length (Rodrigues)."""
    n = max(length(axis), 1e-12)
    x, y, z = (float(c) / n for c in axis)
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    t = 1 - c
    return np.array(
        [
            [t * x * x + c, t * x * y - s * z, t * x * z + s * y],
            [t * x * y + s * z, t * y * y + c, t * y * z - s * x],
            [t * x * z - s * y, t * y * z + s * x, t * z * z + c],
        ]
    )


def rotation_vector(matrix: np.ndarray) -> np.ndarray:
    """Axis times angle (rad) of a rotation matrix; stable enough for angles below 179 degrees."""
    cosine = np.clip((np.trace(matrix) - 1) / 2, -1, 1)
    angle = np.arccos(cosine)
    v = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]])
    n = np.linalg.norm(v)
    return v / n * angle if n > 1e-9 else np.zeros(3)


def partial(matrix: np.ndarray, share: float) -> np.ndarray:
    """The rotation that does `share` of `matrix`."""
    v = rotation_vector(matrix)
    return rotation(v, np.linalg.norm(v) * share) if np.linalg.norm(v) > 1e-9 else np.eye(3)


class Rig:
    """Bones of the default skeleton, character-independent part."""

    def __init__(self, library: Library):
        bones = library.skeleton["bones"]
        kept = [b for b in bones if b in _KEEP or b.startswith(_KEEP_PREFIX)]

        def carrier(bone: str) -> str:
            while bone not in kept:
                bone = bones[bone]["parent"]
            return bone

        def depth(bone: str) -> int:
            d = 0
            while bones[bone]["parent"]:
                bone, d = bones[bone]["parent"], d + 1
            return d

        self.names = sorted(kept, key=depth)
        self.index = {b: k for k, b in enumerate(self.names)}
        self.parent = np.array([self.index[carrier(bones[b]["parent"])] if bones[b]["parent"] else -1 for b in self.names])
        self._head = [library.skeleton["joints"][bones[b]["head"]] for b in self.names]
        self._tail = [library.skeleton["joints"][bones[b]["tail"]] for b in self.names]
        weights = np.zeros((len(library.base.positions), len(self.names)), np.float32)
        for bone, rows in library.weights.items():
            column = self.index[carrier(bone)]
            for vertex, value in rows:
                weights[int(vertex), column] += value
        self.weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-6)  # (V, B)

    def joints(self, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bone heads and tails (B,3) m of a morphed base mesh."""
        return np.array([base[i].mean(0) for i in self._head]), np.array([base[i].mean(0) for i in self._tail])

    def forward(self, heads: np.ndarray, local: dict[str, np.ndarray], world: dict[str, np.ndarray] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Global rotations (B,3,3) and posed bone heads (B,3) m.

        `local` turns a bone against its parent; `world` states a bone's rotation from rest outright and wins.
        """
        world = world or {}
        count = len(self.names)
        same = np.eye(3)
        rot, pos = np.empty((count, 3, 3)), np.empty((count, 3))
        for k, name in enumerate(self.names):
            p = self.parent[k]
            own = local.get(name)
            carried = rot[p] if p >= 0 else same
            rot[k] = world[name] if name in world else carried if own is None else carried @ own
            pos[k] = heads[k] if p < 0 else pos[p] + rot[p] @ (heads[k] - heads[p])
        return rot, pos

    @staticmethod
    def skin(points: np.ndarray, weights: np.ndarray, heads: np.ndarray, rot: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """Posed points (V,3): linear blend of the bones' rigid motions."""
        shift = pos - np.einsum("bij,bj->bi", rot, heads)
        blend = np.concatenate([rot.reshape(-1, 9), shift], 1).astype(np.float32)  # (B,12)
        m = weights @ blend
        return np.einsum("vij,vj->vi", m[:, :9].reshape(-1, 3, 3), points.astype(np.float32)) + m[:, 9:]
