"""Writes the items for the run time:  python -m items.export --run DIR [--assets DIR] [--reference DIR]

assets: items.safetensors (f32) and items.json; reference: items_KIND.json, activations of exactly those weights for the tests of
the Rust twin. The formats are described in README.md. Kinds that are not trained in DIR stay as they are.
"""

import argparse
import json
import math
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from .charts import pose_frame, sword_frame
from .drawing import ASSETS, Wardrobe
from .field import colours, outputs
from .kinds import KINDS, Kind, Layer, draw_pose
from .many import corners

REFERENCE = pathlib.Path(__file__).resolve().parents[1] / "reference"


def layer_table(kind: Kind, layer: Layer, box) -> dict:
    x0, x1, y0, y1 = (float(v) for v in box)
    trim = 0.7 * layer.edge_range - 0.02  # the training box has a wide margin
    x = [round(x0 + trim, 4), round(x1 - trim, 4)]
    y = [round(y0 + trim, 4), round(y1 - trim, 4)]
    bounds = {"u": x, "v": [-y[1], -y[0]]} if kind.flat else {"a": x, "b": y}
    return {
        "name": layer.name, "order": layer.order, "chart": layer.chart, "inputs": layer.inputs, "layers": layer.sizes,
        "activation": "hardswish", "edge_unit": layer.edge_unit, "mask_unit": layer.mask_unit, "edge_range": layer.edge_range, "bounds": bounds,
    }  # fmt: skip


def kind_table(kind: Kind, layers: list) -> dict:
    return {
        "frame": kind.frame, "unit": kind.unit, "natural_size": kind.natural_size, "scale_about": list(map(float, kind.scale_about)),
        "tint": list(kind.tint), "secondary": list(kind.secondary), "secondary_follows": kind.secondary_follows,
        "params": kind.sources, "motion": kind.motion,
        "yaw_range_deg": kind.yaw_range_deg, "pitch_range_deg": kind.pitch_range_deg, "layers": layers,
    }  # fmt: skip


def export(run: pathlib.Path, assets: pathlib.Path) -> list:
    """Writes the weights and the table of every kind whose layers are all trained in `run`; their names.

    What `assets` holds of other kinds is kept.
    """
    tensors, kinds, written = *stored(assets), []
    for kind in KINDS.values():
        paths = [run / f"{kind.name}.{layer.name}.pt" for layer in kind.layers]
        if not all(p.exists() for p in paths):
            continue
        layers = []
        tensors = {k: v for k, v in tensors.items() if not k.startswith(f"{kind.name}.")}
        for layer, path in zip(kind.layers, paths):
            state = torch.load(path, weights_only=True)
            if state["sizes"] != layer.sizes:
                raise ValueError(f"{path} holds sizes {state['sizes']}, the table asks for {layer.sizes}; train again")
            for name, value in state["mean"].items():
                tensors[f"{kind.name}.{layer.name}.{name.removeprefix('layers.')}"] = value.float().contiguous()
            layers.append(layer_table(kind, layer, state["box"]))
        kinds[kind.name] = kind_table(kind, layers)
        written.append(kind.name)
    kinds = {name: kinds[name] for name in KINDS if name in kinds}
    assets.mkdir(parents=True, exist_ok=True)
    save_file(tensors, assets / "items.safetensors")
    (assets / "items.safetensors").chmod(0o644)
    (assets / "items.json").write_text(json.dumps({"version": 1, "kinds": kinds}, indent=1) + "\n")
    return written


def stored(assets: pathlib.Path) -> tuple[dict, dict]:
    """Weights and kinds that the folder holds already; kinds that the table no longer has are dropped."""
    if not (assets / "items.json").is_file():
        return {}, {}
    kinds = json.loads((assets / "items.json").read_text())["kinds"]
    # Only the layers are learned: colours and motion are those that the table says now.
    kinds = {name: kind_table(KINDS[name], table["layers"]) for name, table in kinds.items() if name in KINDS}
    return {k: v for k, v in load_file(assets / "items.safetensors").items() if k.split(".")[0] in kinds}, kinds


