"""What is worn on the face."""

import math

from ..meshes import beard, glasses, mask
from .base import Kind, Layer, entry, turn

UPRIGHT = math.pi / 2  # tilt of a disc that lies in a plane of x and y

GLASSES = Kind(
    "glasses", "head", "head_width", 1.0, tuple(map(float, glasses.CENTER)), (0.07, 0.07, 0.08), (0.16, 0.20, 0.27), glasses.build,
    layers=[
        Layer(
            "glasses", "front",
            {"type": "ray", "surfaces": [
                {"kind": "disc", "center": [0.0, float(glasses.CENTER[1]), 0.70], "tilt": UPRIGHT, "rx": 0.55, "rz": 0.25, "soft": 0.15},
                {"kind": "cone", "center": [0.0, -0.075, 0.0], "tilt": 0.0, "rx": 0.58, "rz": 0.72, "slope": 0.0, "h_min": -0.4, "h_max": 0.3},
            ]},
            [
                entry("a", 0.0, 1 / 0.7, octaves=4),
                entry("b", -0.1, 1 / 0.6, octaves=4),
                entry("view_x", octaves=1), entry("view_y", scale=1.5),
                entry("0.x", octaves=4),
                entry("0.z", octaves=3),
                turn("1.front.theta", 3),
                entry("1.front.h", scale=4.0, octaves=1),
                entry("1.gap", scale=3.0),
            ],
            (44, 44, 44), train_ppu=320, edge_unit=0.05, mask_unit=0.05, edge_range=0.08,
        )
    ],
)  # fmt: skip

MASK = Kind(
    "mask", "head", "head_width", 1.0, (0.0, -0.12, 0.70), (0.50, 0.06, 0.20), (0.92, 0.70, 0.28), mask.build,
    layers=[
        Layer(
            "mask", "front",
            {"type": "ray", "surfaces": [
                {"kind": "cone", "center": [0.0, 0.0, 0.02], "tilt": 0.0, "rx": 0.58, "rz": 0.72, "slope": 0.0, "h_min": -0.55, "h_max": 0.5},
                {"kind": "disc", "center": [0.0, -0.1, 0.72], "tilt": UPRIGHT, "rx": 0.55, "rz": 0.40, "soft": 0.15},
            ]},
            [
                entry("a", 0.0, 1 / 0.7, octaves=3),
                entry("b", 0.0, 1 / 0.7, octaves=4),
                entry("view_x", octaves=1), entry("view_y", scale=1.5),
                turn("0.front.theta", 5),
                entry("0.front.h", 0.0, 1 / 0.45, octaves=4),
                entry("0.gap", scale=3.0),
                entry("1.x", octaves=3),
                entry("1.z", octaves=3),
            ],
            (44, 44, 44), train_ppu=320, edge_unit=0.05, mask_unit=0.05, edge_range=0.08,
        )
    ],
)  # fmt: skip

BEARD = Kind(
    "beard", "head", "head_width", 1.0, (0.0, -0.65, 0.60), (0.88, 0.87, 0.84), (0.92, 0.70, 0.28), beard.build,
    layers=[
        Layer(
            "beard", "front",
            {"type": "ray", "surfaces": [
                {"kind": "cone", "center": [0.0, -0.6, 0.03], "tilt": 0.0, "rx": 0.56, "rz": 0.76, "slope": 0.0, "h_min": -0.6, "h_max": 0.6},
                {"kind": "cone", "center": [0.0, -1.2, 0.34], "tilt": 0.0, "rx": 0.385, "rz": 0.46, "slope": 1.1, "h_min": -0.85, "h_max": 0.7},
            ]},
            [
                entry("a", 0.0, 1 / 0.75, octaves=4),
                entry("b", -0.9, 1 / 1.1, octaves=4),
                entry("view_x", octaves=1), entry("view_y", scale=1.5),
                turn("0.front.theta", 6),
                entry("0.front.h", 0.0, 1 / 0.6, octaves=3),
                entry("0.gap", scale=3.0),
                turn("1.front.theta", 6),
                entry("1.front.h", 0.0, 1 / 0.8, octaves=2),
                entry("1.gap", scale=3.0),
            ],
            (44, 44, 44), train_ppu=230, edge_unit=0.05, mask_unit=0.05, edge_range=0.12,
        )
    ],
)  # fmt: skip

KINDS = (GLASSES, MASK, BEARD)
