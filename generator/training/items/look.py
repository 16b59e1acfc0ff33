"""Contact sheets and figures:  python -m items.look --out DIR [--assets DIR] [--kind K] [--poses N] [--mesh]

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
from .data import pose_of_frame
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
    "staff": ((250, 420), (125, 245), 205, [(90, 0, 0.7), (68, 0, 2.1), (118, 0, 0), (35, 0, 0.7), (145, 0, 2.1)],
              [(None, None), ((0.55, 0.08, 0.10), None), ((0.80, 0.82, 0.86), (0.2, 1.0, 0.3))]),
    "torch": ((250, 330), (125, 245), 235, [(90, 0, 0.0), (90, 0, 0.28), (90, 0, 0.55), (62, 0, 0.1), (120, 0, 0.4), (40, 0, 0.7)],
              [(None, None), ((0.08, 0.30, 1.0), None)]),
    "shield": ((250, 290), (125, 128), 108, [(90, 0), (72, 0), (110, 0), (58, 0)], [(None, None), ((0.08, 0.22, 0.75), (0.8, 0.82, 0.86)), ((0.1, 0.5, 0.2), None)]),
    "elephant": ((280, 260), (140, 130), 100, [(90, 0, 0.0), (90, 0, 0.22), (90, 0, 0.68), (75, 0, 0.1), (115, 0, 0.35)],
                 [(None, None), ((0.92, 0.55, 0.70), None), ((0.2, 0.45, 0.9), (1.0, 0.8, 0.3))]),
    "necklace": ((260, 200), (130, 60), 190, [(0, 0), (14, 0), (-30, 0), (50, 0)], [(None, None), ((0.82, 0.84, 0.88), (0.1, 0.25, 0.85))]),
    "wings": ((460, 300), (230, 165), 92, [(0, 0, 0.0), (14, 0, 0.6), (-28, 0, 1.8), (45, 0, 1.2)], [(None, None), ((0.12, 0.12, 0.15), (0.6, 0.1, 0.1))]),
}  # fmt: skip
LIKE = {"hand": "sword", "head": "wizard_hat", "shoulders": "cape", "arm": "shield", "beside": "elephant"}  # what a kind without a sheet of its own is shown like
GREY = 0.60


def sheet_of(kind: Kind):
    return SHEETS[kind.name] if kind.name in SHEETS else SHEETS[LIKE[kind.frame]]


def frame_of(kind: Kind, pose, origin, unit: float):
    """Frame and params of a pose (yaw, pitch) or (angle, twist), degrees but for the twist, and seconds where a third is given."""
    params = kind.moved(pose[2] if len(pose) > 2 else 0.0)
    if kind.flat:
        return sword_frame(origin, unit, math.radians(pose[0])), {**params, **{name: pose[1] for name in kind.params}}
    return pose_frame(origin, unit, 0.0, math.radians(pose[0]), math.radians(pose[1])), params


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


def sheet(house, kind: Kind, sources=("mesh", "field")) -> np.ndarray:
    size, origin, unit, poses, palette = sheet_of(kind)
    rows = []
    for tint, secondary in palette:
        for source in sources:
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
            origin = (width * 0.5, height * (0.5 if kind.flat else 0.66 if kind.frame == "head" else 0.18))
            frame, params = pose_of_frame(kind, pose, origin, unit)
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
    args.add_argument("--mesh", action="store_true", help="the meshes alone, of kinds that are not trained too")
    args = args.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    house = None if args.mesh else Wardrobe(args.assets)
    for name in [args.kind] if args.kind else KINDS if args.mesh else house.kinds:
        picture = np.clip(sheet(house, KINDS[name], ("mesh",) if args.mesh else ("mesh", "field")), 0, 1)
        Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).save(args.out / f"{name}.png")
        if args.mesh:
            continue
        for layer, scores in figures(house, KINDS[name], args.poses).items():
            print(f"{name}.{layer}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))


if __name__ == "__main__":
    main()
