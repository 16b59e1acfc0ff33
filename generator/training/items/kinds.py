"""The table of kinds: frame, chart, inputs, network size, colours and poses of every item.

To add a kind: a mesh builder in meshes/, an entry here, `python -m items.train --kind K`, `python -m items.export`.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from .charts import rotation, view_of
from .meshes import cape, crown, sword, wizard_hat

PI = math.pi


@dataclass(frozen=True)
class Layer:
    """One field. `edge_range`: distance from the outline, in units, beyond which the field may saturate."""

    name: str
    order: str  # "front" | "behind"
    chart: dict
    inputs: list
    hidden: tuple
    train_ppu: float  # pixels per unit of the ground truth pictures
    edge_unit: float = 0.05
    mask_unit: float = 0.05
    edge_range: float = 0.12

    @property
    def sizes(self) -> list:
        from .charts import input_width

        return [input_width(self.inputs), *self.hidden, 4]


@dataclass(frozen=True)
class Kind:
    name: str
    frame: str  # "head" | "shoulders" | "hand"
    unit: str
    natural_size: float
    scale_about: tuple
    tint: tuple
    secondary: tuple
    build: object  # () -> {layer name: Model}
    layers: list
    params: list = field(default_factory=list)
    yaw_range_deg: float = 75.0
    pitch_range_deg: float = 40.0
    yaw_spread_deg: float = 28.0  # of the poses seen most
    pitch_spread_deg: float = 13.0

    def layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"{self.name} has layers {[x.name for x in self.layers]}, not {name!r}")


def entry(source, center=0.0, scale=1.0, identity=True, base=PI, octaves=0):
    return {"source": source, "center": center, "scale": scale, "identity": identity, "base": base, "octaves": octaves}


def turn(source, octaves):
    return entry(source, identity=False, base=1.0, octaves=octaves)


SWORD_TWIST_DEG = 25.0

SWORD = Kind(
    "sword", "hand", "sword_length", 1.0, (0.0, 0.0, 0.0), (0.78, 0.80, 0.85), (0.78, 0.56, 0.22), sword.build, params=["twist"],
    layers=[
        Layer(
            "sword", "front", {"type": "plane"},
            [
                entry("u", 0.41, 1 / 0.6, base=2 * PI / sword.WRAP_PITCH * 0.6 / 32, octaves=6),
                entry("v", 0.0, 1 / 0.14, octaves=5),
                entry("twist"),
                entry("cos_phi", base=2.0, octaves=1),
                entry("sin_phi", base=2.0, octaves=1),
            ],
            (44, 44, 44), train_ppu=800, edge_unit=0.02, mask_unit=0.02, edge_range=0.04,
        )
    ],
)  # fmt: skip

CROWN = Kind(
    "crown", "head", "head_width", 1.0, tuple(crown.CENTER), (1.0, 0.78, 0.25), (0.75, 0.05, 0.13), crown.build,
    layers=[
        Layer(
            "crown", "front",
            {"type": "ray", "surfaces": [{
                "kind": "cone", "center": list(map(float, crown.CENTER)), "tilt": math.radians(crown.TILT_DEG), "rx": crown.RX, "rz": crown.RZ,
                "slope": crown.FLARE, "h_min": -0.15, "h_max": 0.60,
            }]},
            [
                entry("a", 0.0, 1 / 0.7, octaves=2),
                entry("b", 0.5, 1 / 0.7, octaves=2),
                entry("view_x"), entry("view_y", scale=1.5),
                turn("0.front.theta", 5),
                entry("0.front.h", 0.22, 1 / 0.3, octaves=4),
                turn("0.back.theta", 4),
                entry("0.back.h", 0.22, 1 / 0.3, octaves=3),
                entry("0.gap", scale=4.0),
            ],
            (44, 44, 44), train_ppu=440, edge_unit=0.05, mask_unit=0.05, edge_range=0.09,
        )
    ],
)  # fmt: skip

HAT = Kind(
    "wizard_hat", "head", "head_width", 1.0, tuple(wizard_hat.CENTER), (0.16, 0.19, 0.52), (0.88, 0.68, 0.26), wizard_hat.build,
    layers=[
        Layer(
            "hat", "front",
            {"type": "ray", "surfaces": [
                {"kind": "cone", "center": list(map(float, wizard_hat.CENTER)), "tilt": math.radians(wizard_hat.TILT_DEG), "rx": wizard_hat.RX,
                 "rz": wizard_hat.RZ, "slope": -1 / wizard_hat.HEIGHT, "h_min": -0.2, "h_max": 1.5},
                {"kind": "disc", "center": [0.0, float(wizard_hat.CENTER[1]) - 0.04, float(wizard_hat.CENTER[2])],
                 "tilt": math.radians(wizard_hat.TILT_DEG), "rx": wizard_hat.BRIM_X, "rz": wizard_hat.BRIM_Z, "soft": 0.12},
            ]},
            [
                entry("a", 0.0, 1 / 1.25, octaves=4),
                entry("b", 0.85, 1 / 1.2, octaves=4),
                entry("view_x"), entry("view_y", scale=1.5),
                turn("0.front.theta", 4),
                entry("0.front.h", 0.6, 1 / 0.8, octaves=4),
                entry("0.gap", scale=2.0),
                entry("1.x"), entry("1.z"),
            ],
            (44, 44, 44), train_ppu=260, edge_unit=0.05, mask_unit=0.05, edge_range=0.15,
        )
    ],
)  # fmt: skip

CAPE = Kind(
    "cape", "shoulders", "shoulder_width", 1.0, (0.0, 0.0, 0.0), (0.72, 0.06, 0.10), (0.90, 0.70, 0.28), cape.build,
    yaw_range_deg=65.0, pitch_range_deg=0.0, yaw_spread_deg=22.0, pitch_spread_deg=0.0,
    layers=[
        Layer(
            "back", "behind",
            {"type": "ray", "surfaces": [{
                "kind": "cone", "center": [0.0, -0.15, cape.CENTER_Z], "tilt": 0.0, "rx": 0.85, "rz": 0.42, "slope": -0.27, "h_min": -3.0, "h_max": 0.6,
            }]},
            [
                entry("a", 0.0, 1 / 1.4, octaves=5),
                entry("b", -1.25, 1 / 1.7, octaves=5),
                entry("view_x", octaves=2),
                turn("0.back.theta", 5),
                turn("0.front.theta", 3),
                entry("0.back.h", -1.1, 1 / 1.7, octaves=1),
                entry("0.gap", scale=2.0),
            ],
            (36, 36, 36), train_ppu=220, edge_unit=0.1, mask_unit=0.1, edge_range=0.2,
        ),
        Layer(
            "front", "front",
            {"type": "ray", "surfaces": [{
                "kind": "cone", "center": [0.0, -0.05, cape.CENTER_Z], "tilt": 0.0, "rx": 0.25, "rz": 0.17, "slope": -4.0, "h_min": -0.8, "h_max": 0.1,
            }]},
            [
                entry("a", 0.0, 1 / 0.9, octaves=5),
                entry("b", -0.33, 1 / 0.5, octaves=4),
                entry("view_x", octaves=2),
                turn("0.front.theta", 4),
                entry("0.front.h", -0.25, 1 / 0.4, octaves=2),
                entry("0.gap", scale=2.0),
            ],
            (40, 40, 40), train_ppu=360, edge_unit=0.05, mask_unit=0.05, edge_range=0.10,
        ),
    ],
)  # fmt: skip

KINDS = {k.name: k for k in (SWORD, CROWN, HAT, CAPE)}


def draw_pose(kind: Kind, rng: np.random.Generator) -> dict:
    """A random pose that a field must know: {"yaw", "pitch"} or {"angle", "twist"} (radians; twist in -1..1)."""
    if kind.frame == "hand":
        return {"angle": rng.uniform(-PI, PI), "twist": rng.uniform(-1, 1)}
    pose = {}
    for name, limit, spread in (("yaw", kind.yaw_range_deg, kind.yaw_spread_deg), ("pitch", kind.pitch_range_deg, kind.pitch_spread_deg)):
        wide = rng.uniform(-1.05, 1.05) * limit
        near = rng.normal(0, spread) if spread else 0.0
        pose[name] = math.radians(float(np.clip(wide if rng.random() < 0.45 else near, -1.05 * limit, 1.05 * limit)))
    return pose


def mesh_view(kind: Kind, frame, params: dict):
    """How the mesh of a kind is seen in a frame: picture_from_mesh (2, 3), toward (3,), view_from_mesh (3, 3)."""
    if kind.frame == "hand":
        twist = rotation(0, 0, math.radians(SWORD_TWIST_DEG) * params.get("twist", 0.0))
        ex, ey = np.asarray(frame.ex, float), np.asarray(frame.ey, float)
        plane = np.stack([ex, -ey], -1) @ twist[:2]  # the mesh's y runs against v
        along = ex / np.linalg.norm(ex)
        turned = np.array([[along[0], along[1], 0], [-along[1], along[0], 0], [0, 0, 1]]) @ twist
        return plane, twist[2], turned
    _, view, right, up = view_of(frame)
    return frame.matrix(), view, np.stack([right, up, view])
