"""Samples for training a field: chart positions with what the mesh shows there.

For every random pose the mesh is drawn once, finely and without antialiasing. Signed distances to the outline and to the
borders between own and secondary colour come from distance transforms of that picture, so that the field learns shapes
as distances: they stay crisp at any resolution. Just outside the outline, light and colour are those of the nearest
point inside.

Run as a program of its own (`python -m items.data KIND LAYER FILE.npz POSES PER_POSE SEED`): the software GL driver and
PyTorch's optimisers each bring an LLVM, and one process does not survive both.
"""

import math
import pathlib
import sys

import cv2
import numpy as np
import torch

from .charts import pose_frame, ray_features, sword_frame, view_from_angles
from .kinds import KINDS, Kind, Layer, draw_pose, mesh_view

COLUMNS = ("x", "y", "edge", "D", "S", "mask")  # chart position (a, b or u, v); distances in units


def signed_distance(inside: np.ndarray) -> np.ndarray:
    """(H, W) bool -> distance in pixels to the border, positive inside; saturates where there is no border."""
    grown = [cv2.distanceTransform(m.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (inside, ~inside)]
    far = float(sum(inside.shape))
    within, without = (np.minimum(g, far) for g in grown)
    return np.where(inside, within - 0.5, 0.5 - without)


def measured(picture: np.ndarray):
    """(H, W, 4) unfiltered picture -> edge distance, D, S, mask distance, each (H, W) in pixels or values."""
    inside = picture[..., 3] > 0.5
    edge = signed_distance(inside)
    _, label = cv2.distanceTransformWithLabels((~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    source = np.zeros(int(label.max()) + 1, np.int64)
    flat = np.flatnonzero(inside)
    source[label.reshape(-1)[flat]] = flat
    nearest = source[label].reshape(-1)
    d, s, m = (picture[..., k].reshape(-1)[nearest].reshape(inside.shape) for k in range(3))
    return edge, d, s, signed_distance(m > 0.5)


def pose_box(kind: Kind, layer: Layer, pose: dict, thin: np.ndarray):
    """Box (x0, x1, y0, y1) in chart units, y up, that holds the mesh points `thin` in this pose, with a margin."""
    if kind.flat:
        p = thin[:, :2]
    else:
        p = pose_frame((0, 0), 1.0, 0, pose["yaw"], pose["pitch"]).project(thin) * [1, -1]
    (x0, y0), (x1, y1) = p.min(0) - 0.7 * layer.edge_range, p.max(0) + 0.7 * layer.edge_range
    return x0, x1, y0, y1


def pose_of_frame(kind: Kind, pose: dict, origin, ppu: float):
    """Frame and params of a training pose with the item's origin at `origin` pixels."""
    params = {name: pose[name] for name in kind.sources}
    if kind.flat:
        return sword_frame(origin, ppu, pose["angle"]), params
    return pose_frame(origin, ppu, 0.0, pose["yaw"], pose["pitch"]), params


def unfiltered(studio, kind, layer, loaded, pose, box, ppu):
    """The picture of one pose in chart orientation: x to the right, y (b or v) up; pixel (0, 0) is the upper left corner."""
    width, height = (int(math.ceil((box[i + 1] - box[i]) * ppu)) for i in (0, 2))
    frame, params = pose_of_frame(kind, pose, (-box[0] * ppu, box[3] * ppu), ppu)
    if kind.flat:  # draw it lying, lit as it stands
        lying = sword_frame(frame.o, ppu, 0.0)
        matrix, toward, _ = mesh_view(kind, lying, params)
        light = mesh_view(kind, frame, params)[2]
    else:
        matrix, toward, light = mesh_view(kind, frame, params)
    return studio.picture(loaded, matrix, frame.o, toward, light, width, height, supersample=1)


def sample_pose(studio, kind, layer, loaded, pose, box, count, rng) -> np.ndarray:
    """(count, 6) float32 rows of COLUMNS for one pose, denser near edges."""
    picture = unfiltered(studio, kind, layer, loaded, pose, box, layer.train_ppu)
    edge, d, s, mask = measured(picture)
    ppu = layer.train_ppu
    near = np.abs(edge) < 0.25 * layer.edge_range * ppu
    band = np.abs(edge) < layer.edge_range * ppu
    inside = edge > -1.5
    tint_edge = inside & (np.abs(mask) < 0.2 * layer.edge_range * ppu)
    picks = []
    for region, share in ((near, 0.32), (inside, 0.36), (tint_edge, 0.12), (band, 0.12), (np.ones_like(near), 0.06)):
        flat = np.flatnonzero(region)
        if len(flat) == 0:
            flat = np.arange(edge.size)
        picks.append(rng.choice(flat, int(share * count)))
    at = np.concatenate(picks)
    row, column = np.divmod(at, edge.shape[1])
    x = box[0] + (column + 0.5) / ppu
    y = box[3] - (row + 0.5) / ppu
    if kind.flat:
        y = -y  # the mesh's y runs against v
    drawn = np.stack([x, y, *(v.reshape(-1)[at] for v in (edge / ppu, d, s, mask / ppu))], -1)
    # The rest lies further out, where nothing is drawn.
    wide, tall = 0.5 * (box[1] - box[0]), 0.5 * (box[3] - box[2])
    side = rng.integers(0, 2, count - len(drawn)) * 2.0 - 1
    along, out = rng.uniform(-1.4, 1.4, len(side)), side * rng.uniform(1.0, 1.4, len(side))
    across = rng.random(len(side)) < 0.5
    far = np.zeros((len(side), 6))
    far[:, 0] = 0.5 * (box[0] + box[1]) + wide * np.where(across, along, out)
    far[:, 1] = 0.5 * (box[2] + box[3]) + tall * np.where(across, out, along)
    far[:, 2], far[:, 5] = -layer.edge_range, layer.edge_range
    if kind.flat:
        far[:, 1] *= -1
    return np.concatenate([drawn, far]).astype(np.float32)


def generate(studio, kind: Kind, layer: Layer, poses: int, per_pose: int, seed: int):
    """-> samples (poses, per_pose, 6) float32, pose table (poses, P) float32, and the box of all poses (x0, x1, y0, y1), y up."""
    rng = np.random.default_rng(seed)
    # The sky that a vertex sees is baked once, in the shape at rest.
    rest = kind.shape(layer.name, {})
    baked = studio.bake(rest)
    loaded = studio.load(rest, baked)
    thin = rest.mesh.positions
    samples, table, boxes = [], [], []
    for _ in range(poses):
        pose = draw_pose(kind, rng)
        if kind.shaped_by:
            loaded.release()
            shape = kind.shape(layer.name, pose)
            loaded, thin = studio.load(shape, baked), shape.mesh.positions
        box = pose_box(kind, layer, pose, thin[:: max(1, len(thin) // 6000)])
        boxes.append(box)
        samples.append(sample_pose(studio, kind, layer, loaded, pose, box, per_pose, rng))
        table.append(pose_row(kind, pose))
    low, high = np.min(boxes, 0), np.max(boxes, 0)
    return np.stack(samples), np.stack(table).astype(np.float32), (low[0], high[1], low[2], high[3])


def pose_row(kind: Kind, pose: dict) -> np.ndarray:
    """What sources_of needs of a pose: (cos_phi, sin_phi) or the view vector, then the kind's sources."""
    if kind.flat:
        seen = [math.cos(pose["angle"]), math.sin(pose["angle"])]
    else:
        seen = view_from_angles(pose["yaw"], pose["pitch"])
    return np.array([*seen, *(pose[name] for name in kind.sources)])


def sources_of(kind: Kind, layer: Layer, xy: torch.Tensor, row: torch.Tensor) -> dict:
    """Chart sources of chart positions xy (N, 2) seen in poses row (N, P): the same values that charts.py derives from pixels."""
    seen = 2 if kind.flat else 3
    params = {name: row[:, seen + k] for k, name in enumerate(kind.sources)}
    if kind.flat:
        return {"u": xy[:, 0], "v": xy[:, 1], "cos_phi": row[:, 0], "sin_phi": row[:, 1], **params}
    view = row[:, :3]
    level = (view[:, 0] ** 2 + view[:, 2] ** 2).sqrt()
    zero = torch.zeros_like(level)
    right = torch.stack([view[:, 2] / level, zero, -view[:, 0] / level], -1)
    up = torch.cross(view, right, dim=-1)
    x0 = xy[:, :1] * right + xy[:, 1:] * up
    return ray_features(x0, view, xy[:, 0], xy[:, 1], layer.chart["surfaces"], params)


def main():
    name, layer_name, path, poses, per_pose, seed = sys.argv[1:]
    from .render import Studio

    kind, path = KINDS[name], pathlib.Path(path)
    samples, table, box = generate(Studio(), kind, kind.layer(layer_name), int(poses), int(per_pose), int(seed))
    part = path.with_suffix(".part.npz")
    np.savez(part, samples=samples, table=table, box=np.array(box))
    part.rename(path)


if __name__ == "__main__":
    main()
