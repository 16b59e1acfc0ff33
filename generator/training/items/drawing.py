"""draw(): an item in a picture, from the trained field (the run time's formulas) or from its mesh (the truth).

Flow: frame -> sized frame -> pixels inside the layer's bounds -> chart -> field -> premultiplied RGBA.
"""

import functools
import json
import math
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file

from .charts import Frame, chart_sources, encode, view_of
from .field import Field, colours, outputs
from .kinds import KINDS, mesh_view

ASSETS = pathlib.Path(__file__).resolve().parents[3] / "assets" / "house"


class Wardrobe:
    """The exported items, ready to draw."""

    def __init__(self, folder: pathlib.Path = ASSETS, device="cpu"):
        self.device = torch.device(device)
        self.kinds = json.loads((folder / "items.json").read_text())["kinds"]
        weights = load_file(folder / "items.safetensors")
        self.fields = {}
        for kind, table in self.kinds.items():
            for layer in table["layers"]:
                field = Field(layer["layers"])
                prefix = f"{kind}.{layer['name']}."
                field.load_state_dict({"layers." + k[len(prefix) :]: v.float() for k, v in weights.items() if k.startswith(prefix)})
                self.fields[kind, layer["name"]] = field.eval().to(self.device)

    @torch.no_grad()
    def raw(self, kind: str, layer: dict, frame: Frame, params: dict, pixels: torch.Tensor):
        """Raw outputs (N, 4), inputs (N, I) and pixels per unit at picture positions (N, 2), in a frame that has its size."""
        sources, ppu = chart_sources(layer["chart"], frame, params, pixels)
        inputs = encode(layer["inputs"], sources, len(pixels))
        return self.fields[kind, layer["name"]](inputs), inputs, ppu

    @torch.no_grad()
    def draw(self, kind, frame, params, width, height, tint=None, size=1.0, secondary=None, layer=None) -> np.ndarray:
        table = self.kinds[kind]
        frame = frame.sized(size, table["scale_about"])
        params = {name: float(params.get(name, 0.0)) for name in table["params"]} if params else {name: 0.0 for name in table["params"]}
        chosen = layer_of(table, kind, layer)
        picture = torch.zeros(height * width, 4)
        pixels, index = pixels_inside(chosen["chart"], chosen["bounds"], frame, width, height)
        if len(index):
            raw, _, ppu = self.raw(kind, chosen, frame, params, pixels)
            parts = outputs(raw, ppu, chosen["edge_unit"], chosen["mask_unit"])
            picture[index] = colours(*parts, table["tint"] if tint is None else tint, table["secondary"] if secondary is None else secondary)
        return picture.reshape(height, width, 4).numpy()


def layer_of(table: dict, kind: str, name):
    layers = {x["name"]: x for x in table["layers"]}
    if name is None and len(layers) == 1:
        return table["layers"][0]
    if name not in layers:
        raise KeyError(f"expected layer= one of {sorted(layers)} for {kind}, got {name!r}")
    return layers[name]


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


def pixels_inside(chart, bounds, frame, width, height):
    """Centres (N, 2) and flat indices (N,) of the picture's pixels inside the bounds."""
    quad = corners(chart, bounds, frame)
    low, high = np.floor(quad.min(0)), np.ceil(quad.max(0))
    x0, x1 = max(0, int(low[0])), min(width, int(high[0]) + 1)
    y0, y1 = max(0, int(low[1])), min(height, int(high[1]) + 1)
    if x0 >= x1 or y0 >= y1:
        return torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)
    y, x = np.mgrid[y0:y1, x0:x1]
    p = np.stack([x.reshape(-1) + 0.5, y.reshape(-1) + 0.5], -1)
    # inside the parallelogram: its own coordinates lie in 0..1
    basis = np.linalg.inv(np.stack([quad[1] - quad[0], quad[3] - quad[0]], -1))
    inside = np.all(np.abs((p - quad[0]) @ basis.T - 0.5) <= 0.5, -1)
    index = (y.reshape(-1) * width + x.reshape(-1))[inside]
    return torch.from_numpy(p[inside]).float(), torch.from_numpy(index)


@functools.cache
def wardrobe(folder: pathlib.Path = ASSETS, device="cpu") -> Wardrobe:
    return Wardrobe(folder, device)


@functools.cache
def _studio():
    from .render import Studio

    return Studio()


@functools.cache
def _baked(kind: str, layer: str):
    return _studio().bake(KINDS[kind].shape(layer, {}))


@functools.lru_cache(maxsize=64)
def _loaded(kind: str, layer: str, pose: tuple):
    return _studio().load(KINDS[kind].shape(layer, dict(pose)), _baked(kind, layer))


def mesh_parts(kind: str, frame: Frame, params, width: int, height: int, layer=None, supersample: int = 4) -> np.ndarray:
    """(H, W, 4): D, S, M times coverage, and coverage, from the mesh, in a frame that has its size."""
    entry = KINDS[kind]
    name = layer or entry.layers[0].name
    params = params or {}
    matrix, toward, light = mesh_view(entry, frame, params)
    pose = {"angle": math.atan2(-frame.ex[1], frame.ex[0]), **params}
    shape = tuple((key, round(pose[key], 6)) for key in entry.shaped_by if key in pose)
    return _studio().picture(_loaded(kind, name, shape), matrix, frame.o, toward, light, width, height, supersample)


def draw(kind: str, frame: Frame, params, width: int, height: int, tint=None, size: float = 1.0, secondary=None, layer=None,
         source: str = "field") -> np.ndarray:  # fmt: skip
    """(height, width, 4) float32 premultiplied RGBA of one layer of an item.

    frame, params: see charts.py ({"twist": -1..1} for a sword, {"flap": -1..1} for an elephant; 0 where none is given). tint, secondary: rgb 0..1, default the
    kind's own. layer: needed for kinds with several. source: "field" (exported weights) or "mesh" (needs EGL; do not
    create torch optimisers in the same process).
    """
    if kind not in KINDS:
        raise KeyError(f"expected a kind of {sorted(KINDS)}, got {kind!r}")
    if source == "field":
        return wardrobe().draw(kind, frame, params, width, height, tint, size, secondary, layer)
    if source != "mesh":
        raise ValueError(f"expected source 'field' or 'mesh', got {source!r}")
    entry = KINDS[kind]
    parts = mesh_parts(kind, frame.sized(size, entry.scale_about), params, width, height, layer)
    return colour_parts(parts, entry.tint if tint is None else tint, entry.secondary if secondary is None else secondary)


def colour_parts(parts: np.ndarray, tint, secondary) -> np.ndarray:
    """D, S, M, coverage (premultiplied by coverage) -> premultiplied RGBA."""
    coverage = parts[..., 3:]
    d, s, m = (parts[..., k : k + 1] / np.maximum(coverage, 1e-6) for k in range(3))
    rgb = np.clip((m * np.asarray(tint) + (1 - m) * np.asarray(secondary)) * d + s, 0, 1) * coverage
    return np.concatenate([rgb, coverage], -1).astype(np.float32)


def draw_layers(kind: str, frame: Frame, params, width: int, height: int, tint=None, size: float = 1.0, secondary=None, source: str = "field"):
    """[(order, (height, width, 4) premultiplied RGBA)] of every layer of an item; order is "front" or "behind"."""
    return [(layer.order, draw(kind, frame, params, width, height, tint, size, secondary, layer.name, source)) for layer in KINDS[kind].layers]
