"""Paints every world that ships: `python -m worlds.build --out ../../assets/house/worlds`.

Each theme has two layouts of the same place: THEME.webp (1280x960, at most 200 KiB) and, for "another castle", a
smaller THEME-2.webp (960x720, at most 110 KiB). worlds.json tells the renderer each picture's file and checksum and the
light a visitor needs to look as if they stood there. `--only` and `--layout` repaint some of the pictures and keep the
others' entries, so that a long run can be done in pieces.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .paint import HEIGHT_PX, WIDTH_PX, paint, write_picture
from .scene import Painter
from .themes import THEMES, key_direction

FORMAT_VERSION = 1
BEST_QUALITY, WORST_QUALITY = 92, 40
EYE_LEVEL_FROM_TOP = 0.55


@dataclass(frozen=True)
class Budget:
    """What one layout's picture may cost: its sides relative to the first's, and its file."""

    size_share: float
    max_file_bytes: int


# By place in a theme's list of layouts. The second is seen for a moment, often: smaller files keep the program small.
BUDGETS = (Budget(1.0, 200 * 1024), Budget(0.75, 110 * 1024))


def layout_file(theme: str, number: int) -> str:
    """Name of a theme's picture; layouts count from 1. No name but the first begins with `THEME.`."""
    return f"{theme}.webp" if number == 1 else f"{theme}-{number}.webp"


def write_within_limit(path: Path, picture: np.ndarray, max_file_bytes: int) -> tuple[int, int]:
    """Writes the picture at the best WebP quality that fits; returns (quality, bytes)."""
    for quality in range(BEST_QUALITY, WORST_QUALITY - 1, -2):
        size = write_picture(path, picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if size <= max_file_bytes:
            return quality, size
    raise ValueError(f"{path.name} needs {size} bytes even at quality {WORST_QUALITY}: expected at most {max_file_bytes}; lower its grain")


def linear_mean(picture: np.ndarray) -> list[float]:
    """Mean colour of a picture in linear light, 0..1 per channel: the ambient light of the place."""
    srgb = picture.astype(np.float64) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return [round(float(v), 4) for v in linear.mean(axis=(0, 1))]


def layout_entry(theme: str, seed: int, file: Path, picture: np.ndarray) -> dict:
    """What depends on the layout: the picture, and the light that changes with it."""
    return {
        "file": file.name,
        "seed": seed,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "width": picture.shape[1],
        "height": picture.shape[0],
        "ambient_linear_rgb": linear_mean(picture),
        "key_direction": key_direction(THEMES[theme], seed),
    }


def theme_entry(theme: str, layouts: list[dict]) -> dict:
    """One theme's record in worlds.json: the first layout's values, the light all layouts share, and every layout."""
    light, first = THEMES[theme].light, layouts[0]
    return {
        "file": first["file"],
        "seed": first["seed"],
        "sha256": first["sha256"],
        "ambient_linear_rgb": first["ambient_linear_rgb"],
        "key": {"rgb": list(light.key_rgb), "direction": first["key_direction"]},
        "rim_rgb": list(light.rim_rgb),
        "person": {"gain_rgb": list(light.gain_rgb), "lift_rgb": list(light.lift_rgb)},
        "exposure": light.exposure,
        "layouts": layouts,
    }


def known_layouts(manifest: Path) -> dict[str, list[dict]]:
    """Layouts by theme of an earlier run, empty without one; pictures that are gone are left out."""
    if not manifest.is_file():
        return {}
    kept = {theme: [l for l in world["layouts"] if (manifest.parent / l["file"]).is_file()] for theme, world in json.loads(manifest.read_text())["worlds"].items()}
    return {theme: layouts for theme, layouts in kept.items() if layouts}


def manifest_record(layouts: dict[str, list[dict]], width: int, height: int) -> dict:
    """What worlds.json holds; `width`, `height` are the first layouts'."""
    return {
        "format": "otherglass-worlds",
        "version": FORMAT_VERSION,
        "width": width,
        "height": height,
        "eye_level_from_top": EYE_LEVEL_FROM_TOP,
        "worlds": {theme: theme_entry(theme, layouts[theme]) for theme in THEMES if theme in layouts},
    }


def build(out: Path, themes: list[str], numbers: tuple[int, ...] = (1, 2), width: int = WIDTH_PX, height: int = HEIGHT_PX, samples: int | None = None) -> dict:
    """Paints layouts `numbers` of `themes` into `out` and returns what worlds.json now holds.

    `width`, `height` are the first layout's; without `samples` each layout's own number is taken.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "worlds.json"
    known = known_layouts(manifest)
    record = manifest_record(known, width, height)
    painter = Painter()
    for theme in themes:
        for number in numbers:
            started = time.monotonic()
            budget, seed, file = BUDGETS[number - 1], THEMES[theme].seeds[number - 1], out / layout_file(theme, number)
            picture = paint(
                painter, theme, seed, round(width * budget.size_share), round(height * budget.size_share),
                samples or THEMES[theme].samples[number - 1],
            )
            quality, size = write_within_limit(file, picture, budget.max_file_bytes)
            layouts = {entry["file"]: entry for entry in known.get(theme, [])}
            layouts[file.name] = layout_entry(theme, seed, file, picture)
            known[theme] = [layouts[name] for name in (layout_file(theme, n + 1) for n in range(len(BUDGETS))) if name in layouts]
            print(f"{file.name}: seed {seed}, quality {quality}, {size // 1024} KiB, {time.monotonic() - started:.0f} s", flush=True)
            record = manifest_record(known, width, height)
            manifest.write_text(json.dumps(record, indent=2) + "\n")    # after every picture: a run may be cut off anywhere
    return record


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="worlds.build", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(THEMES), help="repaint these themes alone")
    parser.add_argument("--layout", type=int, nargs="+", choices=range(1, len(BUDGETS) + 1), help="repaint these layouts alone")
    given = parser.parse_args(arguments)
    build(given.out, given.only or list(THEMES), tuple(given.layout or range(1, len(BUDGETS) + 1)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
