"""Colour: skin tones with lips, blush and freckles, eyes, hair, and cloth textures with patterns and prints.

All colours leave this module as linear light 0..1; textures as sRGB bytes.
"""

from __future__ import annotations

import cv2
import numpy as np

from .assets import Library
from .body import BODY_VERTICES, Body
from .hand import rest_axes
from .rig import Rig

TEXTURE_PX = 512
TEXTURE_M = 1.2  # one repeat of a cloth texture

_SKIN_ANCHORS = np.array([(60, 41, 32), (86, 57, 43), (120, 80, 58), (156, 108, 80), (190, 140, 110), (214, 168, 138), (230, 190, 163), (240, 206, 184)], float)
_HAIR = {"black": (18, 16, 16), "dark_brown": (44, 30, 22), "brown": (78, 52, 34), "light_brown": (112, 80, 52), "blond": (176, 140, 88), "pale_blond": (208, 184, 138), "red": (130, 56, 28), "grey": (128, 126, 124), "white": (206, 204, 200), "dyed": (0, 0, 0)}
_IRIS = ((62, 38, 22), (88, 58, 32), (50, 30, 18), (110, 84, 48), (84, 100, 72), (90, 118, 140), (120, 140, 150), (68, 96, 128))


def linear(srgb) -> np.ndarray:
    """sRGB 0..255 to linear light 0..1."""
    c = np.asarray(srgb, float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def draw_skin_tone(rng: np.random.Generator, race: dict) -> np.ndarray:
    """A base skin colour, sRGB 0..255; ancestry shifts the range, every tone can occur."""
    mean = 5.4 * race["caucasian"] + 4.4 * race["asian"] + 1.5 * race["african"]
    position = float(np.clip(rng.normal(mean, 1.1), 0, len(_SKIN_ANCHORS) - 1.001))
    k = int(position)
    tone = _SKIN_ANCHORS[k] * (1 - position + k) + _SKIN_ANCHORS[k + 1] * (position - k)
    warm = rng.normal(0, 1)
    return np.clip(tone * (1 + rng.normal(0, 0.02, 3)) + np.array([3.0, 0.5, -4.0]) * warm, 8, 250)


def _mask(library: Library, names: list[str], full_m: float) -> np.ndarray:
    """(19158,) 0..1: how strongly the named morph targets move each vertex."""
    out = np.zeros(len(library.base.positions))
    for name in names:
        index, move = library.target(name)
        out[index] = np.maximum(out[index], np.linalg.norm(move, axis=1))
    return np.clip(out / full_m, 0, 1)


def relative_mask(library: Library, names: list[str], sharp: float) -> np.ndarray:
    m = _mask(library, names, 1.0)
    m = m / max(m.max(), 1e-9)
    return np.clip((m - sharp) / (1 - sharp) * 1.6, 0, 1)


def skin_colors(library: Library, rig: Rig, body: Body, normals: np.ndarray, rng: np.random.Generator, tone: np.ndarray, beard_shadow: float) -> np.ndarray:
    """Linear colour (13380,3) of every body vertex."""
    base = linear(tone)
    light = float(base.mean())
    color = np.tile(base, (BODY_VERTICES, 1))
    p = body.base[:BODY_VERTICES]

    def tint(mask: np.ndarray, factor, strength: float) -> None:
        m = mask[:BODY_VERTICES, None] * strength
        color[:] = color * (1 - m) + color * np.asarray(factor) * m

    # broad blotches: no skin has one colour
    for _ in range(6):
        wave = np.sin(p @ (rng.normal(0, 1, 3) * rng.uniform(15, 70)) + rng.uniform(0, 6.3))
        color *= 1 + wave[:, None] * rng.normal(0, 0.012, 3)
    cheeks = relative_mask(library, ["cheek/l-cheek-volume-incr", "cheek/r-cheek-volume-incr"], 0.15)
    tint(cheeks, (1.12, 0.86, 0.84), rng.uniform(0.1, 0.8))
    nose = relative_mask(library, ["nose/nose-point-up", "nose/nose-flaring-incr"], 0.25)
    tint(nose, (1.1, 0.86, 0.84), rng.uniform(0.1, 0.7))
    ears = relative_mask(library, ["ears/l-ear-scale-incr", "ears/r-ear-scale-incr"], 0.2)
    tint(ears, (1.1, 0.85, 0.82), rng.uniform(0.2, 0.8))
    lids = relative_mask(library, ["expression/units/caucasian/eye-left-closure", "expression/units/caucasian/eye-right-closure"], 0.2)
    tint(lids, (0.82, 0.74, 0.74), rng.uniform(0.2, 0.9))
    bags = relative_mask(library, ["eyes/l-eye-bag-incr", "eyes/r-eye-bag-incr"], 0.2)
    tint(bags, (0.86, 0.8, 0.82), rng.uniform(0.0, 0.7))
    jaw = relative_mask(library, ["chin/chin-jaw-drop-incr", "mouth/mouth-trans-down"], 0.25)
    tint(jaw, (0.72, 0.76, 0.8), beard_shadow)
    lips = lip_mask(library)
    makeup = rng.random() < 0.35 * (1 - body.traits["male"])
    if makeup:
        red = linear(rng.choice([(170, 40, 55), (190, 80, 90), (140, 30, 50), (200, 100, 95)]))
        strength = rng.uniform(0.4, 0.9)
        m = lips[:BODY_VERTICES, None] * strength
        color[:] = color * (1 - m) + red * m
    else:
        redder = np.array([0.92, 0.60, 0.60]) if light > 0.15 else np.array([0.95, 0.75, 0.78])
        tint(lips, redder * rng.uniform(0.85, 1.1), rng.uniform(0.5, 1.0))
    _paint_hands(color, rig, body, normals, light)
    return np.clip(color, 0.004, 0.95)


def _paint_hands(color: np.ndarray, rig: Rig, body: Body, normals: np.ndarray, light: float) -> None:
    """Palms are lighter on dark skin and redder on light skin; nails are paler, finger ends redder. In place."""
    dark = np.clip(1 - light / 0.25, 0, 1)
    pale = linear((206, 150, 126))
    for side in "RL":
        columns = [k for k, n in enumerate(rig.names) if n.endswith("." + side) and n.startswith(("wrist", "finger", "metacarpal"))]
        mine = rig.weights[:BODY_VERTICES, columns].sum(1) > 0.6
        palm = rest_axes(rig, body.heads, side)[2]
        facing = normals @ palm
        mask = (np.clip(facing * 1.6 - 0.1, 0, 1) * mine)[:, None]
        lighter = color * (1 - 0.55 * dark) + pale * 0.55 * dark
        color[:] = color * (1 - mask) + lighter * np.array([1.05, 0.93, 0.9]) * mask
        for k in range(1, 6):
            tip = body.tails[rig.index[f"finger{k}-3.{side}"]]
            gap = np.linalg.norm(body.base[:BODY_VERTICES] - tip, axis=1)
            flush = (np.clip(1 - gap / 0.022, 0, 1) * mine)[:, None] * 0.8
            color[:] = color * (1 - flush) + color * np.array([1.05, 0.86, 0.85]) * flush
            nail = (gap < 0.013) & (facing < -0.35) & mine
            color[nail] = color[nail] * 0.45 + linear((224, 176, 164)) * 0.55 * (0.5 + 0.5 * (1 - dark))


def lip_mask(library: Library) -> np.ndarray:
    """(19158,) 0..1 over the lips."""
    upper = relative_mask(library, ["mouth/mouth-upperlip-volume-incr"], 0.22)
    lower = relative_mask(library, ["mouth/mouth-lowerlip-volume-incr"], 0.22)
    return np.maximum(upper, lower)


def draw_hair_color(rng: np.random.Generator, traits: dict, tone: np.ndarray) -> tuple[str, np.ndarray]:
    """Name and linear colour; dark on dark skin mostly, grey with age."""
    if rng.random() < np.clip((traits["age_years"] - 42) / 40, 0, 0.85):
        name = str(rng.choice(["grey", "white", "grey"]))
    elif tone.mean() < 125 or traits["race"]["asian"] > 0.6:
        name = str(rng.choice(["black", "dark_brown", "brown", "dyed"], p=[0.66, 0.25, 0.06, 0.03]))
    else:
        name = str(rng.choice(["black", "dark_brown", "brown", "light_brown", "blond", "pale_blond", "red", "dyed"], p=[0.14, 0.24, 0.22, 0.13, 0.12, 0.05, 0.06, 0.04]))
    rgb = np.array(_HAIR[name], float)
    if name == "dyed":
        hsv = np.uint8([[[rng.integers(0, 180), rng.integers(90, 220), rng.integers(60, 220)]]])
        rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].astype(float)
    return name, linear(np.clip(rgb * rng.uniform(0.8, 1.2) + rng.normal(0, 3, 3), 5, 245))


