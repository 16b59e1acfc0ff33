"""Clothes: fitted MakeHuman outfits, and tops and trousers grown from the body's own surface.

A grown garment is the body's surface moved out along its normals, smoothed so that it bridges hollows, and cut
by smooth fields (sleeve length, neckline, hem). It bends exactly as the body does, so it never pokes
through in any pose. The body below it is cut away by the same fields, with a margin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from . import pieces as pc
from .assets import Library
from .body import BODY_VERTICES, Body
from .regions import Regions, arm_position, make_regions, pattern_coordinates
from .rig import Rig

OUTFITS_MALE = ("male_casualsuit01", "male_casualsuit02", "male_casualsuit03", "male_casualsuit04", "male_casualsuit05", "male_casualsuit06", "male_elegantsuit01", "male_worksuit01")
OUTFITS_FEMALE = ("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01")


@dataclass
class Style:
    """A drawn top: sleeve in arm units (0 none, 1 elbow, 2 wrist), neckline, looseness in metres."""

    sleeve: float
    neck: str
    loose_m: float
    sleeve_loose_m: float
    hem_m: float
    folds_m: float


def draw_style(rng: np.random.Generator) -> Style:
    kind = rng.choice(["tee", "long", "sweater", "hoodie", "tank", "rolled"], p=[0.29, 0.22, 0.2, 0.12, 0.06, 0.11])
    sleeve = {"tee": rng.uniform(0.35, 0.85), "long": rng.uniform(1.85, 2.02), "sweater": rng.uniform(1.85, 2.1), "hoodie": rng.uniform(1.9, 2.1), "tank": 0.0, "rolled": rng.uniform(1.05, 1.65)}[kind]
    loose = {"tee": (0.006, 0.014), "long": (0.005, 0.012), "sweater": (0.01, 0.02), "hoodie": (0.015, 0.028), "tank": (0.004, 0.008), "rolled": (0.006, 0.014)}[kind]
    loose_m = rng.uniform(*loose)
    sleeve_loose = loose_m * rng.uniform(0.5, 0.95) + (0.008 if kind == "tee" else 0.0) * rng.random()
    necks = {"sweater": ["crew", "turtle", "vee"], "hoodie": ["crew", "turtle"], "tank": ["scoop"]}.get(kind, ["crew", "crew", "vee", "scoop"])
    return Style(float(sleeve), str(rng.choice(necks)), float(loose_m), float(sleeve_loose), float(rng.uniform(-0.12, 0.02)), float(rng.uniform(0.001, 0.005)))


def _laplacian(count: int, faces: np.ndarray) -> sparse.csr_matrix:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    a = sparse.csr_matrix((np.ones(len(edges), np.float32), (edges[:, 0], edges[:, 1])), (count, count))
    a.data[:] = 1
    return sparse.diags(1 / np.maximum(np.asarray(a.sum(1)).ravel(), 1)) @ a


def _ripple(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise (V,) about -1..1 for folds, from a few random waves."""
    out = np.zeros(len(points))
    for _ in range(7):
        k = rng.normal(0, 1, 3) * rng.uniform(18, 60)
        out += np.sin(points @ k + rng.uniform(0, 6.28)) / 3
    return out


