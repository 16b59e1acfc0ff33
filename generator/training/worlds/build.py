"""Paints every world that ships: `python -m worlds.build --out ../../assets/house/worlds`.

Writes THEME.webp (1280x960, at most 200 KiB) for each theme and worlds.json, which tells the renderer each picture's
file and checksum and the light a visitor needs to look as if they stood there. `--only` repaints some themes and keeps
the others' entries.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from .paint import HEIGHT_PX, SAMPLES, WIDTH_PX, paint, write_picture
from .scene import Painter
from .themes import THEMES, key_direction

FORMAT_VERSION = 1
MAX_FILE_BYTES = 200 * 1024
BEST_QUALITY, WORST_QUALITY = 92, 40
EYE_LEVEL_FROM_TOP = 0.55


def write_within_limit(path: Path, picture: np.ndarray) -> tuple[int, int]:
    """Writes the picture at the best WebP quality that fits MAX_FILE_BYTES; returns (quality, bytes)."""
    for quality in range(BEST_QUALITY, WORST_QUALITY - 1, -2):
        size = write_picture(path, picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if size <= MAX_FILE_BYTES:
            return quality, size
    raise ValueError(f"{path.name} needs {size} bytes even at quality {WORST_QUALITY}: expected at most {MAX_FILE_BYTES}; lower its grain")


def linear_mean(picture: np.ndarray) -> list[float]:
    """Mean colour of a picture in linear light, 0..1 per channel: the ambient light of the place."""
    srgb = picture.astype(np.float64) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return [round(float(v), 4) for v in linear.mean(axis=(0, 1))]


def entry(theme: str, seed: int, file: Path, picture: np.ndarray) -> dict:
    """One theme's record in worlds.json."""
    light = THEMES[theme].light
    return {
        "file": file.name,
        "seed": seed,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "ambient_linear_rgb": linear_mean(picture),
        "key": {"rgb": list(light.key_rgb), "direction": key_direction(THEMES[theme], seed)},
        "rim_rgb": list(light.rim_rgb),
        "person": {"gain_rgb": list(light.gain_rgb), "lift_rgb": list(light.lift_rgb)},
        "exposure": light.exposure,
    }


def build(out: Path, themes: list[str], width: int = WIDTH_PX, height: int = HEIGHT_PX, samples: int = SAMPLES) -> dict:
    """Paints `themes` into `out` and returns what worlds.json now holds."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "worlds.json"
    known = json.loads(manifest.read_text())["worlds"] if manifest.is_file() else {}
    painter = Painter()
    for theme in themes:
        started = time.monotonic()
        seed = THEMES[theme].seed
        picture = paint(painter, theme, seed, width, height, samples)
        file = out / f"{theme}.webp"
        quality, size = write_within_limit(file, picture)
        known[theme] = entry(theme, seed, file, picture)
        print(f"{theme}: quality {quality}, {size // 1024} KiB, {time.monotonic() - started:.0f} s", flush=True)
    record = {
        "format": "otherglass-worlds",
        "version": FORMAT_VERSION,
        "width": width,
        "height": height,
        "eye_level_from_top": EYE_LEVEL_FROM_TOP,
        "worlds": {theme: known[theme] for theme in THEMES if theme in known},
    }
    manifest.write_text(json.dumps(record, indent=2) + "\n")
    return record


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="worlds.build", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(THEMES), help="repaint these themes alone")
    given = parser.parse_args(arguments)
    build(given.out, given.only or list(THEMES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
