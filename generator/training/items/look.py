"""Contact sheets and figures:  python -m items.look --out DIR [--assets DIR] [--kind K] [--poses N]

Sheet per kind: the mesh above, the field below, in pairs of rows per colour; poses held out from training (their own seed).
Figures on N held-out poses: PSNR of the composite over grey inside the bounds, IoU of alpha > 0.5, mean error of alpha.
"""

import argparse
import math
import pathlib

import numpy as np
import torch
from PIL import Image

from .charts import pose_frame, sword_frame
from .drawing import ASSETS, Wardrobe, colour_parts, mesh_parts
from .kinds import KINDS, Kind, draw_pose

HELD_OUT_SEED = 90210
SHEETS = {  # kind: picture size, origin, unit in pixels, poses in degrees, colours (tint, secondary)
    "sword": ((230, 300), (115, 215), 190, [(90, 0), (62, 0.4), (118, -0.6), (80, 1.0), (10, 0.2), (205, -0.3)],
              [(None, None), ((0.08, 0.22, 0.95), None), ((0.80, 0.08, 0.08), None)]),
    "crown": ((230, 170), (115, 165), 110, [(0, 0), (22, 4), (-45, 6), (66, -5), (0, 24), (14, -26)],
              [(None, None), ((0.78, 0.80, 0.85), (0.1, 0.2, 0.8)), ((0.1, 0.6, 0.2), None)]),
    "wizard_hat": ((270, 270), (125, 225), 105, [(0, 0), (22, 4), (-45, 6), (66, -5), (0, 24), (14, -26)],
                   [(None, None), ((0.55, 0.10, 0.60), None)]),
    "glasses": ((190, 130), (95, 50), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)], [(None, None), ((0.80, 0.10, 0.10), None)]),
    "mask": ((190, 150), (95, 75), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)],
             [(None, None), ((0.08, 0.09, 0.12), None), ((0.05, 0.35, 0.60), (0.85, 0.87, 0.90))]),
    "beard": ((200, 270), (100, 40), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)], [(None, None), ((0.42, 0.24, 0.12), None)]),
    "helmet": ((200, 240), (100, 150), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)], [(None, None), ((0.90, 0.68, 0.22), (0.6, 0.1, 0.1))]),
    "horns": ((230, 180), (115, 170), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)], [(None, None), ((0.75, 0.07, 0.07), None)]),
    "halo": ((190, 200), (95, 175), 110, [(0, 0), (22, 4), (-45, 6), (45, -12), (66, -5), (0, 28)], [(None, None), ((0.25, 0.65, 1.0), None)]),
    "cape": ((280, 300), (140, 75), 88, [(0, 0), (14, 0), (-30, 0), (55, 0)], [(None, None), ((0.10, 0.22, 0.70), (0.85, 0.85, 0.9))]),
}  # fmt: skip
LIKE = {"hand": "sword", "head": "wizard_hat", "shoulders": "cape"}  # what a kind without a sheet of its own is shown like
GREY = 0.60


def sheet_of(kind: Kind):
    return SHEETS[kind.name] if kind.name in SHEETS else SHEETS[LIKE[kind.frame]]


def frame_of(kind: Kind, pose, origin, unit: float):
    if kind.frame == "hand":
        return sword_frame(origin, unit, math.radians(pose[0])), {"twist": pose[1]}
    return pose_frame(origin, unit, 0.0, math.radians(pose[0]), math.radians(pose[1])), {}


def over(front: np.ndarray, back: np.ndarray) -> np.ndarray:
    return front[..., :3] + back * (1 - front[..., 3:])


def composite(house, kind: Kind, frame, params, size, tint, secondary, source) -> np.ndarray:
    """(H, W, 3): all layers of a kind over grey, the layers behind first."""
    width, height = size
    picture = np.full((height, width, 3), GREY, np.float32)
    for layer in sorted(kind.layers, key=lambda x: x.order != "behind"):
        if source == "mesh":
            parts = mesh_parts(kind.name, frame, params, width, height, layer.name)
            rgba = colour_parts(parts, tint or kind.tint, secondary or kind.secondary)
        else:
            rgba = house.draw(kind.name, frame, params, width, height, tint, 1.0, secondary, layer.name)
        picture = over(rgba, picture)
    return picture


def sheet(house, kind: Kind) -> np.ndarray:
    size, origin, unit, poses, palette = sheet_of(kind)
    rows = []
    for tint, secondary in palette:
        for source in ("mesh", "field"):
            frames = [frame_of(kind, pose, origin, unit) for pose in poses]
            rows.append(np.concatenate([composite(house, kind, f, p, size, tint, secondary, source) for f, p in frames], 1))
    return np.concatenate(rows, 0)


def figures(house, kind: Kind, count: int, unit: float | None = None) -> dict:
    """Means over held-out poses, per layer: {"layer": {"psnr_db", "alpha_iou", "alpha_error"}}."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    unit = unit or sheet_of(kind)[2]
    table = {}
    poses = [draw_pose(kind, rng) for _ in range(count)]
    for layer in kind.layers:
        scores = []
        for pose in poses:
            width = height = int(unit * (2.9 if kind.frame != "shoulders" else 3.6))
            origin = (width * 0.5, height * (0.5 if kind.frame == "hand" else 0.66 if kind.frame == "head" else 0.18))
            if kind.frame == "hand":
                frame, params = sword_frame(origin, unit, pose["angle"]), {"twist": pose["twist"]}
            else:
                frame, params = pose_frame(origin, unit, 0.0, pose["yaw"], pose["pitch"]), {}
            truth = colour_parts(mesh_parts(kind.name, frame, params, width, height, layer.name), kind.tint, kind.secondary)
            drawn = house.draw(kind.name, frame, params, width, height, layer=layer.name)
            scores.append(compare(truth, drawn))
        table[layer.name] = {k: float(np.mean([s[k] for s in scores])) for k in scores[0]}
    return table


def compare(truth: np.ndarray, drawn: np.ndarray) -> dict:
    """Two premultiplied RGBA pictures, inside the box of either's alpha."""
    a, b = truth[..., 3], drawn[..., 3]
    rows, columns = np.nonzero((a > 0.02) | (b > 0.02))
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    background = np.float32(GREY)
    error = np.mean((over(truth[box], background) - over(drawn[box], background)) ** 2)
    both, either = ((a > 0.5) & (b > 0.5)).sum(), ((a > 0.5) | (b > 0.5)).sum()
    return {"psnr_db": -10 * math.log10(max(error, 1e-9)), "alpha_iou": both / max(either, 1), "alpha_error": float(np.abs(a[box] - b[box]).mean())}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=pathlib.Path, required=True)
    args.add_argument("--assets", type=pathlib.Path, default=ASSETS)
    args.add_argument("--kind", choices=sorted(KINDS))
    args.add_argument("--poses", type=int, default=24)
    args = args.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    house = Wardrobe(args.assets)
    for name in [args.kind] if args.kind else house.kinds:
        picture = np.clip(sheet(house, KINDS[name]), 0, 1)
        Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).save(args.out / f"{name}.png")
        for layer, scores in figures(house, KINDS[name], args.poses).items():
            print(f"{name}.{layer}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))


if __name__ == "__main__":
    main()
