"""Many items of one kind in many pictures at once, from their fields: one picture of one item as well.

Everything that belongs to one item (its frame, its view, its colours) is a row of a small table made on the CPU; every
pixel inside an item's bounds looks its row up.  So a whole batch takes as many operations as one item, and none of them
waits for the device but the choice of the pixels.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from .charts import Frame, encode, plane_features, plane_row, ray_row, rays, view_of
from .field import outputs


@dataclass
class Placed:
    """An item in its unsized frame, in pixels.  tint, secondary: rgb 0..1, the kind's own where None."""

    frame: Frame
    params: dict = field(default_factory=dict)
    tint: tuple | None = None
    secondary: tuple | None = None
    size: float = 1.0


@torch.no_grad()
def draw_many(wardrobe, kind: str, layer: dict, placed: list, width: int, height: int):
    """One layer of items of a kind -> which item (N,), which pixel (N,) of its picture, premultiplied RGBA (N, 4).

    Items with no pixel in the picture have none here.
    """
    table, device = wardrobe.kinds[kind], wardrobe.device
    frames = [item.frame.sized(item.size, table["scale_about"]) for item in placed]
    which, pixel, p = _pixels(layer, frames, width, height, device)
    if not len(pixel):
        return which, pixel, torch.zeros(0, 4, device=device)
    names = list(table["params"])
    params = [[float(item.params.get(name, 0.0)) for name in names] for item in placed]
    colour = [[*(item.tint or table["tint"]), *(item.secondary or table["secondary"])] for item in placed]
    plane = layer["chart"]["type"] == "plane"
    own = np.stack([(plane_row if plane else ray_row)(frame) for frame in frames])
    rows = np.concatenate([own, np.array(params).reshape(len(frames), len(names)), colour], 1)
    rows = torch.from_numpy(rows.astype(np.float32)).to(device)[which]                       # (N, columns)
    own, params, tint, secondary = rows.split([rows.shape[1] - 6 - len(names), len(names), 3, 3], 1)
    params = dict(zip(names, params.unbind(1)))
    sources = plane_features(own, params, p) if plane else rays(own, layer["chart"]["surfaces"], params, p)
    inputs = encode(layer["inputs"], sources, len(p))
    raw = wardrobe.fields[kind, layer["name"]](inputs)
    alpha, d, s, mask = outputs(raw, own[:, 0], layer["edge_unit"], layer["mask_unit"])
    base = mask[:, None] * tint + (1 - mask[:, None]) * secondary
    rgb = (base * d[:, None] + s[:, None]).clamp(0, 1)
    return which, pixel, torch.cat([rgb * alpha[:, None], alpha[:, None]], -1)


def corners(chart: dict, bounds: dict, frame: Frame) -> np.ndarray:
    """(4, 2) picture positions of the corners of a layer's bounds."""
    if chart["type"] == "plane":
        origin, x, y = np.asarray(frame.o), np.asarray(frame.ex), np.asarray(frame.ey)
        (x0, x1), (y0, y1) = bounds["u"], bounds["v"]
    else:
        _, _, right, up = view_of(frame)
        origin, x, y = np.asarray(frame.o), frame.matrix() @ right, frame.matrix() @ up
        (x0, x1), (y0, y1) = bounds["a"], bounds["b"]
    return np.stack([origin + a * x + b * y for a, b in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])


def _pixels(layer, frames, width, height, device):
    """The pixels inside the layer's bounds in every frame: item (N,), flat index (N,), centre (N, 2)."""
    boxes, bases = [], []
    for frame in frames:
        quad = corners(layer["chart"], layer["bounds"], frame)
        low, high = np.floor(quad.min(0)), np.ceil(quad.max(0))
        x0, y0 = (int(np.clip(v, 0, n)) for v, n in zip(low, (width, height)))
        x1, y1 = (int(np.clip(v + 1, 0, n)) for v, n in zip(high, (width, height)))
        boxes.append((x0, y0, max(x1 - x0, 0), max(x1 - x0, 0) * max(y1 - y0, 0)))
        bases.append(np.concatenate([quad[0], np.linalg.inv(np.stack([quad[1] - quad[0], quad[3] - quad[0]], -1)).reshape(-1)]))
    counts = np.array([box[3] for box in boxes])
    total = int(counts.sum())
    starts = torch.from_numpy(np.cumsum(counts) - counts).to(device)
    boxes = torch.from_numpy(np.array(boxes)).to(device)
    which = torch.repeat_interleave(torch.arange(len(frames), device=device), boxes[:, 3], output_size=total)
    box, offset = boxes[which], torch.arange(total, device=device) - starts[which]
    across = box[:, 2].clamp_min(1)
    x, y = box[:, 0] + offset % across, box[:, 1] + offset // across
    p = torch.stack([x, y], -1).double() + 0.5
    basis = torch.from_numpy(np.stack(bases)).to(device)[which]
    d = p - basis[:, :2]
    own = torch.stack([d[:, 0] * basis[:, 2] + d[:, 1] * basis[:, 3], d[:, 0] * basis[:, 4] + d[:, 1] * basis[:, 5]], -1)
    inside = ((own - 0.5).abs() <= 0.5).all(-1).nonzero()[:, 0]
    return which[inside], (y * width + x)[inside], p[inside].float()
