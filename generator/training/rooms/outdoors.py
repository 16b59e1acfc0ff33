"""What windows and far backgrounds show: sky, trees, houses, hills, a street at night. Linear (H,W,3)."""

from __future__ import annotations

import cv2
import numpy as np

from .surfaces import grey, hue, linear, smooth_noise


def view(rng: np.random.Generator, h: int, w: int) -> np.ndarray:
    """A landscape or townscape, as if seen far away."""
    kind = rng.choice(["trees", "town", "hills", "night", "bokeh", "sky"], p=[0.27, 0.25, 0.14, 0.13, 0.13, 0.08])
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    if kind == "night":
        image = np.ones((h, w, 3), np.float32) * linear((12, 16, 34)) * (1 + y)
        _houses(rng, image, int(h * 0.35), lit=0.35, dark=True)
        _dots(rng, image, 40, (1, max(2, h // 60)))
        return image
    if kind == "bokeh":
        image = np.ones((h, w, 3), np.float32) * hue(rng, (30, 160), (20, 120)) * (0.5 + smooth_noise(rng, h, w, 4)[..., None] * 0.4)
        _dots(rng, image, 60, (h // 60 + 1, h // 14 + 2))
        return cv2.GaussianBlur(np.clip(image, 0, 1.5), (0, 0), h / 150 + 0.5)
    top, low = linear((110 + rng.uniform(-50, 40), 160 + rng.uniform(-30, 30), 225)), linear((215, 225, 235))
    if rng.random() < 0.35:
        top, low = grey(rng, 150, 220), grey(rng, 190, 245)
    if rng.random() < 0.15:
        top, low = linear((90, 90, 140)), linear((250, 180, 120))
    image = (top * (1 - y) + low * y) * np.ones((h, w, 3), np.float32)
    cloud = np.clip(smooth_noise(rng, h, w, 7) + 0.5 * smooth_noise(rng, h, w, 18), 0, 1)[..., None] * rng.uniform(0, 0.8)
    image = image * (1 - cloud) + cloud * 0.95
    horizon = int(h * rng.uniform(0.35, 0.75))
    if kind == "town":
        _houses(rng, image, int(h * rng.uniform(0.15, 0.45)), lit=0.05, dark=False)
    if kind in ("hills", "trees", "town"):
        for layer in range(3):
            ridge = horizon + layer * h * 0.08 + smooth_noise(rng, 8, w, 6)[0] * h * 0.09
            green = linear(np.array([70, 110, 60]) * rng.uniform(0.5, 1.2) + np.array([60, 60, 80]) * (2 - layer) * 0.4)
            mask = np.arange(h)[:, None] > ridge[None, :]
            image[mask] = green
    if kind == "trees":
        for _ in range(int(rng.integers(3, 14))):
            _tree(rng, image, int(rng.uniform(0, w)), int(rng.uniform(0.55, 1.05) * h), rng.uniform(0.25, 0.9) * h)
    rough = 1 + 0.25 * smooth_noise(rng, h, w, 60)[..., None] * (y > 0.3)
    return np.clip(image * rough, 0, 1.5).astype(np.float32)


def _houses(rng, image, top: int, lit: float, dark: bool) -> None:
    h, w = image.shape[:2]
    x = -int(rng.uniform(0, w * 0.1))
    while x < w:
        width, roof = int(w * rng.uniform(0.08, 0.3)), int(top + rng.uniform(0, 0.35) * h)
        wall = grey(rng, 20, 45) * 0.5 if dark else (hue(rng, (10, 110), (90, 230)) if rng.random() < 0.6 else grey(rng, 110, 220))
        x0, x1 = max(x, 0), min(x + width, w)
        image[roof:, x0:x1] = wall
        step = max(4, int(h * rng.uniform(0.03, 0.08)))
        for yy in range(roof + step // 2, h, step):
            for xx in range(x0 + step // 3, x1 - step // 2, step):
                on = rng.random() < lit
                image[yy : yy + step // 2, xx : xx + step // 2] = linear((255, 214, 140)) if on else wall * 0.45
        x += width
    return


def _tree(rng, image, x: int, y: int, size: float) -> None:
    trunk = tuple(float(c) for c in linear((80, 60, 45)))
    cv2.line(image, (x, y), (x, int(y - size * 0.5)), trunk, max(1, int(size * 0.05)))
    leaf = linear(np.array([rng.uniform(50, 150), rng.uniform(90, 150), 50]))
    for _ in range(40):
        a, r = rng.uniform(0, 6.28), size * 0.28 * np.sqrt(rng.random())
        at = (int(x + np.cos(a) * r), int(y - size * 0.7 + np.sin(a) * r))
        cv2.circle(image, at, max(1, int(size * rng.uniform(0.03, 0.09))), tuple(float(c) for c in leaf * rng.uniform(0.5, 1.3)), -1)


def _dots(rng, image, count: int, radius: tuple) -> None:
    h, w = image.shape[:2]
    for _ in range(count):
        tint = linear([(255, 200, 120), (255, 240, 220), (255, 90, 70), (120, 190, 255), (120, 230, 150)][rng.integers(5)]) * rng.uniform(0.4, 1.4)
        cv2.circle(image, (int(rng.uniform(0, w)), int(rng.uniform(0, h))), int(rng.integers(radius[0], radius[1] + 1)), tuple(float(c) for c in tint), -1, cv2.LINE_AA)
