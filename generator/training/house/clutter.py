"""Flat backgrounds of random walls, panels, frames and stripes: variety that rooms with perspective do not have.

    python -m house.clutter --out DIR --count N --seed S

writes DIR/clutter.npy, uint8 (N, 288, 384, 3).  Skin colours are as likely as any other: a wall is not a face.
"""
import argparse
import colorsys
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 384, 288


def colour(rng):
    """Mostly the muted colours of interiors, a fifth skin-like, some loud."""
    kind = rng.random()
    if kind < 0.2:
        hue, saturation, value = rng.uniform(0.02, 0.1), rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.95)
    elif kind < 0.8:
        hue, saturation, value = rng.random(), rng.beta(1.2, 5), rng.uniform(0.05, 1.0)
    else:
        hue, saturation, value = rng.random(), rng.uniform(0.4, 1.0), rng.uniform(0.2, 1.0)
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))


def noise(rng, octaves=5):
    """Value noise (H, W) of several scales, about -1..1."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for k in range(octaves):
        cells = (rng.standard_normal((3 * 2**k, 4 * 2**k)) * 127 / 3 + 128).clip(0, 255).astype(np.uint8)
        total += (np.asarray(Image.fromarray(cells).resize((WIDTH, HEIGHT), Image.BICUBIC), np.float32) - 128) / 127 * 0.6**k
    return total


def wall(rng):
    """A wall lit from one side, perhaps with a floor."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) / WIDTH
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.5) * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.4)) + rng.uniform(0, 0.12) * noise(rng)
    base = np.array(colour(rng), np.float32) * light[..., None]
    if rng.random() < 0.4:
        line = int(rng.uniform(0.55, 0.95) * HEIGHT)
        base[line:] = np.array(colour(rng), np.float32) * light[line:, :, None]
    return Image.fromarray(base.clip(0, 255).astype(np.uint8))


def furnish(picture, rng):
    """Panels, frames within frames, shelves of stripes, blobs and limbs-like bars."""
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(1, 14)):
        w, h = (rng.lognormal(3.6, 0.8, 2)).clip(4, 300)
        x, y = rng.uniform(-40, WIDTH), rng.uniform(-40, HEIGHT)
        fill, kind = colour(rng), rng.random()
        if kind < 0.45:
            lean = rng.uniform(-0.25, 0.25) * h
            draw.polygon([(x, y), (x + w, y + lean * 0.3), (x + w + lean, y + h), (x + lean, y + h)], fill=fill)
            if rng.random() < 0.5:
                border = rng.uniform(2, 10)
                draw.rectangle(sorted_box(x + border, y + border, x + w - border, y + h - border), fill=colour(rng))
        elif kind < 0.6:
            draw.ellipse([x, y, x + w, y + h], fill=fill)
        elif kind < 0.85:
            at, step = x, max(3.0, w / rng.integers(3, 12))
            while at < x + w * 2:
                thick = step * rng.uniform(0.3, 1.0)
                draw.rectangle([at, y + rng.uniform(0, h * 0.3), at + thick, y + h], fill=colour(rng) if rng.random() < 0.5 else fill)
                at += step
        else:
            points = [(x, y)]
            for _ in range(rng.integers(1, 4)):
                points.append((points[-1][0] + rng.normal(0, 60), points[-1][1] + rng.normal(0, 60)))
            draw.line(points, fill=fill, width=int(rng.uniform(3, 24)), joint="curve")
    return picture


def sorted_box(x0, y0, x1, y1):
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]


def paint(seed, index):
    rng = np.random.default_rng([seed, index])
    picture = furnish(wall(rng), rng)
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    shaded = np.asarray(picture, np.float32) * (1 + rng.uniform(0, 0.15) * noise(rng, 3))[..., None]
    return shaded.clip(0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    part, whole = args.out / ".clutter.part.npy", args.out / "clutter.npy"
    np.save(part, np.stack([paint(args.seed, i) for i in range(args.count)]))
    part.rename(whole)
    print(f"{args.count} pictures in {whole}")


if __name__ == "__main__":
    main()
