"""Worn items as small neural fields: meshes -> renders -> one small network per kind -> assets/house/items.*

    meshes.*  --render.py-->  ground truth pictures  --train.py-->  fields  --export.py-->  items.safetensors + items.json
    charts.py is the geometry shared by all of them (and rewritten in Rust by the run time): frame, ray, chart, inputs.
    draw(...) composites an item into a picture, from the mesh or from the field.
"""

from .charts import Frame, pose_frame, sword_frame


def draw(*args, **kwargs):
    """See items.drawing.draw (imported late: the mesh renderer needs a GL context, the charts do not)."""
    from .drawing import draw as draw_now

    return draw_now(*args, **kwargs)


def draw_layers(*args, **kwargs):
    """See items.drawing.draw_layers."""
    from .drawing import draw_layers as draw_now

    return draw_now(*args, **kwargs)


__all__ = ["Frame", "pose_frame", "sword_frame", "draw", "draw_layers"]
