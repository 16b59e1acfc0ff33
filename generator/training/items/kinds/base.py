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
    frame: str  # "head" | "shoulders" | "hand" | "arm" | "beside"
    unit: str
    natural_size: float
    scale_about: tuple
    tint: tuple
    secondary: tuple
    build: object  # (**what `shaped_by` names) -> {layer name: Model}; the same number of vertices in every shape
    layers: list
    params: list = field(default_factory=list)  # sources beside those of the chart that the pose gives: "twist"
    motion: dict = field(default_factory=dict)  # sources that follow the time: {"flap": {"wave": "sin", "period_s": 0.9}}
    shaped_by: tuple = ()  # what the mesh depends on: names of `motion`, and "angle" (of ex, radians) of a flat kind
    secondary_follows: float = 0.0  # share by which a named colour tints the secondary colour too
    angle_range_deg: tuple = (-180.0, 180.0)  # of a flat kind's ex, counter-clockwise from picture-right
    yaw_range_deg: float = 75.0
    pitch_range_deg: float = 40.0
    yaw_spread_deg: float = 28.0  # of the poses seen most
    pitch_spread_deg: float = 13.0
    training_poses: int = 260

    @property
    def flat(self) -> bool:
        """Whether its layers have the chart "plane"."""
        return self.frame in ("hand", "arm", "beside")

    @property
    def sources(self) -> list:
        """Names of all sources beside those of the chart."""
        return [*self.params, *self.motion]

    def moved(self, seconds: float) -> dict:
        """{name: value in [-1, 1]} of the sources that follow the time."""
        wave = {"sin": math.sin, "cos": math.cos}
        return {name: wave[m["wave"]](2 * PI * seconds / m["period_s"]) for name, m in self.motion.items()}

    def shape(self, layer: str, pose: dict):
        """The Model of a layer in a pose; what the pose does not say is 0 (an angle: upright)."""
        rest = {"angle": 0.5 * PI}
        return self.build(**{name: pose.get(name, rest.get(name, 0.0)) for name in self.shaped_by})[layer]

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
    """A random pose that a field must know: {"yaw", "pitch"} or {"angle"} in radians, and a value in [-1, 1] for each of
    the kind's sources."""
    if kind.flat:
        pose = {"angle": rng.uniform(*np.radians(kind.angle_range_deg))}
    else:
        pose = {}
        for name, limit, spread in (("yaw", kind.yaw_range_deg, kind.yaw_spread_deg), ("pitch", kind.pitch_range_deg, kind.pitch_spread_deg)):
            wide = rng.uniform(-1.05, 1.05) * limit
            near = rng.normal(0, spread) if spread else 0.0
            pose[name] = math.radians(float(np.clip(wide if rng.random() < 0.45 else near, -1.05 * limit, 1.05 * limit)))
    pose.update({name: rng.uniform(-1, 1) for name in kind.params})
    if kind.motion:
        pose.update(kind.moved(rng.uniform(0, 1000)))
    return pose


def mesh_view(kind: Kind, frame, params: dict):
    """How the mesh of a kind is seen in a frame: picture_from_mesh (2, 3), toward (3,), view_from_mesh (3, 3)."""
    if kind.flat:
        twist = rotation(0, 0, math.radians(SWORD_TWIST_DEG) * params.get("twist", 0.0))
        ex, ey = np.asarray(frame.ex, float), np.asarray(frame.ey, float)
        plane = np.stack([ex, -ey], -1) @ twist[:2]  # the mesh's y runs against v
        along = ex / np.linalg.norm(ex)
        turned = np.array([[along[0], along[1], 0], [-along[1], along[0], 0], [0, 0, 1]]) @ twist
        return plane, twist[2], turned
    _, view, right, up = view_of(frame)
    return frame.matrix(), view, np.stack([right, up, view])
