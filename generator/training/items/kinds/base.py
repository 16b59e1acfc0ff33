"""What a kind of item is: its frame, charts, inputs, network sizes, colours and poses."""

import math
from dataclasses import dataclass, field

import numpy as np

from ..charts import input_width, rotation, view_of

PI = math.pi
SWORD_TWIST_DEG = 25.0


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
