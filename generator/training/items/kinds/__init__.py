"""The table of kinds: frame, chart, inputs, network size, colours and poses of every item.

To add a kind: a mesh builder in meshes/, an entry in the module it belongs to here, `python -m items.train --kind K`,
`python -m items.export`.
"""

from . import company, face, garments, headwear, held
from .base import Kind, Layer, draw_pose, mesh_view

KINDS = {kind.name: kind for module in (held, headwear, face, garments, company) for kind in module.KINDS}

__all__ = ["KINDS", "Kind", "Layer", "draw_pose", "mesh_view"]
