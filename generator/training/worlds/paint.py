"""Paints one world: `python -m worlds.paint --theme T --seed S --out FILE.png`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from .finish import finish
from .scene import Painter
from .themes import THEMES

WIDTH_PX, HEIGHT_PX = 1280, 960


def paint(painter: Painter, theme: str, seed: int, width: int = WIDTH_PX, height: int = HEIGHT_PX, samples: int | None = None) -> np.ndarray:
    """One finished picture, (height, width, 3) u8 sRGB. Same arguments, same bytes. Without `samples`, the first layout's."""
    if theme not in THEMES:
        raise ValueError(f"unknown theme {theme!r}: expected one of {', '.join(THEMES)}")
    light, _ = painter.render_hdr(theme, seed, width, height, samples or THEMES[theme].samples[0])
    return finish(light, THEMES[theme].grade, seed)


def write_picture(path: Path, picture: np.ndarray, options: list[int] | None = None) -> int:
    """Writes RGB u8 in the format of the file's ending; returns the size in bytes."""
    done, encoded = cv2.imencode(path.suffix, picture[..., ::-1], options or [])
    if not done:
        raise OSError(f"could not encode {path.name}: expected an ending such as .png, .webp or .jpg")
    path.write_bytes(encoded.tobytes())
    return len(encoded)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="worlds.paint", description=__doc__)
    parser.add_argument("--theme", required=True, choices=list(THEMES))
    parser.add_argument("--seed", type=int, help="layout; default: the first that ships")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=WIDTH_PX, help="pixels; the height is three quarters of it")
    parser.add_argument("--samples", type=int, help="samples a pixel; default: as for the first that ships")
    given = parser.parse_args(arguments)
    seed = THEMES[given.theme].seeds[0] if given.seed is None else given.seed
    started = time.monotonic()
    picture = paint(Painter(), given.theme, seed, given.width, given.width * 3 // 4, given.samples)
    size = write_picture(given.out, picture)
    print(f"{given.theme} seed {seed}: {given.out} {picture.shape[1]}x{picture.shape[0]}, {size // 1024} KiB, {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
