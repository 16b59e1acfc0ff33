"""The visitor of the demo clip: one character made on purpose, not drawn at random.

Flow: `Look` names every choice (build, skin, hair, brows, clothes); `make_visitor` builds the body with small
random details from the seed, dresses it in plain cloth, and returns a `Character` as `character` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from . import hair, paint
from . import pieces as pc
from .assets import Library
from .body import BODY_VERTICES, Body, apply_targets, detail_weights, macro_weights
from .character import Character, _trunk
from .garments import Style, Wardrobe
from .obstacle import arm_points
from .pose import Poser
from .rig import Rig


_FRIENDLY = {
    "eyes/l-eye-scale-incr": 0.15, "eyes/r-eye-scale-incr": 0.15,
    "head/head-scale-horiz-incr": 0.2, "head/head-scale-vert-decr": 0.1, "head/head-oval": 0.4,
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What the visitor looks like; colours are sRGB 0..255."""

    age_years: float = 27.0
    male: float = 0.05
    race: dict = field(default_factory=lambda: {"caucasian": 0.4, "african": 0.45, "asian": 0.15})
    muscle: float = 0.5
    weight: float = 0.45
    detail: float = 0.3  # share of the usual spread of face and body details
    skin: tuple = (164, 115, 87)
    lips: tuple = (150, 72, 66)
    hair: str = "short01"  # a hair mesh, or a kind of shell hair
    hair_color: tuple = (38, 27, 22)
    brow: int = 6
    iris: tuple = (72, 44, 26)
    top: tuple = (22, 138, 132)
    shirt: tuple = (238, 234, 226)  # below the top
    trousers: tuple = (52, 60, 84)
    sleeve: float = 1.9  # arm units, see garments.Style
    neck: str = "crew"
    morphs: dict = field(default_factory=lambda: dict(_FRIENDLY))  # further morph targets and strengths


def make_visitor(library: Library, rig: Rig, seed: int, look: Look) -> Character:
    """The dressed visitor; `seed` draws what the look leaves open."""
    rng = np.random.default_rng([seed, 11])
    body = _body(library, rig, rng, look)
    wardrobe = Wardrobe(library, rig, body)
    _soft_chest(wardrobe)
    tone = np.array(look.skin, float)
    skin = paint.skin_colors(library, rig, body, wardrobe.normals, rng, tone, 0.25 if look.male > 0.5 else 0.0)
    lips = paint.lip_mask(library)[:BODY_VERTICES, None] * 0.5
    skin = skin * (1 - lips) + paint.linear(look.lips) * lips
    style = Style(look.sleeve, look.neck, 0.012, 0.011, -0.16, 0.003)
    top_field, leg_field = wardrobe.top_field(style), wardrobe.trousers_field()
    arm = sum(wardrobe.regions.share[n] for n in ("arm_r", "arm_l", "hand_r", "hand_l"))
    top = wardrobe.grow(top_field, style.loose_m * (1 - arm) + style.sleeve_loose_m * arm, 12, style.folds_m, rng, True)
    legs = wardrobe.grow(leg_field, np.full(BODY_VERTICES, 0.004), 4, 0.001, rng, False)
    hair_color = paint.linear(look.hair_color)
    under_field = np.minimum(top_field + 0.011, 0.04 - top_field)  # a shirt below: shows at the collar and the cuffs
    under = wardrobe.grow(under_field, np.full(BODY_VERTICES, 0.004), 3, 0.0, rng, True)
    under.tex[..., 0] = under.tex[..., 0] % 100.0 + 300.0
    parts = [wardrobe.body_piece(skin, np.zeros(0, int), [top_field + 0.011, leg_field]), top, under, legs]
    parts.append(hair.eyes(library, rig, body, paint.linear(look.iris)))
    brow = f"eyebrows/eyebrow{look.brow:03d}/eyebrow{look.brow:03d}"
    parts.append(hair.face_cards(library, rig, body, brow, pc.BROW, hair_color * 0.8))
    surface = hair.head_surface(library, rig, body, wardrobe.faces, wardrobe.normals)
    if look.hair in hair.MESHES:
        parts += hair.style_shells(surface, rng, hair_color, "cap")
        parts += _full_hair(hair.mesh_hair(library, rig, body, look.hair, hair_color), hair.skull_frame(rig, body)[0])
    else:
        parts += hair.style_shells(surface, rng, hair_color, look.hair)
    skull, half = hair.skull_frame(rig, body)
    arms = {}
    for s in "RL":
        index = arm_points(rig.weights[:BODY_VERTICES], rig.names, s)
        arms[s] = (body.base[index], rig.weights[index])
    poser = Poser(rig, body, *_trunk(rig, body, wardrobe, top.rest, parts), arms)
    words = {"hair": look.hair, "clothes": {"sleeve": look.sleeve, "neck": look.neck}}
    return Character(0, body, pc.assemble(parts), _cloth(rng, look), words, poser, skull, half)


