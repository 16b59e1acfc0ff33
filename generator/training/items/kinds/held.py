"""What is held in a hand."""

from ..meshes import sword
from .base import PI, Kind, Layer, entry

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

KINDS = (SWORD,)
