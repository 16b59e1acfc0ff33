"""A character's body: random morphs of the base mesh over age, gender, ancestry, build and face.

What flows through: a random generator in; a morphed base mesh (19158,3) m, its joints and a dictionary of
the drawn traits out. Feet stand at y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assets import Library
from .rig import Rig

BODY_VERTICES = 13380  # base vertices after these are helpers (joint cubes, tights, skirt ...)

# Paired details "x-decr/x-incr" and the like, with the spread of their random strength.
_FACE_FOLDERS = {"nose": 0.33, "mouth": 0.28, "chin": 0.35, "cheek": 0.35, "forehead": 0.3, "eyebrows": 0.35, "eyes": 0.22, "ears": 0.3, "neck": 0.2}
_SKIP = ("trans", "nose-compression", "l-eye-push", "r-eye-push", "pointed", "neck-back")
_HEAD_SHAPES = ("diamond", "invertedtriangular", "oval", "rectangular", "round", "square", "triangular")


@dataclass
class Body:
    base: np.ndarray  # (19158,3) m
    heads: np.ndarray  # (B,3) m
    tails: np.ndarray  # (B,3) m
    traits: dict


def macro_weights(traits: dict) -> dict[str, float]:
    """Morph names and strengths of MakeHuman's macro sliders for age_years, male, muscle, weight, height, race."""
    age = traits["age_years"]
    if age < 25:
        ages = {"child": (25 - age) / 15, "young": (age - 10) / 15}
    else:
        ages = {"young": max(0.0, (90 - age) / 65), "old": min(1.0, (age - 25) / 65)}
    genders = {"male": traits["male"], "female": 1 - traits["male"]}

    def three(value: float, word: str) -> dict[str, float]:
        low, high = max(0.0, 1 - 2 * value), max(0.0, 2 * value - 1)
        return {f"min{word}": low, f"average{word}": 1 - low - high, f"max{word}": high}

    muscles, weights = three(traits["muscle"], "muscle"), three(traits["weight"], "weight")
    out: dict[str, float] = {}
    for gender, g in genders.items():
        for age_name, a in ages.items():
            for race, r in traits["race"].items():
                out[f"macrodetails/{race}-{gender}-{age_name}"] = g * a * r
            for muscle, m in muscles.items():
                for weight, w in weights.items():
                    stem = f"{gender}-{age_name}-{muscle}-{weight}"
                    out[f"macrodetails/universal-{stem}"] = g * a * m * w
                    tall = traits["height"]
                    word = "maxheight" if tall > 0.5 else "minheight"
                    out[f"macrodetails/height/{stem}-{word}"] = g * a * m * w * abs(2 * tall - 1)
                    shape = traits["proportions"]
                    word = "idealproportions" if shape > 0.5 else "uncommonproportions"
                    out[f"macrodetails/proportions/{stem}-{word}"] = g * a * m * w * abs(2 * shape - 1)
    return {k: v for k, v in out.items() if v > 1e-3}


def draw_traits(rng: np.random.Generator) -> dict:
    """Random macro traits: mostly adults, every build and ancestry."""
    kind = rng.random()
    age = rng.uniform(9, 17) if kind < 0.08 else rng.uniform(17, 45) if kind < 0.72 else rng.uniform(45, 82)
    male = float(rng.choice([rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0), rng.uniform(0.2, 0.8)], p=[0.42, 0.47, 0.11]))
    main = rng.choice(["caucasian", "african", "asian"])
    share = rng.dirichlet([1, 1, 1]) if rng.random() < 0.25 else np.array([main == n for n in ("caucasian", "african", "asian")], float)
    return {
        "age_years": float(age),
        "male": male,
        "muscle": float(np.clip(rng.normal(0.5, 0.2), 0.05, 1)),
        "weight": float(np.clip(rng.normal(0.55, 0.22), 0.05, 1)),
        "height": float(np.clip(rng.normal(0.5, 0.16), 0.1, 0.95)),
        "proportions": float(np.clip(rng.normal(0.6, 0.2), 0.1, 1)),
        "race": {n: float(s) for n, s in zip(("caucasian", "african", "asian"), share)},
    }


