"""What hangs from the shoulders."""

from ..meshes import cape, necklace, wings
from .base import PI, Kind, Layer, entry, turn

CAPE = Kind(
    "cape", "shoulders", "shoulder_width", 1.0, (0.0, 0.0, 0.0), (0.72, 0.06, 0.10), (0.90, 0.70, 0.28), cape.build,
    yaw_range_deg=65.0, pitch_range_deg=0.0, yaw_spread_deg=22.0, pitch_spread_deg=0.0, training_poses=160,
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

NECKLACE = Kind(
    "necklace", "shoulders", "shoulder_width", 1.0, (0.0, -0.1, 0.0), (1.0, 0.78, 0.25), (0.05, 0.50, 0.32), necklace.build,
    yaw_range_deg=60.0, pitch_range_deg=0.0, yaw_spread_deg=22.0, pitch_spread_deg=0.0, training_poses=120,
    layers=[
        Layer(
            "necklace", "front",
            {"type": "ray", "surfaces": [{
                "kind": "cone", "center": list(map(float, necklace.CENTER)), "tilt": necklace.TILT, "rx": necklace.RX, "rz": necklace.RZ,
                "slope": 0.0, "h_min": -0.25, "h_max": 0.25,
            }, {
                # the plane of the pendant, upright: its x and z run along it whatever way the body turns
                "kind": "disc", "center": list(map(float, necklace.HEART)), "tilt": PI / 2, "rx": 0.15, "rz": 0.22, "soft": 0.05,
            }]},
            [
                entry("a", 0.0, 1 / 0.35, octaves=2),
                entry("b", -0.40, 1 / 0.40, octaves=2),
                entry("view_x", octaves=1),
                entry("1.x", octaves=3), entry("1.z", octaves=4),
                turn("0.front.theta", 6),
                entry("0.front.h", 0.0, 1 / 0.1, octaves=2),
                entry("0.gap", scale=4.0),
            ],
            (40, 40, 40), train_ppu=640, edge_unit=0.03, mask_unit=0.03, edge_range=0.05,
        )
    ],
)  # fmt: skip

WINGS = Kind(
    "wings", "shoulders", "shoulder_width", 1.0, tuple(map(float, wings.CENTER)), (0.95, 0.95, 0.93), (0.96, 0.82, 0.52), wings.build,
    motion={"beat": {"wave": "sin", "period_s": 2.6}}, shaped_by=("beat",),
    yaw_range_deg=50.0, pitch_range_deg=0.0, yaw_spread_deg=20.0, pitch_spread_deg=0.0, training_poses=120,
    layers=[
        Layer(
            "wings", "behind",
            {"type": "ray", "surfaces": [{
                "kind": "wings", "center": list(map(float, wings.CENTER)), "param": "beat", "swing": wings.SWING, "swing_by": wings.SWING_BY,
                "lift": wings.LIFT, "lift_by": wings.LIFT_BY, "soft": 0.1,
            }]},
            [
                entry("0.along", 1.0, 1 / 1.0, octaves=5),
                entry("0.h", 0.2, 1 / 1.0, octaves=5),
                entry("0.side"),
                entry("beat"),
                entry("view_x", octaves=1),
            ],
            (48, 48, 48), train_ppu=200, edge_unit=0.05, mask_unit=0.05, edge_range=0.12,
        )
    ],
)  # fmt: skip

KINDS = (CAPE, NECKLACE, WINGS)
