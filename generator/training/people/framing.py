"""The camera and the light of a sample, drawn to look like webcams in rooms.

The camera is described by where it puts the head in the picture; the rest follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rig import rotation

ASPECT = 256 / 192
_BODY_TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # a person facing the camera: body z points at it, y down


@dataclass
class View:
    """camera = rotation (3,3) @ body + shift (3,). Lights are {way (3,), rgb (3,)} in camera space, key first."""

    rotation: np.ndarray
    shift: np.ndarray
    tan_half_x: float
    tan_half_y: float
    lights: list
    ambient_up: tuple
    ambient_down: tuple
    up_way: np.ndarray
    exposure: float
    shadow_soft: float
    fold_strength: float
    freckles: float
    hair_density: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float

    def clip_from_camera(self, near: float = 0.05, far: float = 12.0) -> np.ndarray:
        """(4,4) projection; row 0 of the picture is its top."""
        m = np.zeros((4, 4))
        m[0, 0], m[1, 1] = 1 / self.tan_half_x, 1 / self.tan_half_y
        m[2, 2], m[2, 3] = (far + near) / (far - near), -2 * far * near / (far - near)
        m[3, 2] = 1.0
        return m

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        return points @ self.rotation.T + self.shift

    def project(self, points: np.ndarray) -> np.ndarray:
        """Camera-space points (K,3) to picture units (K,2)."""
        z = np.maximum(points[:, 2], 1e-3)
        return np.stack([points[:, 0] / z / self.tan_half_x, points[:, 1] / z / self.tan_half_y], 1) * 0.5 + 0.5

    @property
    def fov_x_deg(self) -> float:
        return float(np.rad2deg(2 * np.arctan(self.tan_half_x)))


def _white(rng: np.random.Generator, spread: float) -> np.ndarray:
    """A light colour from warm lamp to cool sky, mean 1."""
    warm = rng.normal(0, spread)
    c = np.array([1 + 0.32 * warm, 1 + 0.02 * warm, 1 - 0.38 * warm]) + rng.normal(0, 0.02, 3)
    return np.clip(c, 0.2, 2.0) / np.clip(c, 0.2, 2.0).mean()


def _way(azimuth_deg: float, elevation_deg: float, up: np.ndarray) -> np.ndarray:
    """Towards a light, camera space; azimuth 0 is behind the camera, elevation against the world's up."""
    a, e = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    back = np.array([0, 0, -1.0])
    back -= up * np.dot(up, back)
    back /= np.linalg.norm(back)
    right = np.cross(back, up)
    right = right if right[0] > 0 else -right
    v = np.cos(e) * (np.cos(a) * back + np.sin(a) * right) + np.sin(e) * up
    return v / np.linalg.norm(v)


