"""Hair: shells of noise over the scalp and jaw, MakeHuman's hair meshes, brows, lashes, eyes.

Shell hair is a stack of copies of the scalp, each further out and thinner, which gives soft ragged edges:
buzz cuts, short hair, curls, afros, beards. Long hair comes from the fitted meshes; their alpha textures are
absent, so strands are cut by noise along the card.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from . import pieces as pc
from .assets import Library
from .body import BODY_VERTICES, Body
from .paint import lip_mask, relative_mask
from .rig import Rig

MESHES = ("short01", "short02", "short03", "short04", "bob01", "bob02", "long01", "braid01", "ponytail01", "afro01")
LONG_MESHES = ("bob01", "bob02", "long01", "braid01", "ponytail01")

# Hairline: elevation (deg) above which hair grows, by azimuth (deg) from the face's front.
_AZIMUTH = np.array([0, 25, 42, 55, 66, 76, 86, 100, 118, 140, 160, 180.0])
_HAIRLINE = np.array([42, 41, 36, 27, 2, -8, 6, 8, -14, -34, -42, -44.0])


def skull_frame(rig: Rig, body: Body) -> tuple[np.ndarray, float]:
    """Centre of the skull (between and above the ears) and its half width, m."""
    head_weight = rig.weights[:BODY_VERTICES, rig.index["head"]] > 0.9
    p = body.base[:BODY_VERTICES][head_weight]
    eyes = 0.5 * (body.heads[rig.index["eye.R"]] + body.heads[rig.index["eye.L"]])
    top = p[:, 1].max()
    band = p[np.abs(p[:, 1] - eyes[1] - 0.02) < 0.03]
    z = 0.5 * (np.quantile(band[:, 2], 0.99) + band[:, 2].min())
    centre = np.array([0.0, eyes[1] + 0.18 * (top - eyes[1]), z])
    above_ears = p[np.abs(p[:, 1] - (eyes[1] + 0.55 * (top - eyes[1]))) < 0.03]
    return centre, float(np.abs(above_ears[:, 0]).max())


@dataclass
class Surface:
    """The head's skin, refined: what hair grows on. Azimuth (V,) 0 in front .. 180; elevation (V,); degrees."""

    points: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    follow: sparse.csr_matrix
    azimuth: np.ndarray
    elevation: np.ndarray
    ear: np.ndarray
    lips: np.ndarray


def head_surface(library: Library, rig: Rig, body: Body, faces: np.ndarray, normals: np.ndarray) -> Surface:
    columns = [rig.index[n] for n in ("head", "jaw", "neck03")]
    head = rig.weights[:BODY_VERTICES][:, columns].sum(1)
    ear = relative_mask(library, ["ears/l-ear-trans-up", "ears/r-ear-trans-up"], 0.3)
    lips = lip_mask(library)
    centre, _ = skull_frame(rig, body)
    base = body.base[:BODY_VERTICES]
    radius = np.linalg.norm(base - centre, axis=1)
    inside = (radius < 0.055) & (np.abs(base[:, 0]) < 0.04)  # mouth and eye sockets
    chosen = (head[faces] > 0.6).all(1) & (ear[:BODY_VERTICES][faces] < 0.9).any(1) & ~inside[faces].any(1)
    matrix, refined = pc.refine(faces[chosen], base, 0.011, 3)
    points = matrix @ base
    n = matrix @ normals
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    d = points - centre
    return Surface(
        points, n, refined, (matrix @ rig.weights[:BODY_VERTICES]).astype(np.float32),
        sparse.csr_matrix((matrix.data, matrix.indices, matrix.indptr), (matrix.shape[0], pc.BASE_VERTICES)),
        np.rad2deg(np.abs(np.arctan2(d[:, 0], d[:, 2]))), np.rad2deg(np.arctan2(d[:, 1], np.hypot(d[:, 0], d[:, 2]))),
        matrix @ ear[:BODY_VERTICES], matrix @ lips[:BODY_VERTICES],
    )  # fmt: skip