class Wardrobe:
    """Dresses one body."""

    def __init__(self, library: Library, rig: Rig, body: Body):
        self.library, self.rig, self.body = library, rig, body
        self.points = body.base[:BODY_VERTICES]
        self.weights = rig.weights[:BODY_VERTICES]
        self.regions: Regions = make_regions(rig, self.weights)
        self.faces = library.group("body")
        self.normals = pc.vertex_normals(self.points, self.faces)
        self.arm_t = {s: arm_position(rig, body, self.points, s)[0] for s in "RL"}

    def at(self, bone: str) -> np.ndarray:
        return self.body.heads[self.rig.index[bone]]

    def top_field(self, style: Style) -> np.ndarray:
        """Signed field (V,) m: positive where the top covers."""
        p, share = self.points, self.regions.share
        neck = self.at("neck01")
        if style.neck == "turtle":
            axis = self.at("head") - neck
            height = (p - neck) @ axis / np.linalg.norm(axis)
            field = 0.55 * np.linalg.norm(axis) - height - 0.25 * np.maximum(p[:, 2] - neck[2], 0)
            field = np.minimum(field, 0.03 - share["head"] * 0.0)
            field = np.where(share["head"] > 0.97, np.minimum(field, 0.75 * np.linalg.norm(axis) - height), field)
        else:
            radius, forward, drop = {"crew": (0.082, 0.018, 0.01), "vee": (0.085, 0.02, 0.01), "scoop": (0.115, 0.045, 0.025)}[style.neck]
            centre = neck + np.array([0, -drop + 0.01, forward])
            field = np.minimum(np.linalg.norm((p - centre) * [0.95, 1.0, 0.8], axis=1) - radius, neck[1] + 0.045 - p[:, 1])
            if style.neck == "vee":
                front = p[:, 2] > neck[2] + 0.02
                wedge = np.abs(p[:, 0]) - 0.55 * (p[:, 1] - (neck[1] - 0.17))
                field = np.where(front, np.minimum(field, wedge), field)
        hem = self.at("upperleg01.R")[1] + 0.06 + style.hem_m
        field = np.minimum(field, p[:, 1] - hem)
        for s in "RL":
            arm = share[f"arm_{s.lower()}"] + share[f"hand_{s.lower()}"]
            if style.sleeve <= 0.05:
                field = np.minimum(field, np.where(arm > 0.02, (0.45 - arm) * 0.06, field))
            else:
                inside = (style.sleeve - self.arm_t[s]) * 0.27
                field = np.where(arm > 0.5, np.minimum(field, inside), field)
        skull = self.weights[:, [self.rig.index[n] for n in ("head", "jaw", "eye.R", "eye.L")]].sum(1)
        field = np.where(skull > 0.25, -0.05, field)
        return np.where(share["legs"] > 0.8, np.minimum(field, -0.01 + (p[:, 1] - hem) * (p[:, 1] > hem)), field)

    def trousers_field(self) -> np.ndarray:
        p, share = self.points, self.regions.share
        waist = self.at("spine05")[1] + 0.055
        ankle = self.at("foot.R")[1] + 0.05
        field = np.minimum(waist - p[:, 1], p[:, 1] - ankle)
        arms = sum(share[n] for n in ("arm_r", "arm_l", "hand_r", "hand_l"))
        return np.where(arms > 0.3, -0.05, field)

    def grow(self, field: np.ndarray, thickness: np.ndarray, smooth: int, folds_m: float, rng, trunk_part: bool) -> pc.Piece:
        """A garment over the body where field > 0; thickness (V,) m."""
        keep = (field[self.faces] > 0).any(1)
        faces = self.faces[keep]
        used, inverse = np.unique(faces, return_inverse=True)
        faces = inverse.reshape(-1, 3)
        p, n, least = self.points[used], self.normals[used], thickness[used]
        out = p + n * (least + folds_m * _ripple(p, rng))[:, None]
        relax = _laplacian(len(used), faces)
        for _ in range(smooth):
            out = 0.4 * out + 0.6 * (relax @ out)
        height = ((out - p) * n).sum(1)
        out = out + n * np.maximum(0, least * 0.7 - height)[:, None]
        part = Regions({k: v[used] for k, v in self.regions.share.items()}).face_parts(faces)
        part = np.where(part == pc.HEAD, pc.TRUNK, part)
        part = np.where(part == pc.HAND_R, pc.ARM_R, np.where(part == pc.HAND_L, pc.ARM_L, part))
        if trunk_part:
            part = np.where(part == pc.LEGS, pc.TRUNK, part)
        tex, layer = pattern_coordinates(self.rig, self.body, out, faces, part)
        if not trunk_part:
            layer[:] = 2
            part = np.where(part == pc.TRUNK, pc.LEGS, part)
        return _piece(out, self.weights[used], faces, part, tex, layer, field[used])

    def fitted(self, relative: str) -> tuple[pc.Piece, np.ndarray]:
        """A MakeHuman outfit as a piece, and the body vertices that it hides."""
        f = self.library.fitted(relative)
        points = f.fit(self.body.base)
        weights = np.einsum("vk,vkb->vb", np.clip(f.weight, 0, None), self.rig.weights[f.index])
        weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-6)
        part = make_regions(self.rig, weights).face_parts(f.mesh.faces)
        part = np.where(part == pc.HEAD, pc.TRUNK, part)
        part = np.where(part == pc.HAND_R, pc.ARM_R, np.where(part == pc.HAND_L, pc.ARM_L, part))
        tex, layer = pattern_coordinates(self.rig, self.body, points, f.mesh.faces, part)
        island = _islands(len(points), f.mesh.faces)
        for k in np.unique(island):
            chosen = island == k
            legs = np.isin(part[chosen], (pc.LEGS,)).mean()
            if legs > 0.45:
                layer[chosen] = 2
        return _piece(points, weights, f.mesh.faces, part, tex, layer, np.ones(len(points))), f.hidden

    def body_piece(self, color: np.ndarray, hidden_vertices: np.ndarray, covers: list[np.ndarray]) -> pc.Piece:
        """The skin: everything that no garment covers by more than a margin."""
        cut = np.full(BODY_VERTICES, 1.0)
        for field in covers:
            cut = np.minimum(cut, 0.015 - field)
        gone = np.zeros(BODY_VERTICES, bool)
        gone[hidden_vertices[hidden_vertices < BODY_VERTICES]] = True
        faces = self.faces[~gone[self.faces].all(1) & (cut[self.faces] > 0).any(1)]
        part = self.regions.face_parts(faces)
        tex = np.zeros((len(faces), 3, 2))
        return pc.Piece(self.points, self.weights, faces, part, np.full(len(faces), pc.SKIN), color, tex, cut, np.zeros(BODY_VERTICES), pc.carried_by(np.arange(BODY_VERTICES)))


def _islands(count: int, faces: np.ndarray) -> np.ndarray:
    """Connected component (F,) of each face."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    _, label = csgraph.connected_components(graph, directed=False)
    return label[faces[:, 0]]


def _piece(points, weights, faces, part, tex, layer, cut) -> pc.Piece:
    """Cloth with the texture layer folded into the coordinates: layer k lives at s + 100 k."""
    tex = tex.copy()
    tex[..., 0] += 100.0 * layer[:, None]
    return pc.Piece(points, weights, faces, part, np.full(len(faces), pc.CLOTH), np.ones((len(points), 3)), tex, cut, np.zeros(len(points)))
