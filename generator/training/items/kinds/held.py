"""What is held in a hand."""

from ..meshes import shield, staff, sword, torch
from .base import PI, Kind, Layer, entry

SWORD = Kind(
    "sword", "hand", "sword_length", 1.0, (0.0, 0.0, 0.0), (0.96, 0.98, 1.0), (0.78, 0.56, 0.22), sword.build, params=["twist"],
    secondary_follows=0.6,  # a blue sword is blue to the pommel
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

# A blade points up, more or less (house/frames.py): less than 60 degrees from it.
UPWARDS = (25.0, 155.0)

STAFF = Kind(
    "staff", "hand", "sword_length", 1.0, (0.0, 0.0, 0.0), (0.46, 0.29, 0.15), (0.25, 0.80, 1.0), staff.build,
    motion={"glow": {"wave": "sin", "period_s": 2.8}}, shaped_by=("glow",), angle_range_deg=UPWARDS, training_poses=100,
    layers=[
        Layer(
            "staff", "front", {"type": "plane"},
            [
                entry("u", -0.14, 1 / 0.92, octaves=6),
                entry("v", 0.0, 1 / 0.16, octaves=4),
                entry("glow"),
                entry("cos_phi"),
            ],
            (44, 44, 44), train_ppu=600, edge_unit=0.02, mask_unit=0.02, edge_range=0.05,
        )
    ],
)  # fmt: skip

TORCH = Kind(
    "torch", "hand", "sword_length", 1.0, (0.0, 0.0, 0.0), (1.0, 0.50, 0.10), (0.62, 0.44, 0.28), torch.build,
    motion={"phase_cos": {"wave": "cos", "period_s": 1.1}, "phase_sin": {"wave": "sin", "period_s": 1.1}},
    shaped_by=("angle", "phase_cos", "phase_sin"), angle_range_deg=UPWARDS, training_poses=200,
    layers=[
        Layer(
            "torch", "front", {"type": "plane"},
            [
                entry("u", 0.28, 1 / 0.58, octaves=5),
                entry("v", 0.0, 1 / 0.34, octaves=4),
                entry("phase_cos"), entry("phase_sin"),
                entry("cos_phi"), entry("sin_phi", 0.75, 4.0),
            ],
            (48, 48, 48), train_ppu=560, edge_unit=0.03, mask_unit=0.02, edge_range=0.06,
        )
    ],
)  # fmt: skip

SHIELD = Kind(
    "shield", "arm", "head_width", 1.0, (0.0, 0.0, 0.0), (0.62, 0.07, 0.10), (0.86, 0.72, 0.42), shield.build, angle_range_deg=(55.0, 125.0),
    training_poses=80,
    layers=[
        Layer(
            "shield", "front", {"type": "plane"},
            [
                entry("u", -0.17, 1 / 1.2, octaves=5),
                entry("v", 0.0, 1 / 1.05, octaves=5),
                entry("cos_phi", scale=2.0),
            ],
            (44, 44, 44), train_ppu=260, edge_unit=0.05, mask_unit=0.05, edge_range=0.12,
        )
    ],
)  # fmt: skip

KINDS = (SWORD, STAFF, TORCH, SHIELD)