def scalp_field(s: Surface, rng: np.random.Generator, recede: float) -> np.ndarray:
    """(V,) degrees above the hairline."""
    line = np.interp(s.azimuth, _AZIMUTH, _HAIRLINE + rng.normal(0, 1.5, len(_AZIMUTH)))
    front = np.clip(1 - s.azimuth / 60, 0, 1)
    corner = np.exp(-(((s.azimuth - 38) / 14) ** 2))
    field = s.elevation - line - recede * (18 * front + 16 * corner)
    return np.where(s.ear > 0.75, np.minimum(field, -8), field)


def shells(s: Surface, field: np.ndarray, length_m: np.ndarray, comb: np.ndarray, color: np.ndarray, count: int) -> list[pc.Piece]:
    """Copies of the surface where field > 0, moved out by up to length_m (V,) and leaning along comb (V,3)."""
    keep = (field[s.faces] > 0).any(1)
    used, inverse = np.unique(s.faces[keep], return_inverse=True)
    local = inverse.reshape(-1, 3)
    p, n = s.points[used], s.normals[used]
    way = n + comb[used]
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    out = []
    for k in range(count):
        h = (k + 0.4) / count
        rest = p + n * 0.0012 + way * (length_m[used] * h)[:, None]
        fade = np.clip(field[used] / 6.0, -0.2, 1) * (1.15 - 0.15 * h)
        colors, tex = np.tile(color, (len(used), 1)), np.zeros((len(local), 3, 2))
        out.append(pc.Piece(rest, s.weights[used], local, np.full(len(local), pc.HAIR), np.full(len(local), pc.SHELL_HAIR), colors, tex, fade, np.full(len(used), h), s.follow[used]))
    return out


def style_shells(s: Surface, rng: np.random.Generator, color: np.ndarray, kind: str) -> list[pc.Piece]:
    """Scalp hair. kind: buzz, short, quiff, curly, afro, receding, cap (a thin layer below a hair mesh)."""
    recede = rng.uniform(0.6, 1.3) if kind == "receding" else rng.uniform(-0.2, 0.35)
    field = scalp_field(s, rng, recede)
    top = np.clip((s.elevation + 5) / 45, 0, 1)
    span = {"buzz": (0.003, 0.007), "short": (0.012, 0.024), "quiff": (0.016, 0.03), "curly": (0.02, 0.04), "afro": (0.04, 0.085), "receding": (0.004, 0.015), "cap": (0.003, 0.004)}[kind]
    base = rng.uniform(*span)
    sides = {"afro": 0.95, "curly": 0.8, "buzz": 0.8, "cap": 1.0}.get(kind, rng.uniform(0.25, 0.7))
    length = base * (sides + (1 - sides) * top) * np.clip(field / 14 + 0.25, 0.2, 1)
    comb = np.zeros_like(s.points)
    if kind in ("short", "quiff"):
        way = rng.normal(0, 0.6, 3) * [1, 0.2, 1] + ([0, 0.3, 0.5] if kind == "quiff" else [0, -0.2, 0.3])
        comb = way * (0.4 + top[:, None] * 0.8)
        if kind == "quiff":
            front = np.clip(1 - s.azimuth / 70, 0, 1) * np.clip(field / 4, 0, 1) * np.clip(1 - field / 30, 0, 1)
            length = length * (1 + 0.7 * front)
    lumps = sum(np.sin(s.points @ (rng.normal(0, 1, 3) * rng.uniform(40, 110)) + rng.uniform(0, 6.3)) for _ in range(4)) / 4
    length = length * (1 + 0.35 * lumps)
    count = {"buzz": 3, "receding": 5, "cap": 1}.get(kind, 7 if base < 0.03 else 10)
    return shells(s, field, length, comb, color, count)