def detail_weights(library: Library, rng: np.random.Generator) -> dict[str, float]:
    """Random face and body details; left and right mostly agree."""
    pairs: dict[str, list[str]] = {}
    for name in library.target_names:
        folder, _, leaf = name.partition("/")
        if folder in _FACE_FOLDERS and not any(s in leaf for s in _SKIP):
            stem = leaf[2:] if leaf[:2] in ("l-", "r-") else leaf
            pairs.setdefault(f"{folder}/{stem.rsplit('-', 1)[0]}", []).append(name)
    out: dict[str, float] = {}
    for key in sorted(pairs):
        names = sorted(pairs[key])
        spread = _FACE_FOLDERS[key.split("/")[0]]
        strength = float(np.clip(rng.normal(0, spread), -0.8, 0.8))
        endings = sorted({n.rsplit("-", 1)[1] for n in names})
        chosen = endings[0] if strength < 0 or len(endings) == 1 else endings[-1]
        for n in names:
            if n.endswith("-" + chosen):
                out[n] = abs(strength)
    out[f"head/head-{rng.choice(_HEAD_SHAPES)}"] = float(rng.uniform(0, 0.7))
    for stem in ("head-scale-depth", "head-scale-horiz", "head-scale-vert", "head-fat"):
        s = float(np.clip(rng.normal(0, 0.3), -0.8, 0.8))
        out[f"head/{stem}-{'incr' if s > 0 else 'decr'}"] = abs(s)
    for stem in ("shoulder-dist", "upperarm-circ", "neck-circ", "waist-circ", "bust-circ", "upperarm-length", "lowerarm-length", "neck-height"):
        s = float(np.clip(rng.normal(0, 0.3), -0.8, 0.8))
        out[f"measure/measure-{stem}-{'incr' if s > 0 else 'decr'}"] = abs(s)
    s = float(np.clip(rng.normal(0.1, 0.35), -0.8, 0.8))
    for side in "lr":
        out[f"armslegs/{side}-hand-scale-{'incr' if s > 0 else 'decr'}"] = abs(s) * 0.6
    known = set(library.target_names)
    return {k: v for k, v in out.items() if v > 0.02 and k in known}


def expression_weights(rng: np.random.Generator) -> dict[str, float]:
    """A random facial expression, mostly mild."""
    folder = "expression/units/caucasian/"
    out: dict[str, float] = {}
    mood = rng.random()
    if mood < 0.35:
        out["mouth-corner-puller"] = rng.uniform(0.2, 1.0)
        out["mouth-parling" if rng.random() < 0.5 else "mouth-part-later"] = rng.uniform(0, 0.5)
    elif mood < 0.55:
        out["mouth-open"] = rng.uniform(0.1, 0.6)
    elif mood < 0.65:
        out["mouth-pursing"] = rng.uniform(0.2, 0.8)
    elif mood < 0.75:
        out["mouth-depression"] = rng.uniform(0.2, 0.7)
    brow = rng.choice(["up", "down", "inner-up", "none"], p=[0.3, 0.1, 0.2, 0.4])
    if brow != "none":
        strength = rng.uniform(0, 0.7)
        for side in ("left", "right"):
            out[f"eyebrows-{side}-{brow}"] = strength
    closure = 1.0 if rng.random() < 0.06 else rng.uniform(0, 0.35)
    for side in ("left", "right"):
        out[f"eye-{side}-closure"] = closure
    return {folder + k: float(v) for k, v in out.items()}


def apply_targets(library: Library, base: np.ndarray, weights: dict[str, float]) -> None:
    """Add morph targets to base (V,3) in place."""
    for name in sorted(weights):
        index, move = library.target(name)
        base[index] += move * weights[name]


def make_body(library: Library, rig: Rig, rng: np.random.Generator) -> Body:
    """A random character without clothes or paint."""
    traits = draw_traits(rng)
    base = library.base.positions.copy()
    apply_targets(library, base, macro_weights(traits))
    apply_targets(library, base, detail_weights(library, rng))
    base[:, 1] -= base[:BODY_VERTICES, 1].min()
    heads, tails = rig.joints(base)
    traits["stature_m"] = float(base[:BODY_VERTICES, 1].max())
    return Body(base, heads, tails, traits)
