"""Painted surfaces: walls, floors, ceilings, wood, cloth. Images are float32 (H,W,3) linear light."""

from __future__ import annotations

import cv2
import numpy as np

PX_PER_M = 120


def linear(srgb) -> np.ndarray:
    """sRGB 0..255 to linear 0..1."""
    return (np.clip(np.asarray(srgb, np.float32), 0, 255) / 255) ** 2.2


def hue(rng: np.random.Generator, saturation=(40, 220), value=(40, 235)) -> np.ndarray:
    """A random colour, linear (3,)."""
    hsv = np.uint8([[[rng.integers(0, 180), int(rng.uniform(*saturation)), int(rng.uniform(*value))]]])
    return linear(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0])


def grey(rng: np.random.Generator, low: float, high: float, tint: float = 5) -> np.ndarray:
    return linear(np.full(3, rng.uniform(low, high)) + rng.normal(0, tint, 3))


def skin_like(rng: np.random.Generator) -> np.ndarray:
    """Colours that could be taken for skin: beige paint, pale wood, leather, terracotta."""
    t = rng.random()
    tone = np.array([236, 196, 168]) * t + np.array([112, 72, 52]) * (1 - t)
    return linear(tone + rng.normal(0, 8, 3))


def wood_color(rng: np.random.Generator) -> np.ndarray:
    tones = [(196, 150, 104), (150, 100, 62), (96, 62, 40), (60, 40, 30), (222, 190, 150), (176, 120, 84)]
    return linear(np.array(tones[rng.integers(len(tones))]) * rng.uniform(0.85, 1.12))


def smooth_noise(rng: np.random.Generator, h: int, w: int, cells: int) -> np.ndarray:
    """(H,W) about -1..1."""
    small = rng.normal(0, 0.6, (max(2, int(cells * h / w) + 2), cells + 2)).astype(np.float32)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)


def plain(rng: np.random.Generator, h: int, w: int, color: np.ndarray) -> np.ndarray:
    image = np.ones((h, w, 3), np.float32) * color
    image *= 1 + smooth_noise(rng, h, w, 5)[..., None] * rng.uniform(0.01, 0.06)
    return image * speckle(rng, h, w, 0.012)


