"""What is worn on the head."""

import math

from ..meshes import crown, wizard_hat
from .base import Kind, Layer, entry, turn

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

KINDS = (CROWN, HAT)
