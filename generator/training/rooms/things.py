"""Flat things: pictures, posters, screens, windows, doors, shelves, whiteboards, curtains, clocks.

Each paints into a wall image (float32 linear, 120 px a metre) and, where it shines of itself, into an emission
image of the same size. Pictures and screens often show people and skin colours: they are the hard
negatives, for nobody in a picture on the wall may be taken for the visitor.
"""

from __future__ import annotations

import cv2
import numpy as np

from . import outdoors
from .surfaces import PX_PER_M, grey, hue, linear, plain, skin_like, smooth_noise, wood, wood_color


class Portraits:
    """Cut-outs of rendered people for pictures and screens; painted faces where none are given."""

    def __init__(self, rgba: np.ndarray | None):
        self.rgba = rgba  # (N,192,256,4) uint8 or None

    def picture(self, rng: np.random.Generator, h: int, w: int) -> np.ndarray:
        """Somebody before some ground, linear (h,w,3)."""
        ground = outdoors.view(rng, h, w) if rng.random() < 0.4 else plain(rng, h, w, hue(rng, (10, 160), (40, 230)))
        if self.rgba is None or rng.random() < 0.15:
            return _painted_face(rng, ground)
        image = np.asarray(self.rgba[int(rng.integers(len(self.rgba)))]).astype(np.float32) / 255
        if rng.random() < 0.5:
            image = image[:, ::-1]
        ys, xs = np.where(image[..., 3] > 0.5)
        if len(xs) < 50:
            return _painted_face(rng, ground)
        image = image[max(ys.min() - 4, 0) :, max(xs.min() - 4, 0) : xs.max() + 4]
        scale = max(h / image.shape[0], w / image.shape[1]) if rng.random() < 0.6 else min(h / image.shape[0], w / image.shape[1])
        size = (max(2, int(image.shape[1] * scale)), max(2, int(image.shape[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        y0, x0 = max(0, h - size[1]), (w - size[0]) // 2
        sx = max(0, -x0)
        part = image[: h - y0, sx : sx + w]
        x0 = max(0, x0)
        target = ground[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
        alpha = part[..., 3:]
        target[:] = target * (1 - alpha) + linear(part[..., :3] * 255) * alpha
        return ground


def _painted_face(rng, ground: np.ndarray) -> np.ndarray:
    h, w = ground.shape[:2]
    tone = skin_like(rng)
    cx, cy, r = w // 2, int(h * 0.45), min(h, w) * rng.uniform(0.15, 0.35)
    f = lambda c: tuple(float(v) for v in c)  # noqa: E731
    cv2.ellipse(ground, (cx, int(cy + r * 2.1)), (int(r * 1.7), int(r * 1.2)), 0, 0, 360, f(hue(rng)), -1, cv2.LINE_AA)
    cv2.ellipse(ground, (cx, int(cy - r * 0.1)), (int(r * 0.86), int(r * 1.1)), 0, 0, 360, f(linear((40, 28, 22))), -1, cv2.LINE_AA)
    cv2.ellipse(ground, (cx, int(cy + r * 0.1)), (int(r * 0.74), int(r)), 0, 0, 360, f(tone), -1, cv2.LINE_AA)
    for s in (-1, 1):
        cv2.ellipse(ground, (int(cx + s * r * 0.3), cy), (max(1, int(r * 0.14)), max(1, int(r * 0.08))), 0, 0, 360, (0.02, 0.02, 0.02), -1, cv2.LINE_AA)
    cv2.ellipse(ground, (cx, int(cy + r * 0.55)), (max(1, int(r * 0.25)), max(1, int(r * 0.07))), 0, 0, 360, f(tone * [0.8, 0.4, 0.4]), -1, cv2.LINE_AA)
    return ground


def content(rng: np.random.Generator, portraits: Portraits, h: int, w: int, people: bool = True) -> np.ndarray:
    """What a screen or poster may show, linear (h,w,3); without people where asked."""
    kind = rng.choice(["person", "landscape", "text", "skin", "blocks", "abstract", "dark", "video_call"], p=[0.22, 0.2, 0.17, 0.11, 0.09, 0.08, 0.07, 0.06])
    if not people and kind in ("person", "video_call"):
        kind = "abstract"
    if kind == "person":
        return portraits.picture(rng, h, w)
    if kind == "landscape":
        return outdoors.view(rng, h, w)
    if kind == "skin":
        image = plain(rng, h, w, skin_like(rng))
        y = np.linspace(1, rng.uniform(0.5, 1.1), h, dtype=np.float32)[:, None, None]
        return image * y
    if kind == "dark":
        return plain(rng, h, w, grey(rng, 5, 35))
    if kind == "blocks":
        image = plain(rng, h, w, hue(rng))
        for _ in range(int(rng.integers(2, 9))):
            x, y = int(rng.uniform(0, w)), int(rng.uniform(0, h))
            image[y : y + int(h * rng.uniform(0.1, 0.6)), x : x + int(w * rng.uniform(0.1, 0.6))] = hue(rng)
        return image
    if kind == "abstract":
        n = [smooth_noise(rng, h, w, int(rng.integers(2, 9))) for _ in range(3)]
        a, b = hue(rng), hue(rng)
        return np.clip(np.stack(n, 2) * 0.25 + a * (n[0][..., None] > 0) + b * (n[0][..., None] <= 0), 0, 1).astype(np.float32)
    if kind == "video_call":
        rows, columns = [(1, 2), (2, 2), (2, 3)][rng.integers(3)]
        image = np.ones((h, w, 3), np.float32) * 0.02
        for r in range(rows):
            for c in range(columns):
                th, tw = max(4, h // rows - 3), max(4, w // columns - 3)
                image[r * h // rows + 1 : r * h // rows + 1 + th, c * w // columns + 1 : c * w // columns + 1 + tw] = portraits.picture(rng, th, tw)[: h - r * h // rows - 1, : w - c * w // columns - 1]
        return image
    dark = rng.random() < 0.4
    image = plain(rng, h, w, grey(rng, 12, 40) if dark else grey(rng, 215, 252))
    step = max(3, h // int(rng.integers(12, 30)))
    ink = hue(rng, (10, 120), (170, 245)) if dark else grey(rng, 20, 90)
    for y in range(step, h - step, step):
        x = int(w * 0.06)
        end = int(w * rng.uniform(0.2, 0.95))
        while x < end:
            length = int(w * rng.uniform(0.02, 0.09))
            image[y : y + max(1, step // 2), x : min(x + length, end)] = ink if rng.random() < 0.9 else hue(rng)
            x += length + max(2, w // 90)
    return image


def _shadow(image, x0, y0, x1, y1, rng, px: int = 6) -> None:
    """A soft shadow under a thing that stands off the wall."""
    h, w = image.shape[:2]
    dx, dy = int(rng.normal(0, px)), int(abs(rng.normal(px * 0.6, px * 0.5)))
    x0, y0, x1, y1, edge = x0 + dx, y0 + dy, x1 + dx, y1 + dy, px * 3
    left, top, right, low = max(0, x0 - edge), max(0, y0 - edge), min(w, x1 + edge), min(h, y1 + edge)
    if right - left < 2 or low - top < 2:
        return
    mask = np.zeros((low - top, right - left), np.float32)
    cv2.rectangle(mask, (x0 - left, y0 - top), (x1 - left, y1 - top), 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), px * 0.7 + 0.5)
    image[top:low, left:right] *= 1 - 0.45 * mask[..., None]


def _box(image, x0, y0, x1, y1, color) -> None:
    h, w = image.shape[:2]
    image[max(0, y0) : min(h, y1), max(0, x0) : min(w, x1)] = color


def _paste(image, x0, y0, patch) -> None:
    h, w = image.shape[:2]
    y1, x1 = min(h, y0 + patch.shape[0]), min(w, x0 + patch.shape[1])
    if y1 > max(0, y0) and x1 > max(0, x0):
        image[max(0, y0) : y1, max(0, x0) : x1] = patch[max(0, -y0) : y1 - y0, max(0, -x0) : x1 - x0]


def hang_picture(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    ph, pw = int(rng.uniform(0.2, 0.95) * PX_PER_M), int(rng.uniform(0.2, 1.1) * PX_PER_M)
    x, y = int(rng.uniform(0, max(1, w - pw))), int(rng.uniform(0.08, 0.5) * h)
    _shadow(wall, x, y, x + pw, y + ph, rng, 4)
    frame = int(rng.choice([0, 2, 4, 8]))
    _box(wall, x, y, x + pw, y + ph, wood_color(rng) if rng.random() < 0.6 else grey(rng, 10, 240))
    _paste(wall, x + frame, y + frame, content(rng, portraits, max(6, ph - 2 * frame), max(6, pw - 2 * frame)))


def hang_screen(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    pw = int(rng.uniform(0.5, 1.5) * PX_PER_M)
    ph = int(pw * 9 / 16)
    x, y = int(rng.uniform(0, max(1, w - pw))), int(rng.uniform(0.15, 0.5) * h)
    _shadow(wall, x, y, x + pw, y + ph, rng, 7)
    _box(wall, x, y, x + pw, y + ph, grey(rng, 8, 30))
    b = int(rng.integers(2, 6))
    shown = content(rng, portraits, max(6, ph - 2 * b), max(6, pw - 2 * b))
    _paste(wall, x + b, y + b, np.full_like(shown, 0.02))
    _paste(emission, x + b, y + b, shown * rng.uniform(0.5, 1.3))


def window(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    pw, ph = int(rng.uniform(0.7, 2.2) * PX_PER_M), int(rng.uniform(0.8, 1.6) * PX_PER_M)
    x, y = int(rng.uniform(-0.2, max(0.0, w / PX_PER_M - 0.8)) * PX_PER_M), int(rng.uniform(0.06, 0.25) * h)
    frame = grey(rng, 200, 245) if rng.random() < 0.7 else wood_color(rng)
    b = int(rng.uniform(5, 11))
    _box(wall, x - b, y - b, x + pw + b, y + ph + b, frame)
    scene = outdoors.view(rng, ph, pw) * rng.uniform(0.7, 2.2)
    if rng.random() < 0.3:  # blinds
        period = int(rng.integers(5, 11))
        scene[(np.arange(ph) % period) < period * rng.uniform(0.4, 0.8)] = grey(rng, 150, 240) * rng.uniform(0.5, 0.9)
    elif rng.random() < 0.2:
        scene = cv2.GaussianBlur(scene, (0, 0), 14)
    _box(wall, x, y, x + pw, y + ph, 0.01)
    _paste(emission, x, y, scene.astype(np.float32))
    for k in range(1, int(rng.integers(1, 4))):
        xx = x + pw * k // 3
        _box(wall, xx - 3, y, xx + 3, y + ph, frame)
        _box(emission, xx - 3, y, xx + 3, y + ph, 0)
    if rng.random() < 0.5:
        yy = y + int(ph * rng.uniform(0.3, 0.6))
        _box(wall, x, yy - 3, x + pw, yy + 3, frame)
        _box(emission, x, yy - 3, x + pw, yy + 3, 0)
    if rng.random() < 0.5:
        curtain(rng, wall, emission, x - 30, x + 20, y - 20)
        curtain(rng, wall, emission, x + pw - 20, x + pw + 30, y - 20)


def curtain(rng, wall, emission, x0: int, x1: int, y0: int) -> None:
    h, w = wall.shape[:2]
    x0, x1, y0 = max(0, x0), min(w, x1), max(0, y0)
    if x1 - x0 < 4:
        return
    color = [hue(rng, (20, 190), (50, 230)), grey(rng, 150, 245), skin_like(rng)][rng.integers(3)]
    x = np.arange(x1 - x0)
    fold = 0.75 + 0.25 * np.sin(x / rng.uniform(2.5, 7) + np.sin(x / 9.0))
    wall[y0 : int(h * 0.97), x0:x1] = (color * fold[None, :, None]).astype(np.float32)
    emission[y0 : int(h * 0.97), x0:x1] = 0


def door(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    pw, ph = int(rng.uniform(0.75, 1.0) * PX_PER_M), min(h - 2, int(rng.uniform(1.95, 2.15) * PX_PER_M))
    x, y = int(rng.uniform(0, max(1, w - pw))), h - ph
    trim = grey(rng, 180, 245) if rng.random() < 0.6 else wood_color(rng) * 0.8
    _box(wall, x - 10, y - 10, x + pw + 10, h, trim)
    if rng.random() < 0.22:  # open: the next room
        _paste(wall, x, y, plain(rng, ph, pw, hue(rng, (10, 90), (20, 150))))
        _box(emission, x, y, x + pw, y + ph, rng.uniform(0, 0.25))
        return
    leaf = wood(rng, ph, pw, None, 0, True) if rng.random() < 0.5 else plain(rng, ph, pw, [grey(rng, 170, 245), hue(rng, (20, 150), (60, 220)), skin_like(rng)][rng.integers(3)])
    for k in range(int(rng.integers(0, 4))):
        cv2.rectangle(leaf, (int(pw * 0.14), int(ph * (0.06 + 0.3 * k))), (int(pw * 0.86), int(ph * (0.3 + 0.3 * k))), tuple(float(c) for c in leaf.mean((0, 1)) * 0.6), 2)
    _paste(wall, x, y, leaf)
    cv2.circle(wall, (x + int(pw * 0.9), y + int(ph * 0.52)), 4, (0.5, 0.48, 0.42), -1, cv2.LINE_AA)
    _box(wall, x, y, x + 2, h, trim * 0.4)


def whiteboard(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    pw, ph = int(rng.uniform(0.6, 2.2) * PX_PER_M), int(rng.uniform(0.5, 1.2) * PX_PER_M)
    x, y = int(rng.uniform(0, max(1, w - pw))), int(rng.uniform(0.15, 0.4) * h)
    _shadow(wall, x, y, x + pw, y + ph, rng, 5)
    board = [grey(rng, 220, 250, 2), linear((30, 105, 175)), linear((190, 140, 90)), linear((40, 80, 60)), hue(rng)][rng.integers(5)]
    _box(wall, x, y, x + pw, y + ph, grey(rng, 120, 220))
    _box(wall, x + 4, y + 4, x + pw - 4, y + ph - 4, board)
    for _ in range(int(rng.integers(0, 12))):
        points = np.int32(np.cumsum(rng.normal(0, 14, (6, 2)), 0) + [x + rng.uniform(0.1, 0.9) * pw, y + rng.uniform(0.1, 0.9) * ph])
        cv2.polylines(wall, [np.clip(points, [x + 5, y + 5], [x + pw - 6, y + ph - 6])], False, tuple(float(c) for c in hue(rng, (150, 250), (30, 200))), 1, cv2.LINE_AA)


def notes(rng, wall, emission, portraits) -> None:
    """Sticky notes, papers, small photographs."""
    h, w = wall.shape[:2]
    cx, cy = rng.uniform(0.1, 0.9) * w, rng.uniform(0.2, 0.5) * h
    for _ in range(int(rng.integers(3, 16))):
        s = int(rng.uniform(0.07, 0.22) * PX_PER_M)
        x, y = int(cx + rng.normal(0, 60)), int(cy + rng.normal(0, 40))
        _shadow(wall, x, y, x + s, y + s, rng, 2)
        _paste(wall, x, y, content(rng, portraits, s, s) if rng.random() < 0.5 else plain(rng, s, s, hue(rng, (60, 200), (180, 250))))


def clock(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    r = int(rng.uniform(0.1, 0.2) * PX_PER_M)
    at = (int(rng.uniform(0.1, 0.9) * w), int(rng.uniform(0.1, 0.3) * h))
    cv2.circle(wall, at, r + 3, tuple(float(c) for c in grey(rng, 10, 90)), -1, cv2.LINE_AA)
    cv2.circle(wall, at, r, tuple(float(c) for c in ([grey(rng, 220, 250), skin_like(rng)][rng.integers(2)])), -1, cv2.LINE_AA)
    for length in (0.5, 0.8):
        a = rng.uniform(0, 6.28)
        cv2.line(wall, at, (int(at[0] + np.cos(a) * r * length), int(at[1] + np.sin(a) * r * length)), (0.02, 0.02, 0.02), 2, cv2.LINE_AA)


def radiator(rng, wall, emission, portraits) -> None:
    h, w = wall.shape[:2]
    pw, ph = int(rng.uniform(0.5, 1.4) * PX_PER_M), int(0.55 * PX_PER_M)
    x, y = int(rng.uniform(0, max(1, w - pw))), h - ph - int(0.12 * PX_PER_M)
    color = grey(rng, 200, 245, 3)
    fold = 0.75 + 0.25 * np.abs(np.sin(np.arange(pw) / 4.0))
    _shadow(wall, x, y, x + pw, y + ph, rng, 6)
    _paste(wall, x, y, (np.ones((ph, 1, 1)) * color * fold[None, :, None]).astype(np.float32))


HANGINGS = ((hang_picture, 0.34), (hang_screen, 0.1), (window, 0.17), (door, 0.13), (whiteboard, 0.08), (notes, 0.07), (clock, 0.05), (radiator, 0.06))


def hang(rng: np.random.Generator, wall: np.ndarray, emission: np.ndarray, portraits: Portraits) -> None:
    """Put a random number of things on a wall."""
    chance = np.array([c for _, c in HANGINGS])
    for _ in range(int(rng.choice([0, 1, 2, 3, 4, 6], p=[0.14, 0.22, 0.25, 0.2, 0.12, 0.07]))):
        HANGINGS[rng.choice(len(HANGINGS), p=chance / chance.sum())][0](rng, wall, emission, portraits)
