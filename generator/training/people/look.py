"""`python -m people.look SHARD --out sheet.png [--count 12] [--start 0] [--plain]`: a contact sheet to judge by eye.

Left of each pair: the sample over a random grey with its points, head axes and hand axes; right: the part map.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

PART_COLORS = np.array([(30, 30, 30), (240, 190, 160), (110, 70, 40), (80, 130, 220), (220, 70, 70), (255, 180, 60), (70, 180, 90), (150, 240, 120), (150, 110, 200)], np.uint8)


def over(rgba: np.ndarray, ground: float) -> np.ndarray:
    """RGBA (H,W,4) over a grey: RGB (H,W,3) uint8."""
    a = rgba[..., 3:].astype(float) / 255
    return (rgba[..., :3] * a + ground * (1 - a)).astype(np.uint8)


def annotate(image: np.ndarray, label: dict, zoom: int) -> np.ndarray:
    """The sample with points (green seen, red hidden; R is the person's right) and axes, enlarged."""
    h, w = image.shape[:2]
    out = cv2.resize(image, (w * zoom, h * zoom), interpolation=cv2.INTER_NEAREST)

    def at(xy) -> tuple[int, int]:
        return int(xy[0] * w * zoom), int(xy[1] * h * zoom)

    for name, (x, y, _, seen) in label["points"].items():
        cv2.circle(out, at((x, y)), 2, (60, 255, 60) if seen else (255, 60, 60), -1, cv2.LINE_AA)
        if name in ("hand_r", "hand_l"):
            cv2.putText(out, name[-1].upper(), (at((x, y))[0] + 4, at((x, y))[1]), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1)
    unit = label["head_width"]
    colors = ((255, 80, 80), (80, 255, 80), (90, 140, 255))

    def axes(origin, vectors, length) -> None:
        x, y = label["points"][origin][:2]
        for v, c in zip(vectors, colors):
            cv2.arrowedLine(out, at((x, y)), at((x + v[0] * length, y + v[1] * length * w / h)), c, 1, cv2.LINE_AA, tipLength=0.2)

    head = label["head_axes"]
    axes("head", (head["right"], head["up"], head["forward"]), unit)
    for s in "rl":
        if label["points"][f"hand_{s}"][3]:
            hand = label[f"hand_axes_{s}"]
            axes(f"hand_{s}", (hand["finger"], hand["thumb"], hand["palm"]), unit * 0.7)
    return out


def sheet(shard: Path, start: int, count: int, columns: int, plain: bool, zoom: int = 2) -> np.ndarray:
    rgba, parts = np.load(shard / "rgba.npy", mmap_mode="r"), np.load(shard / "parts.npy", mmap_mode="r")
    labels = json.load(open(shard / "labels.json"))
    rng = np.random.default_rng(0)
    tiles = []
    for k in np.linspace(start, len(labels) - 1, count).astype(int) if start == 0 else range(start, min(start + count, len(labels))):
        image = over(rgba[k], rng.uniform(40, 210))
        if plain:
            tiles.append(image)
        else:
            part = cv2.resize(PART_COLORS[parts[k]], (image.shape[1] * zoom // 2, image.shape[0] * zoom // 2), interpolation=cv2.INTER_NEAREST)
            big = annotate(image, labels[k], zoom)
            side = np.zeros((big.shape[0], part.shape[1], 3), np.uint8)
            side[: part.shape[0]] = part
            tiles.append(np.hstack([big, side]))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    return np.vstack([np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shard", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="pictures only")
    a = parser.parse_args()
    cv2.imwrite(str(a.out), sheet(a.shard, a.start, a.count, a.columns, a.plain)[..., ::-1])


if __name__ == "__main__":
    main()