def _soft_chest(wardrobe: Wardrobe, sigma_m: float = 0.032) -> None:
    """Even out the chest below the clothes, as underwear and cloth do: depths become their neighbourhood's mean."""
    p, n = wardrobe.points, wardrobe.normals
    top = wardrobe.at("upperarm01.R")[1] - 0.03
    height = np.clip(np.minimum(top - p[:, 1], p[:, 1] - (top - 0.30)) / 0.06, 0, 1)
    mask = height * np.clip(n[:, 2] / 0.5, 0, 1) * np.clip((wardrobe.regions.share["trunk"] - 0.4) * 2, 0, 1)
    chosen = np.where(mask > 0)[0]
    near = np.where((n[:, 2] > 0) & (wardrobe.regions.share["trunk"] > 0.4) & (p[:, 2] > wardrobe.at("spine02")[2]))[0]
    corners = p[wardrobe.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    share = np.bincount(wardrobe.faces.ravel(), np.repeat(area, 3), len(p))[near]
    apart = ((p[chosen, None, :2] - p[None, near, :2]) ** 2).sum(2)
    weight = np.exp(-apart / (2 * sigma_m**2)) * share
    soft = p.copy()
    soft[chosen, 2] += mask[chosen] * (weight @ p[near, 2] / weight.sum(1) - p[chosen, 2])
    wardrobe.points = soft
    wardrobe.normals = pc.vertex_normals(soft, wardrobe.faces)


def _full_hair(outer: pc.Piece, centre: np.ndarray) -> list[pc.Piece]:
    """A hair mesh and a darker copy just below it: what shows between strands is hair, not scalp."""
    inner = replace(outer, rest=centre + (outer.rest - centre) * 0.985, color=outer.color * 0.75, tex=outer.tex + [0.137, 0.0])
    return [outer, inner]


def _body(library: Library, rig: Rig, rng: np.random.Generator, look: Look) -> Body:
    traits = {"age_years": look.age_years, "male": look.male, "muscle": look.muscle, "weight": look.weight, "height": 0.5, "proportions": 0.85, "race": dict(look.race)}
    base = library.base.positions.copy()
    apply_targets(library, base, macro_weights(traits))
    apply_targets(library, base, {k: v * look.detail for k, v in detail_weights(library, rng).items()})
    apply_targets(library, base, look.morphs)
    base[:, 1] -= base[:BODY_VERTICES, 1].min()
    heads, tails = rig.joints(base)
    traits["stature_m"] = float(base[:BODY_VERTICES, 1].max())
    return Body(base, heads, tails, traits)


def _cloth(rng: np.random.Generator, look: Look) -> np.ndarray:
    """Plain knit: trunk, sleeves, legs, shirt (4,512,512,3) uint8."""
    n = paint.TEXTURE_PX
    y, x = np.mgrid[0:n, 0:n].astype(float)
    rib = np.sin(x * 2 * np.pi / 8) * 1.0
    layers = []
    for color in (look.top, look.top, look.trousers, look.shirt):
        layers.append(np.array(color, float) + rib[..., None] + cv2.GaussianBlur(rng.normal(0, 9.0, (n, n)), (0, 0), 1.2)[..., None])
    return np.clip(np.stack(layers), 0, 255).astype(np.uint8)