def beard_shells(s: Surface, rig: Rig, body: Body, rng: np.random.Generator, color: np.ndarray) -> list[pc.Piece]:
    """A beard, moustache, goatee or stubble (counts as hair)."""
    p = s.points
    mouth = p[s.lips > 0.3].mean(0)
    style = str(rng.choice(["full", "goatee", "moustache", "stubble"]))
    eye_y = body.heads[rig.index["eye.R"]][1]
    upper_edge = np.interp(s.azimuth, [0, 18, 30, 45, 60, 78, 90], mouth[1] + np.array([0.021, 0.016, 0.006, 0.0, 0.012, eye_y - mouth[1] - 0.01, eye_y - mouth[1]]))
    low = body.heads[rig.index["jaw"]][1] - 0.085
    field = np.minimum((upper_edge - p[:, 1]) * 400, (p[:, 1] - low) * 300)
    edge = {"goatee": 24, "moustache": 26}.get(style, 84)
    field = np.minimum(field, (edge - s.azimuth) * 1.2)
    if style == "moustache":
        field = np.minimum(field, (p[:, 1] - mouth[1] - 0.002) * 900)
    field = np.where((s.lips < 0.3) & (s.ear < 0.5), field, -2)
    length = rng.uniform(*{"stubble": (0.0012, 0.0025), "full": (0.006, 0.026), "goatee": (0.005, 0.015), "moustache": (0.004, 0.009)}[style])
    lengths = length * np.clip(0.5 + (mouth[1] + 0.02 - p[:, 1]) / 0.06, 0.4, 1.2)
    comb = np.tile([0.0, -0.5, 0.0], (len(p), 1))
    return shells(s, np.minimum(field, 12), lengths, comb, color, 2 if length < 0.004 else 5)


def mesh_hair(library: Library, rig: Rig, body: Body, name: str, color: np.ndarray) -> pc.Piece:
    """One of MakeHuman's hair meshes."""
    f = library.fitted(f"hair/{name}/{name}")
    points = f.fit(body.base)
    weights = np.einsum("vk,vkb->vb", np.clip(f.weight, 0, None), rig.weights[f.index])
    weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-6)
    faces = f.mesh.faces
    return pc.Piece(points, weights, faces, np.full(len(faces), pc.HAIR), np.full(len(faces), pc.CARD_HAIR), np.tile(color, (len(points), 1)), f.mesh.uv[f.mesh.face_uv], np.ones(len(points)), np.zeros(len(points)))


def eyes(library: Library, rig: Rig, body: Body, iris: np.ndarray) -> pc.Piece:
    """Both eyeballs; texture coordinates are the offset from the optical axis in eye radii."""
    f = library.fitted("eyes/low-poly/low-poly")
    points, faces = f.fit(body.base), f.mesh.faces
    tex = np.zeros((len(faces), 3, 2))
    weights = np.zeros((len(points), rig.weights.shape[1]), np.float32)
    part = np.full(len(faces), pc.HEAD)
    for side, chosen in (("R", points[:, 0] < 0), ("L", points[:, 0] >= 0)):
        k = rig.index[f"eye.{side}"]
        weights[chosen, k] = 1
        ball = points[chosen]
        centre = (ball.min(0) + ball.max(0)) / 2
        radius = (ball.max(0) - ball.min(0))[:2].mean() / 2
        mine = chosen[faces].all(1)
        offset = (points[faces[mine]] - centre) / radius
        xy = offset[..., :2].copy()
        behind = offset[..., 2] < 0.2
        xy[behind] = xy[behind] / np.maximum(np.linalg.norm(xy[behind], axis=-1, keepdims=True), 1e-6)
        tex[mine] = xy
    return pc.Piece(points, weights, faces, part, np.full(len(faces), pc.EYE), np.tile(iris, (len(points), 1)), tex, np.ones(len(points)), np.zeros(len(points)))


def face_cards(library: Library, rig: Rig, body: Body, relative: str, material: int, color: np.ndarray) -> pc.Piece:
    """Brow or lash cards."""
    f = library.fitted(relative)
    points, faces = f.fit(body.base), f.mesh.faces
    weights = np.zeros((len(points), rig.weights.shape[1]), np.float32)
    weights[:, rig.index["head"]] = 1
    return pc.Piece(points, weights, faces, np.full(len(faces), pc.HEAD), np.full(len(faces), material), np.tile(color, (len(points), 1)), f.mesh.uv[f.mesh.face_uv], np.ones(len(points)), np.zeros(len(points)), pc.carried_by(f.index, f.weight))
