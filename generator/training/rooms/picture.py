"""One background from a seed and an index: build a room, cast it, light it, blur it, develop it."""

from __future__ import annotations

import cv2
import numpy as np

from . import outdoors, surfaces
from .furnish import furnish
from .solids import FAR, Plane, cast, shadowed
from .surfaces import PX_PER_M, grey, hue
from .things import Portraits, content, curtain, hang

WIDTH, HEIGHT = 384, 288
_CAST = 1.5  # cast at this many times the stored size


def make_picture(seed: int, index: int, portraits: Portraits) -> np.ndarray:
    """Background `index` of a seed: (288,384,3) uint8 sRGB."""
    rng = np.random.default_rng([seed, 3, index])
    kind = rng.choice(["room", "outdoor", "plain", "flat"], p=[0.82, 0.08, 0.06, 0.04])
    h, w = int(HEIGHT * _CAST), int(WIDTH * _CAST)
    if kind == "room":
        image = room(rng, h, w, portraits)
    elif kind == "outdoor":
        image = cv2.GaussianBlur(outdoors.view(rng, h, w), (0, 0), float(rng.uniform(0.5, 7)))
    elif kind == "plain":
        image = surfaces.plain(rng, h, w, hue(rng, (10, 200), (30, 240)) if rng.random() < 0.5 else grey(rng, 20, 245))
        image = image * _falloff(rng, h, w)
    else:
        image = content(rng, portraits, h, w, people=False)
    return develop(rng, image)


def room(rng: np.random.Generator, h: int, w: int, portraits: Portraits) -> np.ndarray:
    """A furnished, lit room, linear (h,w,3)."""
    width, depth, height = rng.uniform(2.6, 7.0), rng.uniform(1.3, 6.0), rng.uniform(2.3, 3.2)
    walls = _walls(rng, width, depth, height, portraits)
    solids = walls + furnish(rng, width * 0.92, depth, portraits)
    eye = np.array([rng.uniform(-0.25, 0.25) * width, rng.uniform(0.85, 1.75), rng.uniform(-0.3, 0.2)], np.float32)
    rays = _rays(rng, h, w)
    s = cast(eye, rays, solids)
    lamps = _lights(rng, width, depth, height)
    light = np.zeros((h, w, 3), np.float32) + rng.uniform(0.10, 0.5) * _tint(rng, 0.2)
    for k, (place, color) in enumerate(lamps):
        to = place - s.position
        d = np.sqrt(np.einsum("hwc,hwc->hw", to, to))[..., None]
        facing = np.clip(np.einsum("hwc,hwc->hw", s.normal, to)[..., None] / np.maximum(d, 1e-3), 0, 1)
        strength = facing / (0.6 + 0.35 * d * d)
        if k == 0:
            dark = shadowed((s.position + s.normal * 0.01)[::2, ::2], place, s.boxes)
            dark = cv2.resize(cv2.GaussianBlur(dark, (0, 0), 1.2), (w, h))
            strength = strength * (1 - 0.75 * dark[..., None])
        light += strength * color
    image = s.albedo * light * _crevices(s.distance)[..., None] + s.emission
    image[s.distance >= FAR] = 0.3
    blur = rng.uniform(0, 1)
    if blur < 0.25:  # a shallow lens: all that lies far is soft
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.5, 9)))
    elif blur < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 1.6)))
    return image


