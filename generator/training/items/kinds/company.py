"""Who keeps the visitor company."""

from ..meshes import elephant
from .base import Kind, Layer, entry

ELEPHANT = Kind(
    "elephant", "beside", "head_width", 1.0, (0.0, 0.0, 0.0), (0.58, 0.67, 0.80), (0.96, 0.58, 0.66), elephant.build,
    motion={"flap": {"wave": "sin", "period_s": 0.9}}, shaped_by=("flap",), angle_range_deg=(55.0, 125.0), training_poses=120,
    layers=[
        Layer(
            "elephant", "front", {"type": "plane"},
            [
                entry("u", 0.05, 1 / 1.0, octaves=5),
                entry("v", 0.1, 1 / 1.3, octaves=5),
                entry("flap"),
                entry("cos_phi", scale=2.0),
            ],
            (52, 52, 52), train_ppu=240, edge_unit=0.05, mask_unit=0.05, edge_range=0.10,
        )
    ],
)  # fmt: skip

KINDS = (ELEPHANT,)
