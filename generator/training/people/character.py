"""One dressed character: body, clothes, hair, colours, assembled for drawing and posing.

A character depends only on its seed and id. Expressions change per sample, so the face is kept open: the
morphs of an expression move the body's vertices and whatever hangs on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import accessories, hair, paint
from . import pieces as pc
from .assets import Library
from .body import BODY_VERTICES, Body, make_body
from .garments import OUTFITS_FEMALE, OUTFITS_MALE, Wardrobe, draw_style
from .obstacle import arm_points
from .pose import Poser
from .rig import Rig


@dataclass
class Character:
    id: int
    body: Body
    mesh: pc.Assembled
    textures: np.ndarray  # (4,512,512,3) uint8
    look: dict  # what was drawn: hair, clothes, colours
    poser: Poser
    skull: np.ndarray  # (3,) m, rest
    head_half_width_m: float


def make_character(library: Library, rig: Rig, seed: int, character_id: int) -> Character:
    rng = np.random.default_rng([seed, 1, character_id])
    body = make_body(library, rig, rng)
    tone = paint.draw_skin_tone(rng, body.traits["race"])
    hair_name, hair_color = paint.draw_hair_color(rng, body.traits, tone)
    male = body.traits["male"] > rng.uniform(0.35, 0.65)
    beard = male and body.traits["age_years"] > 18 and rng.random() < 0.4
    wardrobe = Wardrobe(library, rig, body)
    skin = paint.skin_colors(library, rig, body, wardrobe.normals, rng, tone, rng.uniform(0.1, 0.7) if male and body.traits["age_years"] > 16 else 0.0)
    look = {"skin_srgb": [int(c) for c in tone], "hair_color": hair_name, "beard": bool(beard)}
    parts: list[pc.Piece] = []
    hidden = np.zeros(0, int)
    covers = []
    if rng.random() < 0.3:
        name = str(rng.choice(OUTFITS_MALE if male else OUTFITS_FEMALE))
        outfit, hidden = wardrobe.fitted(f"clothes/{name}/{name}")
        parts.append(outfit)
        look["clothes"] = name
        guard = outfit.rest
    else:
        style = draw_style(rng)
        top_field, leg_field = wardrobe.top_field(style), wardrobe.trousers_field()
        arm = sum(wardrobe.regions.share[n] for n in ("arm_r", "arm_l", "hand_r", "hand_l"))
        thickness = style.loose_m * (1 - arm) + style.sleeve_loose_m * arm
        top = wardrobe.grow(top_field, thickness, 5, style.folds_m, rng, True)
        parts.append(top)
        parts.append(wardrobe.grow(leg_field, np.full(BODY_VERTICES, rng.uniform(0.003, 0.006)), 4, 0.002, rng, False))
        covers = [top_field, leg_field]
        look["clothes"] = {"sleeve": round(style.sleeve, 2), "neck": style.neck, "loose_m": round(style.loose_m, 3)}
        guard = top.rest
    if rng.random() < 0.9:
        shoe = f"shoes0{rng.integers(1, 7)}"
        piece, covered = wardrobe.fitted(f"clothes/{shoe}/{shoe}")
        piece.tex[..., 0] = piece.tex[..., 0] % 100.0 % 1.0 + 300.0
        piece.part[:] = pc.LEGS
        parts.append(piece)
        hidden = np.concatenate([hidden, covered])
    parts.insert(0, wardrobe.body_piece(skin, hidden, covers))
    parts.append(hair.eyes(library, rig, body, paint.draw_iris(rng, tone)))
    brow = hair_color * 0.6 if hair_name != "dyed" else paint.linear((40, 30, 26))
    number = int(rng.integers(1, 13))
    parts.append(hair.face_cards(library, rig, body, f"eyebrows/eyebrow{number:03d}/eyebrow{number:03d}", pc.BROW, brow))
    surface = hair.head_surface(library, rig, body, wardrobe.faces, wardrobe.normals)
    look["hair"] = _add_hair(library, rig, body, surface, rng, male, hair_color, parts)
    if beard:
        parts += hair.beard_shells(surface, rig, body, rng, hair_color * rng.uniform(0.7, 1.1))
    look["wears"] = []
    if rng.random() < 0.24:
        parts += accessories.glasses(rig, body, rng)
        look["wears"].append("glasses")
    if rng.random() < 0.06:
        parts += accessories.headphones(rig, body, rng, 0.02 if look["hair"] in ("curly", "afro", "quiff") else 0.008)
        look["wears"].append("headphones")
    elif look["hair"] in ("bald", "buzz", "short", "receding") and rng.random() < 0.13:
        parts += accessories.headwear(surface, rig, body, rng)
        look["wears"].append("headwear")
    mesh = pc.assemble(parts)
    skull, half = hair.skull_frame(rig, body)
    trunk, trunk_weights = _trunk(rig, body, wardrobe, guard, parts)
    arms = {}
    for s in "RL":
        index = arm_points(rig.weights[:BODY_VERTICES], rig.names, s)
        arms[s] = (body.base[index], rig.weights[index])
    return Character(character_id, body, mesh, paint.cloth_textures(rng), look, Poser(rig, body, trunk, trunk_weights, arms), skull, half)


def _add_hair(library, rig, body, surface, rng, male, color, parts) -> str:
    args = (surface, rng, color)
    kinds = ["bald", "buzz", "short", "quiff", "curly", "afro", "receding", "mesh"]
    if body.traits["age_years"] < 20:
        chance = [0, 0.1, 0.3, 0.1, 0.1, 0.05, 0, 0.35]
    elif male:
        chance = [0.05, 0.12, 0.34, 0.17, 0.08, 0.05, 0.11, 0.08]
    else:
        chance = [0.005, 0.02, 0.09, 0.05, 0.11, 0.09, 0.005, 0.63]
    kind = str(rng.choice(kinds, p=np.array(chance) / sum(chance)))
    if kind == "bald":
        return kind
    if kind == "mesh":
        names = hair.MESHES if male else hair.LONG_MESHES
        name = str(rng.choice(names))
        parts += hair.style_shells(*args, "cap")
        parts.append(hair.mesh_hair(library, rig, body, name, color))
        return name
    parts += hair.style_shells(*args, kind)
    return kind


def _trunk(rig, body, wardrobe, guard, parts):
    """Rest points and weights of what arms must keep out of: the dressed trunk and the head."""
    share = wardrobe.regions.share
    solid = (share["arm_r"] + share["arm_l"] + share["hand_r"] + share["hand_l"] < 0.25) & (wardrobe.points[:, 1] > wardrobe.at("lowerleg01.R")[1] + 0.2)
    points, weights = [wardrobe.points[solid]], [wardrobe.weights[solid]]
    for piece in parts:
        if piece.rest is guard:
            names = [k for k, n in enumerate(rig.names) if n.startswith(("upperarm", "lowerarm", "wrist", "finger"))]
            near = (piece.weights[:, names].sum(1) < 0.25) & (piece.rest[:, 1] > wardrobe.at("lowerleg01.R")[1] + 0.2)
            points.append(piece.rest[near])
            weights.append(piece.weights[near])
    return np.concatenate(points), np.concatenate(weights)