def draw_iris(rng: np.random.Generator, tone: np.ndarray) -> np.ndarray:
    """Linear iris colour."""
    choices = _IRIS[:4] if tone.mean() < 140 else _IRIS
    return linear(np.array(choices[rng.integers(len(choices))]) * rng.uniform(0.8, 1.2))


def _cloth_color(rng: np.random.Generator) -> np.ndarray:
    """sRGB 0..255: neutrals often, any hue otherwise, skin-like tones sometimes."""
    kind = rng.random()
    if kind < 0.2:
        return np.full(3, rng.uniform(14, 60)) + rng.normal(0, 4, 3)
    if kind < 0.34:
        return np.full(3, rng.uniform(180, 245)) + rng.normal(0, 4, 3)
    if kind < 0.46:
        return np.full(3, rng.uniform(70, 170)) + rng.normal(0, 6, 3)
    if kind < 0.49:
        return np.array([rng.uniform(150, 225), rng.uniform(110, 180), rng.uniform(85, 150)])
    hsv = np.uint8([[[rng.integers(0, 180), int(rng.uniform(60, 235)), int(rng.uniform(45, 235))]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].astype(float)


def _pattern(rng: np.random.Generator, ground: np.ndarray) -> np.ndarray:
    """A repeating cloth pattern (512,512,3) float sRGB."""
    n = TEXTURE_PX
    image = np.tile(ground, (n, n, 1)).astype(float)
    y, x = np.mgrid[0:n, 0:n]
    kind = rng.choice(["plain", "stripes", "breton", "plaid", "dots", "camo", "zigzag", "heather", "letters"], p=[0.47, 0.09, 0.06, 0.1, 0.05, 0.04, 0.03, 0.07, 0.09])
    other = _cloth_color(rng)
    if kind in ("stripes", "breton"):
        period = n // int(rng.choice([8, 12, 16, 24, 32]))
        width = rng.uniform(0.15, 0.6) if kind == "stripes" else 0.25
        coordinate = y if kind == "breton" or rng.random() < 0.5 else x
        image[(coordinate % period) < period * width] = other
    elif kind == "plaid":
        for _ in range(int(rng.integers(2, 5))):
            period = n // int(rng.choice([4, 8, 8, 16]))
            shift, width, tint = rng.uniform(0, period), rng.uniform(0.06, 0.45), _cloth_color(rng)
            for coordinate in (x, y):
                on = ((coordinate + shift) % period) < period * width
                image[on] = image[on] * 0.5 + tint * 0.5
    elif kind == "dots":
        period = n // int(rng.choice([12, 16, 24]))
        dx, dy = (x % period) - period / 2, (y % period) - period / 2
        image[np.hypot(dx, dy) < period * rng.uniform(0.12, 0.32)] = other
    elif kind == "camo":
        for _ in range(3):
            blob = cv2.resize(rng.random((24, 24)).astype("f4"), (n, n), interpolation=cv2.INTER_CUBIC)
            image[blob > np.quantile(blob, 0.68)] = ground * 0.5 + _cloth_color(rng) * 0.5
    elif kind == "zigzag":
        period = n // 16
        image[((y + np.abs((x % period) - period / 2)) % period) < period * 0.4] = other
    elif kind == "heather":
        image += cv2.GaussianBlur(rng.normal(0, 30, (n, n, 1)), (0, 0), 1.0)[..., None] * 1.5
    elif kind == "letters":
        canvas = np.zeros((n, n), np.uint8)
        word = "".join(rng.choice(list("ABEHKMNORSTXZ"), rng.integers(3, 8)))
        for k in range(40):
            at = (int(rng.integers(-40, n)), int(k * n / 40))
            cv2.putText(canvas, word, at, cv2.FONT_HERSHEY_DUPLEX, rng.uniform(0.5, 0.8), 255, 1)
        image[canvas > 0] = other
    weave = rng.normal(0, 1, (n, n, 1)) * rng.uniform(1, 5)
    broad = cv2.resize(rng.normal(0, 1, (12, 12)), (n, n), interpolation=cv2.INTER_CUBIC) * rng.uniform(1, 5)
    return image + weave + broad[..., None]


def _print(rng: np.random.Generator, image: np.ndarray) -> None:
    """A print on the chest, in place: shapes, a face-like emblem, or words."""
    n = TEXTURE_PX
    px = n / TEXTURE_M
    # texture rows: t in metres, 0 at the shoulder line, growing upwards; the chest is 0.1 to 0.35 below
    cx, cy = int(rng.normal(0, 0.01) * px) + n // 2, n // 2 + int(rng.uniform(0.12, 0.26) * px)
    size = rng.uniform(0.04, 0.13) * px
    layer = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        tint = tuple(float(c) for c in _cloth_color(rng))
        x, y = int(cx + rng.normal(0, size * 0.45)), int(cy + rng.normal(0, size * 0.45))
        kind = rng.integers(5)
        if kind == 0:
            cv2.circle(layer, (x, y), int(size * rng.uniform(0.2, 0.9)), tint, -1 if rng.random() < 0.6 else 3, cv2.LINE_AA)
        elif kind == 1:
            w, h = int(size * rng.uniform(0.3, 1.2)), int(size * rng.uniform(0.1, 0.8))
            cv2.rectangle(layer, (x - w, y - h), (x + w, y + h), tint, -1 if rng.random() < 0.6 else 3, cv2.LINE_AA)
        elif kind == 2:
            points = np.int32(np.array([x, y]) + rng.normal(0, size * 0.6, (int(rng.integers(3, 9)), 2)))
            cv2.fillPoly(layer, [points], tint, cv2.LINE_AA)
        elif kind == 3:
            word = "".join(rng.choice(list("ABCDEFGHKLMNOPRSTUVXYZ"), rng.integers(2, 9)))
            scale = size * rng.uniform(0.012, 0.03)
            (w, h), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, scale, 2)
            cv2.putText(layer, word, (cx - w // 2, y + h // 2), cv2.FONT_HERSHEY_DUPLEX, scale, tint, max(1, int(scale * 3)), cv2.LINE_AA)
        else:  # a skull or a face: two dark holes in a light oval
            cv2.ellipse(layer, (cx, cy), (int(size * 0.7), int(size)), 0, 0, 360, tint, -1, cv2.LINE_AA)
            dark = tuple(float(c) for c in _cloth_color(rng) * 0.3)
            for side in (-1, 1):
                cv2.ellipse(layer, (int(cx + side * size * 0.3), int(cy - size * 0.15)), (int(size * 0.2), int(size * 0.16)), 0, 0, 360, dark, -1, cv2.LINE_AA)
            cv2.rectangle(layer, (int(cx - size * 0.3), int(cy + size * 0.45)), (int(cx + size * 0.3), int(cy + size * 0.58)), dark, -1)
    image[:] = layer


def _lanyard(rng: np.random.Generator, image: np.ndarray) -> None:
    """A ribbon round the neck with a badge, in place."""
    px, middle = TEXTURE_PX / TEXTURE_M, TEXTURE_PX // 2
    tint = tuple(float(c) for c in _cloth_color(rng))
    low = (middle + int(rng.normal(0, 0.01) * px), middle + int(rng.uniform(0.26, 0.4) * px))
    for side in (-1, 1):
        cv2.line(image, (int(middle + side * 0.075 * px), int(middle - 0.09 * px)), low, tint, int(rng.integers(3, 7)), cv2.LINE_AA)
    w, h = int(rng.uniform(0.025, 0.04) * px), int(rng.uniform(0.07, 0.1) * px)
    cv2.rectangle(image, (low[0] - w, low[1]), (low[0] + w, low[1] + h), (235.0, 236.0, 238.0), -1)
    cv2.rectangle(image, (low[0] - w // 2, low[1] + h // 5), (low[0] + w // 2, low[1] + h // 2), tuple(float(c) for c in _cloth_color(rng)), -1)


def cloth_textures(rng: np.random.Generator) -> np.ndarray:
    """Textures (4,512,512,3) uint8: trunk, sleeves, legs, shoes and extras. The middle is s = 0, t = 0."""
    ground = _cloth_color(rng)
    state = rng.bit_generator.state
    trunk = _pattern(rng, ground)
    rng.bit_generator.state = state
    sleeve = _pattern(rng, ground)
    if rng.random() < 0.04:
        sleeve = _pattern(rng, _cloth_color(rng))
    if rng.random() < 0.42:
        _print(rng, trunk)
    if rng.random() < 0.07:  # an open jacket or buttons: a line down the front
        tint, width = _cloth_color(rng), int(rng.integers(2, 40))
        trunk[:, TEXTURE_PX // 2 - width : TEXTURE_PX // 2 + width] = tint
    if rng.random() < 0.09:
        _lanyard(rng, trunk)
    denim = np.array([rng.uniform(30, 80), rng.uniform(45, 95), rng.uniform(80, 140)])
    legs = _pattern(rng, denim) if rng.random() < 0.5 else np.tile(_cloth_color(rng), (TEXTURE_PX, TEXTURE_PX, 1)).astype(float)
    legs = legs + rng.normal(0, 5, (TEXTURE_PX, TEXTURE_PX, 1))
    shoes = np.tile(_cloth_color(rng) * 0.7, (TEXTURE_PX, TEXTURE_PX, 1))
    return np.clip(np.stack([trunk, sleeve, legs, shoes]), 0, 255).astype(np.uint8)