def draw_head_place(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Head width in picture widths, head centre x and y in picture units, horizontal field of view in degrees."""
    kind = rng.random()
    if kind < 0.68:
        width = float(np.exp(rng.normal(np.log(0.135), 0.22)))
    elif kind < 0.86:
        width = rng.uniform(0.16, 0.35)
    else:
        width = rng.uniform(0.055, 0.1)
    width = float(np.clip(width, 0.05, 0.36))
    x = float(np.clip(rng.normal(0.5, 0.12), 0.12, 0.88)) if rng.random() < 0.93 else rng.choice([rng.uniform(-0.02, 0.15), rng.uniform(0.85, 1.02)])
    tall = width * 1.45 * ASPECT
    top = rng.uniform(-0.03, 0.42) if rng.random() < 0.9 else rng.uniform(-0.25 * tall, 0.1)
    y = top + tall * 0.5
    return width, float(x), float(min(y, 0.72)), float(rng.uniform(45, 80))


def draw_view(rng: np.random.Generator, place: tuple, head: np.ndarray, head_width_m: float, body_yaw_deg: float) -> View:
    """The view that puts a head (posed, body space) at its place in the picture."""
    width, x, y, fov = place
    tan_x = float(np.tan(np.deg2rad(fov / 2)))
    tan_y = tan_x / ASPECT
    pitch = float(np.clip(rng.normal(-2, 9), -25, 20))
    roll = float(np.clip(rng.normal(0, 2.2), -6, 6))
    r = rotation([0, 0, 1], np.deg2rad(roll)) @ rotation([1, 0, 0], np.deg2rad(pitch)) @ _BODY_TO_CAMERA @ rotation([0, 1, 0], np.deg2rad(body_yaw_deg))
    z = head_width_m / (2 * tan_x * width)
    target = np.array([(2 * x - 1) * tan_x * z, (2 * y - 1) * tan_y * z, z])
    up = r @ np.array([0, 1.0, 0])
    return View(r, target - r @ head, tan_x, tan_y, **draw_light(rng, up), up_way=up, fold_strength=float(rng.uniform(0.03, 0.2)), freckles=float(rng.random() ** 4), hair_density=float(rng.uniform(0.9, 1.3)), yaw_deg=body_yaw_deg, pitch_deg=pitch, roll_deg=roll)


def draw_light(rng: np.random.Generator, up: np.ndarray) -> dict:
    """Key, fill and rim light, sky and ground; dim and bright, warm and cold."""
    style = rng.choice(["room", "window", "lamp", "screen", "flat"], p=[0.36, 0.22, 0.14, 0.12, 0.16])
    tint = _white(rng, 0.45)
    if style == "room":
        key, fill, sky, soft, az, el = rng.uniform(0.5, 1.2), 0.25, rng.uniform(0.35, 0.7), 0.02, rng.normal(0, 50), rng.uniform(35, 80)
    elif style == "window":
        key, fill, sky, soft, az, el = rng.uniform(0.9, 2.0), 0.12, rng.uniform(0.2, 0.5), 0.012, rng.choice([-1, 1]) * rng.uniform(35, 105), rng.uniform(5, 40)
    elif style == "lamp":
        key, fill, sky, soft, az, el = rng.uniform(0.8, 1.6), 0.08, rng.uniform(0.08, 0.28), 0.006, rng.uniform(-140, 140), rng.uniform(0, 60)
        tint = _white(rng, 0.3) * np.array([1.15, 1.0, 0.75])
    elif style == "screen":
        key, fill, sky, soft, az, el = rng.uniform(0.5, 1.0), 0.1, rng.uniform(0.08, 0.3), 0.02, rng.normal(0, 18), rng.uniform(-30, 10)
        tint = _white(rng, 0.5) * np.array([0.9, 1.0, 1.15])
    else:
        key, fill, sky, soft, az, el = rng.uniform(0.1, 0.4), 0.3, rng.uniform(0.7, 1.0), 0.03, rng.normal(0, 60), rng.uniform(20, 80)
    sky_tint = _white(rng, 0.35)
    lights = [
        {"way": _way(az, el, up), "rgb": key * tint},
        {"way": _way(-az * rng.uniform(0.4, 1.2) + rng.normal(0, 30), rng.uniform(-10, 50), up), "rgb": fill * rng.uniform(0.3, 1.6) * _white(rng, 0.5)},
        {"way": _way(180 + rng.normal(0, 45), rng.uniform(0, 60), up), "rgb": (rng.uniform(0.2, 1.2) if rng.random() < 0.35 else 0.0) * _white(rng, 0.5)},
    ]
    level = sum(float(l["rgb"].mean()) for l in lights[:2]) * 0.55 + sky
    wanted = np.exp(rng.normal(np.log(1.08), 0.27))
    return {
        "lights": lights,
        "ambient_up": tuple(sky * sky_tint),
        "ambient_down": tuple(sky * rng.uniform(0.3, 0.75) * sky_tint * np.array([1.05, 1.0, 0.92])),
        "exposure": float(np.clip(wanted / level, 0.35, 2.4)),
        "shadow_soft": float(soft * rng.uniform(0.5, 1.5)),
    }
