"""Readers for the MakeHuman CC0 files: meshes, morph targets, skeleton, weights, fitted clothes.

What flows through: text files of `makehuman-cc0.zip` in, numpy arrays out. Lengths are converted from the
files' decimetres to metres here, once, so that nothing after this module knows decimetres.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

METRES_PER_DECIMETRE = 0.1


class HumansMissing(RuntimeError):
    """The MakeHuman folder is absent or incomplete."""


@dataclass
class Mesh:
    """Triangles with texture coordinates: positions (V,3) m, faces (F,3), uv (T,2), face_uv (F,3), group (F,)."""

    positions: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    groups: np.ndarray


@dataclass
class Fitted:
    """A mesh bound to the base mesh: vertex = sum(weight * base[index]) + offset * scale(base)."""

    name: str
    mesh: Mesh
    index: np.ndarray  # (V,3) base vertices
    weight: np.ndarray  # (V,3)
    offset: np.ndarray  # (V,3) m, before scaling
    scale: list  # per axis (vertex a, vertex b, reference distance m) or None
    hidden: np.ndarray  # base vertices that the piece covers

    def fit(self, base: np.ndarray) -> np.ndarray:
        """Positions (V,3) m on a morphed base mesh (19158,3) m."""
        points = np.einsum("vk,vkc->vc", self.weight, base[self.index])
        factor = np.ones(3)
        for axis, entry in enumerate(self.scale):
            if entry is not None:
                a, b, reference = entry
                factor[axis] = abs(base[a, axis] - base[b, axis]) / reference
        return points + self.offset * factor


def read_obj(path: Path) -> Mesh:
    """A Wavefront file as triangles. Polygons are fanned."""
    positions, uv, faces, face_uv, groups = [], [], [], [], []
    group = ""
    names: dict[str, int] = {}
    with open(path) as handle:
        for line in handle:
            if line.startswith("v "):
                positions.append([float(t) for t in line.split()[1:4]])
            elif line.startswith("vt "):
                uv.append([float(t) for t in line.split()[1:3]])
            elif line.startswith("g "):
                group = line.split()[1]
            elif line.startswith("f "):
                corners = [t.split("/") for t in line.split()[1:]]
                v = [int(c[0]) - 1 for c in corners]
                t = [int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners]
                g = names.setdefault(group, len(names))
                for k in range(1, len(v) - 1):
                    faces.append((v[0], v[k], v[k + 1]))
                    face_uv.append((t[0], t[k], t[k + 1]))
                    groups.append(g)
    label = np.array(list(names) or [""])
    return Mesh(
        np.array(positions) * METRES_PER_DECIMETRE,
        np.array(faces, np.int32),
        np.array(uv or [[0.0, 0.0]]),
        np.array(face_uv, np.int32),
        label[np.array(groups, int)],
    )


def read_fitted(path: Path) -> Fitted:
    """A .mhclo file and the mesh it names."""
    index, weight, offset, hidden = [], [], [], []
    scale = [None, None, None]
    obj_file, name, mode = None, path.stem, "head"
    with open(path) as handle:
        for line in handle:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "delete_verts":
                mode = "delete"
                words = words[1:]
            elif words[0] == "verts":
                mode = "verts"
                continue
            if mode == "delete":
                hidden += _ranges(words)
            elif mode == "verts" and _is_number(words[0]):
                if len(words) >= 6:
                    index.append([int(w) for w in words[:3]])
                    weight.append([float(w) for w in words[3:6]])
                    offset.append([float(w) for w in words[6:9]] if len(words) >= 9 else [0.0] * 3)
                else:
                    index.append([int(words[0])] * 3)
                    weight.append([1.0, 0.0, 0.0])
                    offset.append([0.0] * 3)
            elif words[0] == "obj_file":
                obj_file = words[1]
            elif words[0] == "name":
                name = words[1]
            elif words[0] in ("x_scale", "y_scale", "z_scale"):
                axis = "xyz".index(words[0][0])
                scale[axis] = (int(words[1]), int(words[2]), float(words[3]) * METRES_PER_DECIMETRE)
    mesh = read_obj(path.parent / obj_file)
    if len(mesh.positions) != len(index):
        raise HumansMissing(f"{path}: expected {len(mesh.positions)} bound vertices, got {len(index)}; unzip the file again")
    return Fitted(name, mesh, np.array(index), np.array(weight), np.array(offset) * METRES_PER_DECIMETRE, scale, np.array(hidden, int))


def _is_number(word: str) -> bool:
    return word.lstrip("-").isdigit()


def _ranges(words: list[str]) -> list[int]:
    """`3 - 6 9` -> 3 4 5 6 9."""
    out: list[int] = []
    k = 0
    while k < len(words):
        if not _is_number(words[k]):
            k += 1
        elif k + 2 < len(words) and words[k + 1] == "-":
            out += range(int(words[k]), int(words[k + 2]) + 1)
            k += 3
        else:
            out.append(int(words[k]))
            k += 1
    return out


class Library:
    """Everything read from the humans folder, lazily and once."""

    def __init__(self, humans: Path):
        self.root = Path(humans)
        self.data = self.root / "makehuman/makehuman/data"
        self.base_assets = self.root / "assets/base"
        if not (self.data / "3dobjs/base.obj").is_file():
            raise HumansMissing(
                f"expected {self.data / '3dobjs/base.obj'}, found nothing; unzip makehuman-cc0.zip and pass its folder with --humans"
            )
        self.base = read_obj(self.data / "3dobjs/base.obj")
        with open(self.data / "rigs/default.mhskel") as handle:
            self.skeleton = json.load(handle)
        with open(self.data / "rigs/default_weights.mhw") as handle:
            self.weights = json.load(handle)["weights"]
        self._targets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._fitted: dict[str, Fitted] = {}
        folder = self.data / "targets"
        self.target_names = sorted(str(p.relative_to(folder))[: -len(".target")] for p in folder.rglob("*.target"))

    def target(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A morph target: vertex indices (K,), displacements (K,3) m."""
        if name not in self._targets:
            path = self.data / "targets" / f"{name}.target"
            if not path.is_file():
                raise HumansMissing(f"expected morph target {path}, found nothing; unzip makehuman-cc0.zip again")
            text = "".join(line for line in path.read_text().splitlines(True) if not line.startswith("#"))
            rows = np.fromstring(text, sep=" ").reshape(-1, 4)
            index, move = rows[:, 0].astype(int), rows[:, 1:]
            self._targets[name] = (index, (move * METRES_PER_DECIMETRE).astype(np.float32))
        return self._targets[name]

    def fitted(self, relative: str) -> Fitted:
        """A fitted piece by its path under assets/base or data, e.g. `hair/bob01/bob01`."""
        if relative not in self._fitted:
            path = self.base_assets / f"{relative}.mhclo"
            if not path.is_file():
                path = self.data / f"{relative}.mhclo"
            if not path.is_file():
                raise HumansMissing(f"expected {relative}.mhclo under {self.root}, found nothing; unzip makehuman-cc0.zip again")
            self._fitted[relative] = read_fitted(path)
        return self._fitted[relative]

    def group(self, name: str) -> np.ndarray:
        """Base faces of one group, e.g. `body`, `helper-tights`."""
        return self.base.faces[self.base.groups == name]
