"""A small ray caster: painted planes, boxes, upright cylinders, ellipsoids and cut-out cards.

Rays leave one camera; every solid keeps the nearest hit. The result is a surface per pixel: albedo, emission,
normal, position, distance. Solids with a texture take it by their face coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

FAR = 1e9
_STEP = 8


@dataclass
class Box:
    """Axis-aligned in a frame turned by yaw about its centre: centre (3,), half sizes (3,), colour or front texture."""

    center: np.ndarray
    half: np.ndarray
    color: np.ndarray
    yaw: float = 0.0
    front: np.ndarray | None = None  # (h,w,3) painted on the side that looks to -z in its own frame
    front_emits: float = 0.0
    grain: float = 0.0
    round_m: float = 0.0  # corners of the front are cut to this radius


@dataclass
class Ellipsoid:
    center: np.ndarray
    radius: np.ndarray
    color: np.ndarray
    emits: float = 0.0
    rough: float = 0.0


@dataclass
class Cylinder:
    base: np.ndarray
    radius: float
    height: float
    color: np.ndarray
    emits: float = 0.0
    taper: float = 0.0  # share by which the radius shrinks to the top


@dataclass
class Card:
    """A flat cut-out that faces along its yaw: centre of its lower edge, width, height, image (h,w,4)."""

    base: np.ndarray
    width: float
    height: float
    image: np.ndarray
    yaw: float = 0.0


@dataclass
class Plane:
    """A wall of the room: origin is its upper left corner, right and down unit axes, size, paint and emission."""

    origin: np.ndarray
    right: np.ndarray
    down: np.ndarray
    size: tuple
    paint: np.ndarray
    emission: np.ndarray | None = None


@dataclass
class Surface:
    albedo: np.ndarray
    emission: np.ndarray
    normal: np.ndarray
    position: np.ndarray
    distance: np.ndarray
    boxes: list = field(default_factory=list)


def sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear look-up of image (h,w,C) at pixel positions x, y (K,): (K,C)."""
    rows = -(-len(x) // 1024)  # cv2.remap takes no side beyond 32767
    pad = rows * 1024 - len(x)
    mx, my = (np.pad(v.astype(np.float32), (0, pad)).reshape(rows, 1024) for v in (x, y))
    return cv2.remap(image, mx, my, cv2.INTER_LINEAR).reshape(rows * 1024, -1)[: len(x)]


def _most(v: np.ndarray) -> np.ndarray:
    """The largest of the three components (H,W); numpy's reduction over so short an axis is slow."""
    return np.maximum(np.maximum(v[..., 0], v[..., 1]), v[..., 2])


def _turn(yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def cast(eye: np.ndarray, rays: np.ndarray, solids: list) -> Surface:
    """rays (H,W,3) unit; solids of the classes above. Each solid only meets the rays of its own rectangle."""
    h, w = rays.shape[:2]
    eye = eye.astype(np.float32)
    images = [np.zeros((h, w, 3), np.float32) for _ in range(3)]
    distance = np.full((h, w), FAR, np.float32)
    coarse = rays[::_STEP, ::_STEP]
    for s in solids:
        area = (slice(0, h), slice(0, w)) if isinstance(s, Plane) else _area(s, eye, coarse, h, w)
        if area is not None:
            part = Surface(*(i[area] for i in images), np.empty(0), distance[area])
            _HITS[type(s)](s, eye, rays[area], part)
    albedo, emission, normal = images
    boxes = [s for s in solids if isinstance(s, Box) and s.half.max() > 0.15]
    return Surface(albedo, emission, normal, eye + rays * np.minimum(distance, 100)[..., None], distance, boxes)


def _ball(s) -> tuple[np.ndarray, float]:
    """Centre and radius of a ball round a solid."""
    if isinstance(s, Box):
        return s.center, float(np.linalg.norm(s.half))
    if isinstance(s, Ellipsoid):
        return s.center, float(s.radius.max())
    if isinstance(s, Cylinder):
        return s.base + np.float32([0, s.height / 2, 0]), float(np.hypot(s.radius, s.height / 2))
    return s.base + np.float32([0, s.height / 2, 0]), float(np.hypot(s.width, s.height) / 2)


def _area(s, eye, coarse, h: int, w: int):
    """The rectangle of rays that can meet a solid, or None."""
    center, radius = _ball(s)
    line = center - eye
    d = float(np.linalg.norm(line))
    if d <= radius * 1.05:
        return slice(0, h), slice(0, w)
    between = np.arccos(np.clip(coarse[0, 0] @ coarse[1, 1], -1, 1))  # a grid cell's diagonal
    near = coarse @ (line / d) > np.cos(min(np.arcsin(radius / d) + between, 3.1))
    rows, columns = np.where(near.any(1))[0], np.where(near.any(0))[0]
    if len(rows) == 0:
        return None
    return slice(max(0, (rows[0] - 1) * _STEP), min(h, (rows[-1] + 2) * _STEP)), slice(max(0, (columns[0] - 1) * _STEP), min(w, (columns[-1] + 2) * _STEP))


def _keep(out: Surface, hit: np.ndarray, t: np.ndarray, albedo, normal, emission=None) -> None:
    """Write a hit's values (given for the hit pixels only) where it is the nearest."""
    out.distance[hit] = t
    out.albedo[hit] = albedo
    out.normal[hit] = normal
    out.emission[hit] = 0 if emission is None else emission


def _plane(s: Plane, eye, rays, out: Surface) -> None:
    normal = np.cross(s.right, s.down).astype(np.float32)
    facing = rays @ normal
    safe = np.where(np.abs(facing) < 1e-6, 1e-6, facing)
    t = ((s.origin - eye) @ normal).astype(np.float32) / safe
    offset = eye - s.origin
    u = offset @ s.right + t * (rays @ s.right.astype(np.float32))
    v = offset @ s.down + t * (rays @ s.down.astype(np.float32))
    hit = (t > 0.05) & (t < out.distance) & (u >= 0) & (v >= 0) & (u <= s.size[0]) & (v <= s.size[1])
    if not hit.any():
        return
    ph, pw = s.paint.shape[:2]
    mu, mv = (u[hit] / s.size[0] * (pw - 1)).astype(np.float32), (v[hit] / s.size[1] * (ph - 1)).astype(np.float32)

    def look(image):
        return sample(image, mu, mv)

    n = -normal if (out.distance.size and np.mean(facing[hit]) > 0) else normal
    _keep(out, hit, t[hit], look(s.paint), n, None if s.emission is None else look(s.emission))


def _box(s: Box, eye, rays, out: Surface) -> None:
    turn = _turn(-s.yaw)
    o, d = turn @ (eye - s.center), rays @ turn.T
    d = np.where(np.abs(d) < 1e-6, 1e-6, d)
    a, b = (-s.half - o) / d, (s.half - o) / d
    near, far = np.minimum(a, b), np.maximum(a, b)
    t = _most(near)
    hit = (t < -_most(-far)) & (t > 0.05) & (t < out.distance)
    if not hit.any():
        return
    axis = near[hit].argmax(1)
    p = o + d[hit] * t[hit][:, None]
    sign = -np.sign(np.take_along_axis(d[hit], axis[:, None], 1)[:, 0])
    normal = np.zeros((len(axis), 3), np.float32)
    normal[np.arange(len(axis)), axis] = sign
    color = np.tile(s.color.astype(np.float32), (len(axis), 1))
    if s.grain > 0:
        wave = np.sin(p @ np.float32([3.0, 90.0, 11.0]) + 3 * np.sin(p @ np.float32([5.0, 2.0, 4.0])))
        color *= 1 + s.grain * wave[:, None]
    emission = np.zeros((len(axis), 3), np.float32)
    front = (axis == 2) & (sign < 0)
    if s.front is not None and front.any():
        fh, fw = s.front.shape[:2]
        u = ((p[front, 0] / s.half[0] + 1) / 2 * (fw - 1)).astype(np.float32)
        v = ((1 - p[front, 1] / s.half[1]) / 2 * (fh - 1)).astype(np.float32)
        shown = sample(s.front, u, v)
        if s.front_emits > 0:
            emission[front] = shown * s.front_emits
            color[front] = 0.02
        else:
            color[front] = shown
    if s.round_m > 0:
        corner = np.maximum(np.abs(p[:, :2]) - (s.half[:2] - s.round_m), 0)
        gone = np.hypot(corner[:, 0], corner[:, 1]) > s.round_m
        index = np.argwhere(hit)
        keep = ~gone
        hit = np.zeros_like(hit)
        hit[tuple(index[keep].T)] = True
        color, normal, emission = color[keep], normal[keep], emission[keep]
    _keep(out, hit, t[hit], color, normal @ turn, emission)


def _ellipsoid(s: Ellipsoid, eye, rays, out: Surface) -> None:
    o, d = (eye - s.center) / s.radius, rays / s.radius
    a, b, c = (d * d).sum(2), d @ o, float(o @ o) - 1
    root = b * b - a * c
    t = (-b - np.sqrt(np.maximum(root, 0))) / a
    hit = (root > 0) & (t > 0.05) & (t < out.distance)
    if not hit.any():
        return
    p = o + d[hit] * t[hit][:, None]
    n = p / s.radius
    n = n / np.linalg.norm(n, axis=1, keepdims=True)
    color = np.tile(s.color.astype(np.float32), (len(n), 1))
    if s.rough > 0:
        color *= 1 + s.rough * np.sin(p @ np.float32([17, 23, 19]) * 2)[:, None]
    _keep(out, hit, t[hit].astype(np.float32), color, n.astype(np.float32), color * s.emits)


def _cylinder(s: Cylinder, eye, rays, out: Surface) -> None:
    o = eye - s.base
    dx, dz = rays[..., 0], rays[..., 2]
    a = dx * dx + dz * dz
    b, c = dx * o[0] + dz * o[2], o[0] ** 2 + o[2] ** 2 - s.radius**2
    root = b * b - a * c
    t = (-b - np.sqrt(np.maximum(root, 0))) / np.maximum(a, 1e-9)
    y = o[1] + rays[..., 1] * t
    hit = (root > 0) & (t > 0.05) & (t < out.distance) & (y > 0) & (y < s.height)
    if s.taper > 0:  # a cone's outline: cut the cylinder by a radius that shrinks upwards
        nearest = np.sqrt(np.maximum(o[0] ** 2 + o[2] ** 2 - b * b / np.maximum(a, 1e-9), 0))
        hit &= nearest < s.radius * (1 - s.taper * np.clip(y / s.height, 0, 1))
    if hit.any():
        p = o + rays[hit] * t[hit][:, None]
        n = p * np.float32([1, 0, 1]) / s.radius
        color = np.tile(s.color.astype(np.float32), (len(n), 1))
        _keep(out, hit, t[hit].astype(np.float32), color, n.astype(np.float32), color * s.emits)


def _card(s: Card, eye, rays, out: Surface) -> None:
    turn = _turn(-s.yaw)
    o, d = turn @ (eye - s.base), rays @ turn.T
    t = -o[2] / np.where(np.abs(d[..., 2]) < 1e-6, 1e-6, d[..., 2])
    u, v = (o[0] + d[..., 0] * t) / s.width + 0.5, 1 - (o[1] + d[..., 1] * t) / s.height
    hit = (t > 0.05) & (t < out.distance) & (u > 0) & (u < 1) & (v > 0) & (v < 1)
    if not hit.any():
        return
    ih, iw = s.image.shape[:2]
    shown = sample(s.image, u[hit] * (iw - 1), v[hit] * (ih - 1))
    solid = shown[:, 3] > 0.5
    index = np.argwhere(hit)[solid]
    mask = np.zeros_like(hit)
    mask[tuple(index.T)] = True
    _keep(out, mask, t[mask].astype(np.float32), shown[solid, :3], (turn.T @ np.float32([0, 0, -1])))


_HITS = {Plane: _plane, Box: _box, Ellipsoid: _ellipsoid, Cylinder: _cylinder, Card: _card}


def shadowed(points: np.ndarray, light: np.ndarray, boxes: list) -> np.ndarray:
    """(H,W) 1 where a box stands between a point (H,W,3) and the light (3,), else 0."""
    out = np.zeros(points.shape[:2], np.float32)
    for s in boxes:
        turn = _turn(-s.yaw)
        o = (points - s.center).astype(np.float32) @ turn.T
        d = (light - points).astype(np.float32) @ turn.T
        d = np.where(np.abs(d) < 1e-6, 1e-6, d)
        a, b = (-s.half - o) / d, (s.half - o) / d
        near, far = _most(np.minimum(a, b)), -_most(-np.maximum(a, b))
        out[(near < far) & (far > 0.02) & (near < 1) & (near > 0.004)] = 1
    return out