def _walls(rng, width, depth, height, portraits) -> list:
    def paint(length: float, tall: float, maker) -> np.ndarray:
        return np.ascontiguousarray(maker(rng, int(tall * PX_PER_M), int(length * PX_PER_M)).astype(np.float32))

    x0, x1 = -width / 2, width / 2
    z0 = -0.4  # nothing behind the camera is seen
    base = rng.bit_generator.state
    same = rng.random() < 0.7
    back = paint(width, height, surfaces.wall)
    shine = np.zeros_like(back)
    hang(rng, back, shine, portraits)
    if rng.random() < 0.06:
        curtain(rng, back, shine, 0, back.shape[1], 0)
    _skirting(rng, back)
    sides = []
    for _ in range(2):
        if same:
            keep = rng.bit_generator.state
            rng.bit_generator.state = base
            rng.random()
            side = paint(depth - z0, height, surfaces.wall)
            rng.bit_generator.state = keep
        else:
            side = paint(depth - z0, height, surfaces.wall)
        glow = np.zeros_like(side)
        hang(rng, side, glow, portraits)
        _skirting(rng, side)
        sides.append((side, glow))
    ground = paint(width, depth - z0, surfaces.floor)
    ceiling = paint(width, depth - z0, lambda r, a, b: surfaces.plain(r, a, b, grey(r, 180, 245, 3)) if r.random() < 0.8 else surfaces.tiles(r, a, b, 0.6))
    v = lambda *a: np.array(a, np.float32)  # noqa: E731
    return [
        Plane(v(x0, height, depth), v(1, 0, 0), v(0, -1, 0), (width, height), back, shine),
        Plane(v(x0, height, z0), v(0, 0, 1), v(0, -1, 0), (depth - z0, height), *sides[0]),
        Plane(v(x1, height, depth), v(0, 0, -1), v(0, -1, 0), (depth - z0, height), *sides[1]),
        Plane(v(x0, 0, depth), v(1, 0, 0), v(0, 0, -1), (width, depth - z0), ground),
        Plane(v(x0, height, depth), v(1, 0, 0), v(0, 0, -1), (width, depth - z0), ceiling),
    ]


def _skirting(rng, wall: np.ndarray) -> None:
    if rng.random() < 0.7:
        wall[-int(0.08 * PX_PER_M) :] = grey(rng, 120, 245)


def _rays(rng, h: int, w: int) -> np.ndarray:
    tan_x = np.tan(np.deg2rad(rng.uniform(45, 80)) / 2)
    yaw, pitch, roll = rng.normal(0, 0.28), np.clip(rng.normal(-0.03, 0.13), -0.4, 0.35), rng.normal(0, 0.04)
    x, y = np.meshgrid(np.linspace(-tan_x, tan_x, w, dtype=np.float32), np.linspace(tan_x * h / w, -tan_x * h / w, h, dtype=np.float32))
    d = np.stack([x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll), np.ones_like(x)], 2)
    d = d @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]], np.float32)
    d = d @ np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]], np.float32)
    return (d / np.linalg.norm(d, axis=2, keepdims=True)).astype(np.float32)


def _tint(rng, spread: float) -> np.ndarray:
    warm = rng.normal(0.1, spread)
    return np.clip(np.array([1 + 0.35 * warm, 1 + 0.03 * warm, 1 - 0.4 * warm], np.float32), 0.2, 2)


def _lights(rng, width, depth, height) -> list:
    out = []
    for _ in range(int(rng.integers(1, 4))):
        place = np.array([rng.uniform(-0.5, 0.5) * width, rng.uniform(0.6, 1.0) * height, rng.uniform(-0.5, 0.95) * depth], np.float32)
        out.append((place, _tint(rng, 0.6) * rng.uniform(0.4, 2.0)))
    return out


def _crevices(distance: np.ndarray) -> np.ndarray:
    """Darkening where a pixel lies behind its surroundings: corners, gaps between books."""
    d = np.minimum(distance, 20).astype(np.float32)
    out = np.ones_like(d)
    for sigma in (2.0, 8.0):
        out -= 0.5 * np.clip((d - cv2.GaussianBlur(d, (0, 0), sigma)) / (0.06 * sigma), 0, 0.5)
    return np.clip(out, 0.4, 1)


def _falloff(rng, h: int, w: int) -> np.ndarray:
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / h
    r = np.hypot(x - rng.uniform(0, w / h), y - rng.uniform(0, 1))
    return np.clip(1.25 - rng.uniform(0.1, 0.7) * r, 0.2, 1.5)[..., None]


def develop(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Exposure, soft shoulder, sRGB, slight noise; down to the stored size."""
    level = float(np.quantile(image.mean(2), 0.7))
    wanted = np.exp(rng.normal(np.log(0.33), 0.45))
    image = image * np.clip(wanted / max(level, 1e-3), 0.15, 6.0)
    image = image / (1 + np.maximum(image - 0.6, 0) * 0.7)
    image = np.clip(image, 0, 1) ** (1 / 2.2)
    image = cv2.resize(image.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    grain = rng.standard_normal(image.shape, np.float32) * rng.uniform(0, 0.012)
    return np.clip((image + grain) * 255 + 0.5, 0, 255).astype(np.uint8)
