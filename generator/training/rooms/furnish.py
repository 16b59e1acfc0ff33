"""Fills a room: shelves with things, desks with screens, chairs, cupboards, lamps, plants, clutter."""

from __future__ import annotations

import cv2
import numpy as np

from .solids import Box, Card, Cylinder, Ellipsoid
from .surfaces import grey, hue, linear, skin_like, wood_color
from .things import Portraits, content

V = lambda *a: np.array(a, np.float32)  # noqa: E731


def any_color(rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    return hue(rng) if kind < 0.45 else grey(rng, 10, 240) if kind < 0.7 else wood_color(rng) if kind < 0.86 else skin_like(rng)


def stand(rng, x0, x1, z0, z1, y, low, high, portraits, density=1.0) -> list:
    """Small things in a row on a surface: books, bottles, balls, boxes, picture frames, screens."""
    out, x = [], x0
    while x < x1:
        kind = rng.random()
        z = rng.uniform(z0, z1)
        if kind < 0.45:  # books
            leaning = int(rng.integers(2, 12))
            for _ in range(leaning):
                w, h = rng.uniform(0.012, 0.045), rng.uniform(0.55, 0.95) * min(0.3, high)
                if x + w > x1:
                    break
                out.append(Box(V(x + w / 2, y + h / 2, z), V(w / 2 * 0.95, h / 2, 0.08), hue(rng) if rng.random() < 0.7 else grey(rng, 20, 235)))
                x += w
        elif kind < 0.6:
            r, h = rng.uniform(0.02, 0.06), rng.uniform(0.4, 0.95) * min(0.32, high)
            out.append(Cylinder(V(x + r, y, z), float(r), float(h), any_color(rng), 0.0, float(rng.choice([0, 0, 0.5]))))
            x += 2 * r
        elif kind < 0.72:
            r = rng.uniform(0.03, 0.4 * min(0.3, high))
            out.append(Ellipsoid(V(x + r, y + r, z), V(r, r * rng.uniform(0.7, 1.3), r), skin_like(rng) if rng.random() < 0.4 else any_color(rng), 0, rng.uniform(0, 0.2)))
            x += 2 * r
        elif kind < 0.84:
            w, h = rng.uniform(0.05, 0.2), rng.uniform(0.3, 0.95) * min(0.35, high)
            out.append(Box(V(x + w / 2, y + h / 2, z), V(w / 2, h / 2, 0.07), any_color(rng), rng.normal(0, 0.2)))
            x += w
        elif kind < 0.92:
            w, h = rng.uniform(0.1, 0.22), rng.uniform(0.5, 0.95) * min(0.3, high)
            out.append(Box(V(x + w / 2, y + h / 2, z), V(w / 2, h / 2, 0.012), any_color(rng), rng.normal(0, 0.15), content(rng, portraits, 48, 40)))
            x += w
        x += rng.exponential(0.10 / density)
    return out


def shelf_unit(rng, x, z, portraits) -> list:
    """A bookcase whose back stands at z, open to -z."""
    w, h, d = rng.uniform(0.6, 1.8), rng.uniform(0.9, 2.2), rng.uniform(0.25, 0.38)
    color = wood_color(rng) if rng.random() < 0.6 else grey(rng, 150, 245) if rng.random() < 0.7 else grey(rng, 15, 50)
    grain = 0.06
    zc = z - d / 2
    out = [Box(V(x + s * w / 2, h / 2, zc), V(0.012, h / 2, d / 2), color, 0, None, 0, grain) for s in (-1, 1)]
    out.append(Box(V(x, h / 2, z - 0.01), V(w / 2, h / 2, 0.008), color * 0.8))
    levels = max(2, int(h / rng.uniform(0.28, 0.45)))
    for k in range(levels + 1):
        y = h * k / levels
        out.append(Box(V(x, y, zc), V(w / 2, 0.012, d / 2), color, 0, None, 0, grain))
        if k < levels and rng.random() < 0.9:
            out += stand(rng, x - w / 2 + 0.03, x + w / 2 - 0.05, zc - d * 0.2, zc, y + 0.012, 0.1, h / levels - 0.05, portraits, rng.uniform(0.8, 3))
    return out


def wall_shelf(rng, x, z, portraits) -> list:
    out, w = [], rng.uniform(0.5, 1.6)
    for k in range(int(rng.integers(1, 4))):
        y = rng.uniform(1.0, 1.3) + 0.38 * k
        out.append(Box(V(x, y, z - 0.12), V(w / 2, 0.014, 0.12), wood_color(rng), 0, None, 0, 0.06))
        out += stand(rng, x - w / 2, x + w / 2 - 0.05, z - 0.15, z - 0.1, y + 0.014, 0.1, 0.33, portraits, rng.uniform(0.6, 2))
    return out


def desk(rng, x, z, portraits) -> list:
    w, h, d = rng.uniform(0.9, 1.9), rng.uniform(0.7, 0.78), rng.uniform(0.5, 0.8)
    top = wood_color(rng) if rng.random() < 0.6 else grey(rng, 120, 245)
    out = [Box(V(x, h, z - d / 2), V(w / 2, 0.018, d / 2), top, 0, None, 0, 0.05)]
    for sx in (-1, 1):
        for sz in (0.05, d - 0.05):
            out.append(Box(V(x + sx * (w / 2 - 0.04), h / 2, z - sz), V(0.022, h / 2, 0.022), top * 0.6))
    for k in range(int(rng.integers(0, 3))):
        out += screen(rng, x + (k - 0.5) * 0.55 + rng.normal(0, 0.05), h, z - d * 0.4, portraits)
    out += stand(rng, x - w / 2, x + w / 2, z - d * 0.7, z - d * 0.2, h + 0.018, 0.05, 0.28, portraits, 0.5)
    return out


def screen(rng, x, y, z, portraits) -> list:
    """A monitor on its foot, turned anyhow; often bright, often with people or skin colours on it."""
    w = rng.uniform(0.4, 0.75)
    h, yaw = w * rng.uniform(0.55, 0.66), rng.normal(0, 0.45)
    body = grey(rng, 8, 35) if rng.random() < 0.75 else grey(rng, 150, 230)
    shown = content(rng, portraits, 90, 150)
    shown[:3], shown[-4:], shown[:, :3], shown[:, -3:] = 0.01, 0.01, 0.01, 0.01
    lit = rng.random() < 0.85
    return [
        Box(V(x, y + 0.09, z + 0.03), V(0.03, 0.1, 0.02), body),
        Box(V(x, y + 0.025, z + 0.03), V(0.12, 0.008, 0.08), body),
        Box(V(x, y + 0.12 + h / 2, z), V(w / 2, h / 2, 0.02), body, yaw, shown if lit else shown * 0 + 0.015, float(rng.uniform(0.5, 1.5)) if lit else 0.0),
    ]


def chair(rng, x, z) -> list:
    yaw, color = rng.uniform(-3.1, 3.1), any_color(rng)
    c, s = np.cos(yaw), np.sin(yaw)
    seat = rng.uniform(0.42, 0.5)
    back_h = rng.uniform(0.25, 0.5)
    back = V(x + s * 0.22, seat + 0.1 + back_h, z + c * 0.22)
    out = [Box(V(x, seat, z), V(0.22, 0.03, 0.22), color, yaw), Box(back, V(0.22, back_h, 0.025), color, yaw, None, 0, 0, float(rng.uniform(0, 0.2)))]
    for a in (-1, 1):
        for b in (-1, 1):
            out.append(Cylinder(V(x + a * 0.18, 0, z + b * 0.18), 0.016, seat, wood_color(rng) * 0.6))
    return out


def chair_back(rng, z) -> list:
    """The back of the visitor's own chair, right behind where they sit."""
    w, h, top = rng.uniform(0.2, 0.3), rng.uniform(0.25, 0.45), rng.uniform(0.95, 1.4)
    color = grey(rng, 8, 50) if rng.random() < 0.6 else any_color(rng)
    out = [Box(V(rng.normal(0, 0.25), top - h, z), V(w, h, 0.04), color, rng.normal(0, 0.4), None, 0, 0, float(rng.uniform(0.05, 0.2)))]
    out.append(Cylinder(V(out[0].center[0], 0.1, z + 0.06), 0.03, float(max(0.2, top - h)), grey(rng, 8, 60)))
    if rng.random() < 0.3:
        out.append(Box(out[0].center + V(0, h + 0.1, 0), V(0.14, 0.08, 0.04), color, out[0].yaw, None, 0, 0, 0.06))
    return out


def sofa(rng, x, z) -> list:
    w, color = rng.uniform(1.3, 2.3), any_color(rng)
    out = [Box(V(x, 0.22, z - 0.42), V(w / 2, 0.2, 0.4), color), Box(V(x, 0.6, z - 0.12), V(w / 2, 0.28, 0.12), color * 0.95)]
    out += [Box(V(x + s * w / 2, 0.35, z - 0.42), V(0.1, 0.28, 0.42), color * 0.92) for s in (-1, 1)]
    for _ in range(int(rng.integers(0, 5))):
        out.append(Ellipsoid(V(x + rng.uniform(-0.45, 0.45) * w, 0.58, z - 0.32), V(0.2, 0.19, 0.09), any_color(rng), 0, 0.1))
    return out


def bed(rng, x, z) -> list:
    w, color = rng.uniform(0.9, 1.7), any_color(rng)
    out = [Box(V(x, 0.3, z - 1.0), V(w / 2, 0.22, 1.0), color), Box(V(x, 0.5, z - 0.03), V(w / 2 + 0.03, 0.5, 0.03), wood_color(rng), 0, None, 0, 0.06)]
    out += [Ellipsoid(V(x + s * w * 0.24, 0.6, z - 0.3), V(0.3, 0.1, 0.2), grey(rng, 170, 245) if rng.random() < 0.6 else any_color(rng)) for s in (-1, 1)]
    return out


def cupboard(rng, x, z) -> list:
    w, h, d = rng.uniform(0.5, 1.6), rng.uniform(0.7, 2.2), rng.uniform(0.35, 0.6)
    color = any_color(rng)
    front = np.ones((90, 70, 3), np.float32) * color
    doors = int(rng.integers(1, 5))
    for k in range(doors):
        if h > 1.2 or rng.random() < 0.5:
            front[:, int(70 * k / doors) : int(70 * k / doors) + 1] *= 0.4
            front[40:50, min(69, int(70 * (k + 0.85) / doors))] = 0.4
        else:
            front[int(90 * k / doors) : int(90 * k / doors) + 1] *= 0.4
            front[int(90 * (k + 0.5) / doors), 30:40] = 0.4
    out = [Box(V(x, h / 2, z - d / 2), V(w / 2, h / 2, d / 2), color, 0, front)]
    if h < 1.6:
        out += stand(rng, x - w / 2, x + w / 2, z - d * 0.7, z - d * 0.3, h, 0.1, 0.4, Portraits(None), 0.6)
    return out


def lamp(rng, x, z) -> list:
    glow = linear([(255, 214, 160), (255, 240, 220), (255, 190, 120)][rng.integers(3)])
    on = rng.uniform(0.8, 3.0) if rng.random() < 0.7 else 0.0
    if rng.random() < 0.5:
        h = rng.uniform(1.2, 1.8)
        return [Cylinder(V(x, 0, z), 0.015, h, grey(rng, 10, 120)), Cylinder(V(x, h - 0.05, z), float(rng.uniform(0.12, 0.22)), 0.28, glow, on, 0.35)]
    y = rng.uniform(1.7, 2.1)
    r = rng.uniform(0.08, 0.2)
    return [Cylinder(V(x, y, z), 0.006, 1.2, grey(rng, 10, 60)), Ellipsoid(V(x, y, z), V(r, r, r), glow, on)]


def plant(rng, x, z, y=0.0) -> list:
    """A pot and a cut-out of leaves."""
    size = rng.uniform(0.35, 1.5) if y == 0 else rng.uniform(0.2, 0.45)
    image = np.zeros((200, 160, 4), np.float32)
    leaf = linear(np.array([rng.uniform(40, 110), rng.uniform(90, 150), rng.uniform(40, 90)]))
    long = rng.uniform(30, 90)
    for _ in range(int(rng.integers(10, 60))):
        a = rng.normal(-np.pi / 2, 0.9)
        start = np.array([80 + rng.normal(0, 8), 195 - rng.uniform(0, 110)])
        middle = start + long * 0.6 * np.array([np.cos(a), np.sin(a)])
        end = middle + long * 0.6 * np.array([np.cos(a) * 1.2, np.sin(a) + rng.uniform(0.2, 1.0)])
        side = np.array([-np.sin(a), np.cos(a)]) * rng.uniform(3, 12)
        tint = leaf * rng.uniform(0.5, 1.4)
        cv2.fillPoly(image, [np.int32([start, middle + side, end, middle - side])], (*[float(c) for c in tint], 1.0))
    r = size * 0.16
    pot = Cylinder(V(x, y, z), float(r), float(r * 1.6), skin_like(rng) if rng.random() < 0.5 else any_color(rng))
    return [pot, Card(V(x, y + r * 1.4, z), float(size * 0.9), float(size), image, 0.0)]


def clutter(rng, width, depth) -> list:
    out = []
    for _ in range(int(rng.integers(0, 7))):
        x, z, s = rng.uniform(-width / 2, width / 2), rng.uniform(0.55, 0.97) * depth, rng.uniform(0.08, 0.35)
        if rng.random() < 0.6:
            out.append(Box(V(x, s, z), V(s * rng.uniform(0.5, 1.4), s, s * 0.8), any_color(rng), rng.uniform(-1, 1)))
        else:
            out.append(Ellipsoid(V(x, s * 0.7, z), V(s, s * 0.7, s), any_color(rng), 0, 0.1))
    return out


def bystander(rng, x, z, portraits) -> list:
    """A second person far behind, as a cut-out: background too."""
    if portraits.rgba is None:
        return []
    image = np.asarray(portraits.rgba[int(rng.integers(len(portraits.rgba)))]).astype(np.float32) / 255
    if image[..., 3].mean() < 0.08:
        return []
    image = np.concatenate([linear(image[..., :3] * 255), image[..., 3:]], 2)
    ys, xs = np.where(image[..., 3] > 0.5)
    image = np.ascontiguousarray(image[ys.min() :, xs.min() : xs.max() + 1])
    height = rng.uniform(0.8, 1.6)
    return [Card(V(x, rng.uniform(0, 0.5), z), float(height * image.shape[1] / image.shape[0]), float(height), image)]


def furnish(rng: np.random.Generator, width: float, depth: float, portraits: Portraits) -> list:
    """Everything that stands in a room whose back wall is at z = depth and whose middle is x = 0."""
    out = []
    makers = [
        (0.26, lambda x: shelf_unit(rng, x, depth, portraits)), (0.13, lambda x: wall_shelf(rng, x, depth, portraits)),
        (0.16, lambda x: desk(rng, x, depth - rng.choice([0, 0, 0.6]), portraits)), (0.12, lambda x: cupboard(rng, x, depth)),
        (0.08, lambda x: sofa(rng, x, depth)), (0.06, lambda x: bed(rng, x, depth)), (0.08, lambda x: lamp(rng, x, depth - 0.3)),
        (0.11, lambda x: plant(rng, x, depth - 0.3)),
    ]  # fmt: skip
    chance = np.array([c for c, _ in makers])
    x = -width / 2 + rng.uniform(0, 1.0)
    while x < width / 2 and rng.random() < 0.86:
        out += makers[rng.choice(len(makers), p=chance / chance.sum())][1](float(x))
        x += rng.uniform(0.6, 2.2)
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.45, 0.3, 0.15, 0.1]))):
        out += chair(rng, rng.uniform(-width / 2, width / 2), rng.uniform(0.5, 0.9) * depth)
    if rng.random() < 0.25:
        out += chair_back(rng, rng.uniform(0.9, 1.5))
    if rng.random() < 0.3:  # a near screen at the picture's edge
        out += screen(rng, rng.choice([-1, 1]) * rng.uniform(0.4, 1.3), rng.uniform(0.6, 1.2), rng.uniform(0.8, 2.0), portraits)
    if rng.random() < 0.3:
        out += clutter(rng, width, depth)
    if rng.random() < 0.10 and depth > 2.5:
        out += bystander(rng, rng.uniform(-width / 2, width / 2), rng.uniform(0.75, 0.95) * depth, portraits)
    return out
