"""From linear light to the picture: bloom, exposure, filmic curve, grade, vignette, a touch of sharpening and grain."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Grade:
    """How a theme's light becomes a picture. Gains are per RGB channel, 1.0 is neutral."""

    exposure: float = 1.0
    bloom: float = 0.10
    contrast: float = 1.08
    saturation: float = 1.10
    shadow_tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    highlight_tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = 0.22
    sharpen: float = 0.35
    grain: float = 0.006


def bloom_of(light: np.ndarray) -> np.ndarray:
    """Light spilt around bright places: a sum of ever wider blurs, (H, W, 3) like its input."""
    height = light.shape[0]
    spilt = np.zeros_like(light)
    bright = np.minimum(light, 12.0)
    for share, weight in ((0.004, 0.40), (0.012, 0.30), (0.035, 0.20), (0.09, 0.10)):
        spilt += weight * cv2.GaussianBlur(bright, (0, 0), max(share * height, 0.3))
    return spilt


def filmic(x: np.ndarray) -> np.ndarray:
    """A shoulder for highlights and a soft toe; 0 -> 0, infinity -> 1."""
    x = np.maximum(x, 0.0)
    return (x * (2.4 * x + 0.05)) / (x * (2.4 * x + 0.62) + 0.14)


def finish(light: np.ndarray, grade: Grade, seed: int) -> np.ndarray:
    """Linear light (H, W, 3) f32 -> sRGB picture (H, W, 3) u8."""
    height, width = light.shape[:2]
    light = light * (1.0 - grade.bloom) + bloom_of(light) * grade.bloom
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius_sq = ((x / width - 0.5) ** 2 + ((y / height - 0.5) * 0.9) ** 2) / 0.4525
    light = light * (1.0 - grade.vignette * radius_sq[..., None])
    shown = filmic(light * grade.exposure) ** (1.0 / 2.2)
    luma = shown @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    shown = luma[..., None] + (shown - luma[..., None]) * grade.saturation
    tint = np.asarray(grade.shadow_tint) * (1.0 - luma[..., None]) + np.asarray(grade.highlight_tint) * luma[..., None]
    shown = (shown * tint - 0.42) * grade.contrast + 0.42
    soft = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), max(1.1 * height / 960.0, 0.3))
    shown = shown + grade.sharpen * (shown - soft)
    noise = np.random.default_rng(seed).standard_normal((height, width, 1))
    shown = shown + grade.grain * noise
    return (np.clip(shown, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