def cases_of(kind: Kind, rng) -> list:
    """Frames to test, in a picture of about 320x240, among them one that is no rotation."""
    cases = []
    for k in range(4):
        size = (1.0, 1.5, 1.0, 0.7)[k]
        o = (160 + rng.uniform(-20, 20), 130 + rng.uniform(-20, 20))
        pose = draw_pose(kind, rng)
        params = {name: float(pose[name]) for name in kind.sources}
        if kind.flat:
            frame = sword_frame(o, 150.0 if kind.frame == "hand" else 60.0, pose["angle"], (1.0, 1.0, 0.6, 0.9)[k])
        else:
            yaw, pitch = (rng.uniform(-0.8, 0.8) * math.radians(limit) for limit in (kind.yaw_range_deg, kind.pitch_range_deg))
            frame = pose_frame(o, 80.0, rng.uniform(-0.3, 0.3), yaw, pitch)
            if k == 2:  # squeezed, as a shoulder line seen at an angle
                frame = type(frame)(frame.o, tuple(0.8 * np.asarray(frame.ex)), frame.ey, (0.0, 0.0))
        cases.append((frame, params, size, tuple(rng.uniform(0, 1, 3)), tuple(rng.uniform(0, 1, 3))))
    return cases


def reference(house: Wardrobe, name: str, seed: int = 7) -> dict:
    """Activations of one kind: some hundred pixels, most of them on the item."""
    rng = np.random.default_rng(seed)
    kind, cases = KINDS[name], []
    for table in house.kinds[name]["layers"]:
        for frame, params, size, tint, secondary in cases_of(kind, rng):
            sized = frame.sized(size, house.kinds[name]["scale_about"])
            quad = corners(table["chart"], table["bounds"], sized)
            weight = rng.random((4000, 2))
            pixels = quad[0] + weight[:, :1] * (quad[1] - quad[0]) + weight[:, 1:] * (quad[3] - quad[0])
            pixels = torch.from_numpy(np.floor(pixels) + 0.5).float()
            raw, inputs, ppu = house.raw(name, table, sized, params, pixels)
            on = torch.nonzero(raw[:, 0] > -0.02 / table["edge_unit"])[:, 0][:48]
            pick = torch.cat([on, torch.arange(16)])
            raw, inputs, pixels = raw[pick], inputs[pick], pixels[pick]
            rgba = colours(*outputs(raw, ppu, table["edge_unit"], table["mask_unit"]), tint, secondary)
            rows = lambda x: [[round(float(v), 6) for v in row] for row in x]
            cases.append({
                "layer": table["name"], "frame": {k: list(map(float, getattr(frame, k))) for k in ("o", "ex", "ey", "ez")}, "params": params,
                "size": size, "tint": list(map(float, tint)), "secondary": list(map(float, secondary)), "ppu": ppu,
                "pixels": rows(pixels), "inputs": rows(inputs[:1])[0], "raw": rows(raw), "rgba": rows(rgba),
            })  # fmt: skip
    return {"kind": name, "cases": cases}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--run", type=pathlib.Path, required=True, help="folder that items.train wrote")
    args.add_argument("--assets", type=pathlib.Path, default=ASSETS)
    args.add_argument("--reference", type=pathlib.Path, default=REFERENCE)
    args = args.parse_args()
    torch.set_num_threads(1)
    names = export(args.run, args.assets)
    house = Wardrobe(args.assets)
    args.reference.mkdir(parents=True, exist_ok=True)
    for name in names:
        (args.reference / f"items_{name}.json").write_text(json.dumps(reference(house, name)) + "\n")
    print(f"wrote {', '.join(names)} to {args.assets} and {args.reference}")


if __name__ == "__main__":
    main()