def speckle(rng: np.random.Generator, h: int, w: int, strength: float) -> np.ndarray:
    """Fine noise about 1, (h,w,1): a small tile repeated, since nobody sees the repeat."""
    tile = (1 + rng.standard_normal((128, 128), np.float32) * strength)[..., None]
    return np.tile(tile, (h // 128 + 1, w // 128 + 1, 1))[:h, :w]


def wood(rng: np.random.Generator, h: int, w: int, color: np.ndarray | None = None, plank_m: float = 0.0, upright: bool = False) -> np.ndarray:
    """Grain along x (or y when upright), optionally in planks."""
    color = wood_color(rng) if color is None else color
    if upright:
        return np.ascontiguousarray(wood(rng, w, h, color, plank_m).transpose(1, 0, 2))
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / PX_PER_M
    warp = smooth_noise(rng, h, w, 6) * 0.05
    rings = np.sin((y + warp) * rng.uniform(60, 160)) * 0.5 + np.sin((y + warp * 2) * rng.uniform(200, 420)) * 0.3
    image = color * (1 + 0.10 * rings[..., None])
    if plank_m > 0:
        row = (y / plank_m).astype(int)
        shift = (row * 0.377) % 1.0
        cell = row * 31 + ((x / (plank_m * 8)) + shift).astype(int) * 17
        tone = 1 + 0.16 * np.sin(cell * 12.9898) * np.cos(cell * 3.7)
        image = image * tone[..., None]
        seam = (y % plank_m) < 0.006
        image[seam] *= 0.55
    return image.astype(np.float32)


def bricks(rng, h, w) -> np.ndarray:
    color = [linear((150, 82, 62)), linear((190, 170, 150)), linear((230, 228, 222)), linear((110, 70, 60))][rng.integers(4)]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / PX_PER_M
    row = (y / 0.075).astype(int)
    column = ((x + 0.11 * (row % 2)) / 0.22).astype(int)
    tone = 1 + 0.22 * np.sin(row * 78.233 + column * 12.9898)
    image = color * tone[..., None] * (1 + 0.12 * smooth_noise(rng, h, w, 80)[..., None])
    joint = ((y % 0.075) < 0.012) | (((x + 0.11 * (row % 2)) % 0.22) < 0.012)
    image[joint] = color * 0.4 + 0.25
    return image.astype(np.float32)


def tiles(rng, h, w, size_m: float | None = None) -> np.ndarray:
    size = rng.uniform(0.1, 0.5) if size_m is None else size_m
    a = grey(rng, 120, 240, 10) if rng.random() < 0.6 else hue(rng, (10, 120), (100, 235))
    b = a * rng.uniform(0.75, 1.1) if rng.random() < 0.75 else grey(rng, 20, 60)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / PX_PER_M
    even = ((y / size).astype(int) + (x / size).astype(int)) % 2
    image = np.where(even[..., None] == 1, a, b) * (1 + 0.05 * smooth_noise(rng, h, w, 30)[..., None])
    joint = ((y % size) < 0.008) | ((x % size) < 0.008)
    image[joint] = image[joint] * 0.5 + 0.12
    return image.astype(np.float32)


def wallpaper(rng, h, w) -> np.ndarray:
    a = hue(rng, (10, 110), (120, 240))
    b = a * rng.uniform(0.6, 1.25) if rng.random() < 0.6 else hue(rng, (20, 160), (80, 240))
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / PX_PER_M
    kind, p = rng.integers(4), rng.uniform(0.06, 0.3)
    if kind == 0:
        on = (x % p) < p * rng.uniform(0.2, 0.6)
    elif kind == 1:
        on = np.hypot((x % p) - p / 2, ((y + (x / p).astype(int) % 2 * p / 2) % p) - p / 2) < p * rng.uniform(0.15, 0.4)
    elif kind == 2:
        on = (np.abs((x % p) - p / 2) + np.abs((y % p) - p / 2)) < p * rng.uniform(0.2, 0.45)
    else:
        on = (np.sin(x / p * 6.28 + 2 * np.sin(y / p * 3.1)) + np.sin(y / p * 6.28)) > 0.4
    return (np.where(on[..., None], b, a) * (1 + 0.03 * smooth_noise(rng, h, w, 8)[..., None])).astype(np.float32)


def panels(rng, h, w) -> np.ndarray:
    """Wall panels or an acoustic grid with shadow lines."""
    color = [grey(rng, 140, 235), wood_color(rng), hue(rng, (20, 120), (60, 200)), skin_like(rng)][rng.integers(4)]
    image = plain(rng, h, w, color)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / PX_PER_M
    px, py = rng.uniform(0.1, 0.9), rng.uniform(0.3, 2.5)
    image[((x % px) < 0.012) | ((y % py) < 0.012)] *= 0.45
    image[((x % px) > px - 0.01) | ((y % py) > py - 0.01)] *= 1.25
    return image


def concrete(rng, h, w) -> np.ndarray:
    image = plain(rng, h, w, grey(rng, 100, 190, 3))
    return image * (1 + 0.14 * smooth_noise(rng, h, w, 30)[..., None] + 0.08 * smooth_noise(rng, h, w, 90)[..., None])


def wall(rng: np.random.Generator, h: int, w: int) -> np.ndarray:
    """A wall surface of any kind; painted plaster mostly."""
    kind = rng.choice(["white", "paint", "beige", "brick", "paper", "panel", "concrete", "tile", "wood", "dado"], p=[0.28, 0.2, 0.1, 0.07, 0.09, 0.07, 0.05, 0.04, 0.05, 0.05])
    if kind == "white":
        return plain(rng, h, w, grey(rng, 170, 245, 4))
    if kind == "paint":
        return plain(rng, h, w, hue(rng, (15, 150), (70, 235)))
    if kind == "beige":
        return plain(rng, h, w, skin_like(rng))
    if kind == "dado":
        image = plain(rng, h, w, grey(rng, 180, 245))
        cut = int(h * rng.uniform(0.5, 0.72))
        image[cut:] = panels(rng, h - cut, w)
        image[cut : cut + 5] *= 0.6
        return image
    makers = {"brick": bricks, "paper": wallpaper, "panel": panels, "concrete": concrete, "tile": tiles, "wood": lambda r, a, b: wood(r, a, b, None, 0.12, bool(r.random() < 0.5))}
    return makers[str(kind)](rng, h, w)


def floor(rng: np.random.Generator, h: int, w: int) -> np.ndarray:
    kind = rng.random()
    if kind < 0.5:
        image = wood(rng, h, w, None, rng.uniform(0.08, 0.2))
    elif kind < 0.75:
        image = plain(rng, h, w, hue(rng, (10, 120), (30, 170)))
        image *= speckle(rng, h, w, 0.08)
    else:
        image = tiles(rng, h, w, rng.uniform(0.2, 0.6))
    if rng.random() < 0.4:  # a rug
        x0, y0 = int(rng.uniform(0.1, 0.5) * w), int(rng.uniform(0.1, 0.5) * h)
        x1, y1 = x0 + int(w * 0.4), y0 + int(h * 0.4)
        image[y0:y1, x0:x1] = wallpaper(rng, y1 - y0, x1 - x0)
    return image
