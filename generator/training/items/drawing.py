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

from .charts import Frame, chart_sources, encode
from .field import Field
from .kinds import KINDS, mesh_view
from .many import Placed, draw_many

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
        chosen = layer_of(self.kinds[kind], kind, layer)
        picture = torch.zeros(height * width, 4, device=self.device)
        _, index, colour = draw_many(self, kind, chosen, [Placed(frame, params or {}, tint, secondary, size)], width, height)
        picture[index] = colour
        return picture.reshape(height, width, 4).cpu().numpy()


def layer_of(table: dict, kind: str, name):
    layers = {x["name"]: x for x in table["layers"]}
    if name is None and len(layers) == 1:
        return table["layers"][0]
    if name not in layers:
        raise KeyError(f"expected layer= one of {sorted(layers)} for {kind}, got {name!r}")
    return layers[name]


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
