"""What is worn on the head."""

import math

from ..meshes import crown, halo, helmet, horns, wizard_hat
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

HELMET = Kind(
    "helmet", "head", "head_width", 1.0, (0.0, 0.15, 0.0), (0.70, 0.73, 0.78), (0.85, 0.63, 0.28), helmet.build,
    layers=[
        Layer(
            "helmet", "front",
            {"type": "ray", "surfaces": [
                {"kind": "cone", "center": [0.0, 0.0, -0.02], "tilt": 0.0, "rx": helmet.WIDE, "rz": helmet.DEEP, "slope": 0.0, "h_min": -0.85, "h_max": 0.45},
                {"kind": "cone", "center": [0.0, 0.45, -0.02], "tilt": 0.0, "rx": 0.538, "rz": 0.69, "slope": -1.45, "h_min": -0.5, "h_max": 0.75},
            ]},
            [
                entry("a", 0.0, 1 / 0.75, octaves=3),
                entry("b", 0.15, 1 / 0.95, octaves=4),
                entry("view_x"), entry("view_y", scale=1.5),
                turn("0.front.theta", 5),
                entry("0.front.h", -0.2, 1 / 0.6, octaves=4),
                turn("0.back.theta", 2),
                entry("0.back.h", -0.2, 1 / 0.6, octaves=1),
                entry("0.gap", scale=3.0),
                turn("1.front.theta", 3),
                entry("1.front.h", 0.1, 1 / 0.6, octaves=2),
                entry("1.gap", scale=3.0),
            ],
            (44, 44, 44), train_ppu=320, edge_unit=0.05, mask_unit=0.05, edge_range=0.12,
        )
    ],
)  # fmt: skip

# The horns lie near a plane; its coordinates show their rings in the same place in every pose.
HORNS = Kind(
    "horns", "head", "head_width", 1.0, (0.0, 0.42, 0.27), (0.74, 0.62, 0.46), (0.92, 0.70, 0.30), horns.build,
    layers=[
        Layer(
            "horns", "front",
            {"type": "ray", "surfaces": [{
                "kind": "disc", "center": list(map(float, horns.CENTER)), "tilt": math.radians(90 + horns.LEAN_DEG), "rx": 0.8, "rz": 0.8, "soft": 0.15,
            }]},
            [
                entry("a", 0.0, 1 / 0.9, octaves=4),
                entry("b", 0.75, 1 / 0.8, octaves=4),
                entry("view_x", octaves=1), entry("view_y", scale=1.5),
                entry("0.x", octaves=5),
                entry("0.z", 0.5, octaves=4),
            ],
            (44, 44, 44), train_ppu=280, edge_unit=0.05, mask_unit=0.05, edge_range=0.10,
        )
    ],
)  # fmt: skip

# A cylinder through the ring: where a ray enters and leaves it, the height tells how far it passes from the ring.
HALO = Kind(
    "halo", "head", "head_width", 1.0, (0.0, 0.75, 0.0), (1.0, 0.74, 0.22), (1.0, 0.90, 0.55), halo.build,
    layers=[
        Layer(
            "halo", "front",
            {"type": "ray", "surfaces": [{
                "kind": "cone", "center": list(map(float, halo.CENTER)), "tilt": math.radians(halo.TILT_DEG), "rx": halo.RX, "rz": halo.RZ,
                "slope": 0.0, "h_min": -0.4, "h_max": 0.4,
            }]},
            [
                entry("a", 0.0, 1 / 0.7, octaves=2),
                entry("b", 1.0, 1 / 0.7, octaves=3),
                entry("view_x"), entry("view_y", scale=1.5),
                turn("0.front.theta", 2),
                entry("0.front.h", scale=4.0, octaves=1),
                turn("0.back.theta", 2),
                entry("0.back.h", scale=4.0, octaves=1),
                entry("0.gap", scale=4.0, octaves=1),
            ],
            (40, 40, 40), train_ppu=320, edge_unit=0.05, mask_unit=0.05, edge_range=0.09,
        )
    ],
)  # fmt: skip

KINDS = (CROWN, HAT, HELMET, HORNS, HALO)
