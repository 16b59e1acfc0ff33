"""Batches of webcam-like frames with labels, put together on the fly from stored layers.

Stored once: people without background (`people.build`) and pictures of rooms (`rooms.build`).  Every batch crops,
turns and flips people, gives them other clothes patterns and light, puts them before a room (in which other people
may stand, labelled as background), and passes the whole through a bad camera.  So one render serves many frames.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from .model import PARTS, POINTS

ASPECT = 4 / 3
SWAPPED_POINTS = [POINTS.index(n[:-2] + ("_l" if n.endswith("_r") else "_r")) if n[-2:] in ("_r", "_l") else i for i, n in enumerate(POINTS)]
SWAPPED_PARTS = [PARTS.index(n[:-2] + ("_l" if n.endswith("_r") else "_r")) if n[-2:] in ("_r", "_l") else i for i, n in enumerate(PARTS)]


class People:
    """The complete shards of a folder, memory-mapped.  `held_out` picks the characters that training never sees."""

    def __init__(self, folder, held_out=False):
        self.shards, self.index, labels = [], [], []
        for shard in sorted(pathlib.Path(folder).glob("shard_*")):
            if not (shard / "labels.json").is_file():
                continue
            entries = json.loads((shard / "labels.json").read_text())
            arrays = [np.load(shard / f"{name}.npy", mmap_mode="r") for name in ("rgba", "parts", "depth")]
            for i, entry in enumerate(entries):
                if (entry["character"] % 20 == 0) == held_out:
                    self.index.append((len(self.shards), i))
                    labels.append(_label(entry))
            self.shards.append(arrays)
        if not self.index:
            raise SystemExit(f"no {'held-out ' if held_out else ''}people in {folder}: run people.build first")
        self.points = np.stack([x[0] for x in labels]).astype(np.float32)    # (N, K, 4) x, y, depth_m, visible
        self.axes = np.stack([x[1] for x in labels]).astype(np.float32)      # (N, 3, 3) rows: right, up, forward
        self.head_width = np.array([x[2] for x in labels], np.float32)       # (N,) picture widths

    def __len__(self):
        return len(self.index)

    def layers(self, rows, size):
        """rgba (B, 4, H, W) premultiplied 0..1, parts (B, 1, H, W) uint8, depth (B, 1, H, W) metres.

        At the stored size, or at half of it where `size` asks for no more.
        """
        rgba, parts, depth = zip(*([a[self.index[r][1]] for a in self.shards[self.index[r][0]]] for r in rows))
        rgba = torch.from_numpy(np.stack(rgba)).permute(0, 3, 1, 2).float() / 255
        rgba = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)
        depth = torch.from_numpy(np.stack(depth).astype(np.float32) / 1000)[:, None]
        parts = torch.from_numpy(np.stack(parts))[:, None]
        if size[0] * 2 <= rgba.shape[2]:
            return F.avg_pool2d(rgba, 2), parts[..., 1::2, 1::2], depth[..., 1::2, 1::2]
        return rgba, parts, depth


def _label(entry):
    points = np.array([entry["points"][name] for name in POINTS], np.float32)
    axes = entry["head_axes"]
    return points, np.array([axes["right"], axes["up"], axes["forward"]], np.float32), entry["head_width"]


class Rooms:
    """Every picture of a folder's complete .npy shards, memory-mapped."""

    def __init__(self, folder):
        # What begins with a dot was being written when its maker was cut off.
        files = sorted(f for f in pathlib.Path(folder).glob("*.npy") if not f.name.startswith("."))
        self.shards = [np.load(f, mmap_mode="r") for f in files]
        self.index = [(s, i) for s, shard in enumerate(self.shards) for i in range(len(shard))]
        if not self.index:
            raise SystemExit(f"no rooms in {folder}: run rooms.build first")

    def crops(self, rng, count, size):
        """Random crops (B, 3, *size) of random rooms, 0..1, some blurred as by a lens."""
        rows = rng.integers(len(self.index), size=count)
        pictures = torch.from_numpy(np.stack([self.shards[self.index[r][0]][self.index[r][1]] for r in rows])).permute(0, 3, 1, 2).float() / 255
        zoom = rng.uniform(0.35, 1.0, count)
        flip = rng.choice([-1.0, 1.0], count)
        theta = np.zeros((count, 2, 3), np.float32)
        theta[:, 0, 0] = zoom * flip
        theta[:, 1, 1] = zoom
        theta[:, :, 2] = rng.uniform(-1, 1, (count, 2)) * (1 - zoom[:, None])
        out = F.grid_sample(pictures, F.affine_grid(torch.from_numpy(theta), (count, 3, *size), align_corners=False), align_corners=False, padding_mode="reflection")
        return _blur_some(out, rng, 0.3, 3.0 * size[1] / 256)


def _gaussian(x, sigma):
    """Separable Gaussian blur of (B, C, H, W) with one sigma in pixels."""
    radius = max(1, int(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device) / sigma) ** 2)
    taps = taps / taps.sum()
    c = x.shape[1]
    x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="replicate"), taps.view(1, 1, 1, -1).expand(c, 1, 1, -1), groups=c)
    return F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), taps.view(1, 1, -1, 1).expand(c, 1, -1, 1), groups=c)


def _blur_some(x, rng, share, most):
    chosen = np.nonzero(rng.random(len(x)) < share)[0]
    if len(chosen):
        x[chosen] = _gaussian(x[chosen], float(rng.uniform(0.3, 1.0) * most))
    return x


def _uniform(rng, low, high, *shape):
    return torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32))


def _placements(rng, count, zoom_low, zoom_high, shift):
    """Random similarity transforms: theta for affine_grid (output -> input) and what moves labels (input -> output)."""
    zoom = rng.uniform(zoom_low, zoom_high, count)
    angle = np.radians(rng.normal(0, 3.5, count).clip(-10, 10))
    mirrored = rng.choice([1.0, -1.0], count)
    free = np.maximum(1 - 1 / zoom, 0.0)
    centre = rng.uniform(-1, 1, (count, 2)) * (free + shift)[:, None] * [1.0, 1 / ASPECT]   # in half widths
    c, s = np.cos(angle), np.sin(angle)
    # output point (half widths, y down) -> input: mirror(rotate(out) / zoom + centre)
    rotate = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    matrix = rotate / zoom[:, None, None]
    matrix[:, 0, :] *= mirrored[:, None]
    offset = centre * np.stack([mirrored, np.ones(count)], -1)
    theta = np.concatenate([matrix, offset[:, :, None]], -1)
    units = np.array([1.0, 1 / ASPECT])
    normalised = theta.copy()
    normalised[:, :, :2] = theta[:, :, :2] * units[None, None, :] / units[None, :, None]
    normalised[:, :, 2] = theta[:, :, 2] / units
    return normalised.astype(np.float32), theta, zoom, mirrored, rotate


def _move_labels(points, axes, theta, mirrored, rotate):
    """Points (B, K, 4) and axes (B, 3, 3) of the input picture, as they are in the output picture."""
    half = np.stack([points[..., 0] * 2 - 1, (points[..., 1] * 2 - 1) / ASPECT], -1)
    inverse = np.linalg.inv(theta[:, :, :2])
    moved = np.einsum("bij,bkj->bki", inverse, half - theta[:, None, :, 2])
    out = points.copy()
    out[..., 0] = (moved[..., 0] + 1) / 2
    out[..., 1] = (moved[..., 1] * ASPECT + 1) / 2
    turned = axes.copy()
    turned[..., 0] *= mirrored[:, None]
    turned[..., :2] = np.einsum("bji,bkj->bki", rotate, turned[..., :2])
    swap = mirrored < 0
    turned[swap, 0] *= -1                               # the head's right points the other way in a mirror image
    out[swap] = out[swap][:, SWAPPED_POINTS]
    return out, turned


def _sample(layers, theta, size):
    rgba, parts, depth = layers
    grid = F.affine_grid(torch.from_numpy(theta), (len(rgba), 1, *size), align_corners=False)
    rgba = F.grid_sample(rgba, grid, align_corners=False, padding_mode="border")
    rest = torch.cat([parts.float(), depth], 1)
    rest = F.grid_sample(rest, grid, mode="nearest", align_corners=False, padding_mode="border")
    return rgba, rest[:, :1].round().long(), rest[:, 1:]


def batch(people, rooms, rng, count, size=(192, 256), rows=None):
    """A batch of frames as a dict of tensors:

    frame (B, 3, H, W) 0..1; alpha (B, 1, H, W); parts (B, H, W) int64; depth (B, 1, H, W) metres;
    points (B, K, 4) x, y, depth_m, visible; axes (B, 3, 3); head_width (B,) picture widths; torso_yaw (B,) radians.
    """
    rows = rng.integers(len(people), size=count) if rows is None else rows
    theta, exact, zoom, mirrored, rotate = _placements(rng, count, 0.95, 1.35, 0.02)
    rgba, parts, depth = _sample(people.layers(rows, size), theta, size)
    points, axes = _move_labels(people.points[rows], people.axes[rows], exact, mirrored, rotate)
    swap = torch.from_numpy(mirrored < 0)
    parts[swap] = torch.tensor(SWAPPED_PARTS)[parts[swap]]

    background = rooms.crops(rng, count, size)
    background = _other_people(background, people, rng, size)
    rgb, alpha = rgba[:, :3], rgba[:, 3:]
    rgb = _patterned_clothes(rgb, alpha, parts, rooms, rng, size)
    light = torch.exp(torch.from_numpy(rng.normal(0, 0.18, (count, 1, 1, 1)) + rng.normal(0, 0.06, (count, 3, 1, 1))).float())
    rgb = (rgb * light).clamp(0, 1).minimum(alpha)
    background = _skin_coloured_things(background, rgb, parts, rng)
    shade = 1 - _uniform(rng, 0, 0.35, count, 1, 1, 1) * _shadow(alpha, rng)
    frame = _camera(rgb + background * shade * (1 - alpha), rng)

    for row in np.nonzero(rng.random(count) < 0.15)[0]:
        _bars(row, rng, frame, alpha, parts, points)

    shoulders = points[:, POINTS.index("shoulder_l")] - points[:, POINTS.index("shoulder_r")]
    across_m = np.abs(shoulders[:, 0]) * points[:, POINTS.index("neck"), 2] * 1.2
    yaw = np.arctan2(shoulders[:, 2], np.maximum(across_m, 0.05))
    head_width = people.head_width[rows] * zoom
    return {
        "frame": frame, "alpha": alpha, "parts": parts[:, 0], "depth": depth,
        "points": torch.from_numpy(points.astype(np.float32)), "axes": torch.from_numpy(axes.astype(np.float32)),
        "head_width": torch.from_numpy(head_width.astype(np.float32)), "torso_yaw": torch.from_numpy(yaw.astype(np.float32)),
    }


def _bars(row, rng, frame, alpha, parts, points):
    """A camera of another shape: grey bars above and below (16:9) or at the sides (square, upright)."""
    h, w = frame.shape[2:]
    if rng.random() < 0.7:
        cut, axis, length = int(h * (1 - 0.75) / 2), 1, h
    else:
        cut, axis, length = int(w * rng.choice([0.125, 0.29])), 0, w
    lines = torch.cat([torch.arange(cut), torch.arange(length - cut, length)])
    at = (slice(None), lines) if axis else (slice(None), slice(None), lines)
    frame[row][at], alpha[row][at], parts[row][at] = 0.5, 0.0, 0
    at_point = points[row, :, axis]
    points[row, (at_point < cut / length) | (at_point > 1 - cut / length), 3] = 0


def _other_people(background, people, rng, size):
    """A quarter of the rooms get a smaller person somewhere, who is not the visitor."""
    chosen = np.nonzero(rng.random(len(background)) < 0.25)[0]
    if len(chosen):
        theta, *_ = _placements(rng, len(chosen), 0.3, 0.6, 0.0)
        shift = rng.choice([-1.0, 1.0], len(chosen)) * rng.uniform(0.5, 1.0, len(chosen))
        theta[:, 0, 2] = theta[:, 0, 0] * shift
        grid = F.affine_grid(torch.from_numpy(theta), (len(chosen), 4, *size), align_corners=False)
        rgba, _, _ = people.layers(rng.integers(len(people), size=len(chosen)), size)
        rgba = F.grid_sample(rgba, grid, align_corners=False)
        rgba = rgba * torch.cat([_uniform(rng, 0.6, 1.0, len(chosen), 1, 1, 1).expand(-1, 3, 1, 1), torch.ones(len(chosen), 1, 1, 1)], 1)
        background[chosen] = rgba[:, :3] + background[chosen] * (1 - rgba[:, 3:])
    return background


def _skin_coloured_things(background, rgb, parts, rng):
    """Half of the rooms get things of the visitor's own skin colour: what is not a hand must be told by its shape."""
    h, w = background.shape[2:]
    y, x = torch.meshgrid(torch.arange(h) / w, torch.arange(w) / w, indexing="ij")
    for row in np.nonzero(rng.random(len(background)) < 0.5)[0]:
        skin = parts[row, 0] == PARTS.index("face")
        if skin.sum() < 20:
            continue
        colour = rgb[row][:, skin].mean(1) * float(rng.uniform(0.75, 1.35))
        for _ in range(rng.integers(1, 5)):
            cx, cy, angle = rng.uniform(0, 1), rng.uniform(0, h / w), rng.uniform(0, np.pi) * (rng.random() < 0.5)
            length, width = np.exp(rng.normal(np.log(0.05), 0.6, 2))
            u = (x - cx) * float(np.cos(angle)) + (y - cy) * float(np.sin(angle))
            v = (y - cy) * float(np.cos(angle)) - (x - cx) * float(np.sin(angle))
            if rng.random() < 0.6:
                inside = (u.abs() < length) & (v.abs() < width)
            else:
                inside = (u / length) ** 2 + (v / width) ** 2 < 1
            tilt = 1 + float(rng.normal(0, 1.5)) * u + float(rng.normal(0, 1.5)) * v
            if rng.random() < 0.4:
                tilt = tilt * (0.75 + 0.25 * torch.sin(u * float(rng.uniform(60, 300))).sign())
            thing = (colour[:, None, None] * tilt).clamp(0, 1)
            background[row] = torch.where(inside, thing, background[row])
    return background


def _patterned_clothes(rgb, alpha, parts, rooms, rng, size):
    """A third of the visitors wear a print: any picture at all, shaded as the cloth was.  Faces on shirts included."""
    chosen = np.nonzero(rng.random(len(rgb)) < 0.35)[0]
    if len(chosen):
        cloth = (parts[chosen] == PARTS.index("torso")).float()
        prints = rooms.crops(rng, len(chosen), size)
        grey = rgb[chosen].mean(1, keepdim=True)
        mean = (grey * cloth).sum((2, 3), keepdim=True) / cloth.sum((2, 3), keepdim=True).clamp_min(1)
        shaded = prints * (grey / mean.clamp_min(0.05)).clamp(0.3, 1.6) * _uniform(rng, 0.4, 1.2, len(chosen), 1, 1, 1)
        strength = _uniform(rng, 0.3, 1.0, len(chosen), 1, 1, 1) * cloth
        rgb[chosen] = rgb[chosen] * (1 - strength) + (shaded * alpha[chosen]) * strength
    return rgb


def _shadow(alpha, rng):
    """The visitor's soft shadow on the room: the silhouette, moved and blurred."""
    dx, dy = rng.integers(-20, 21), rng.integers(-6, 16)
    small = F.avg_pool2d(torch.roll(alpha, (int(dy), int(dx)), (2, 3)), 4)
    return F.interpolate(_gaussian(small, float(rng.uniform(1.0, 4.0))), scale_factor=4, mode="bilinear", align_corners=False)


def _camera(frame, rng):
    """What webcams do: exposure, white balance, contrast, saturation, vignette, blur, low resolution, noise, 8 bits."""
    count, _, h, w = frame.shape
    frame = frame ** torch.exp(_uniform(rng, -0.35, 0.35, count, 1, 1, 1))
    frame = frame * torch.exp(_uniform(rng, -0.45, 0.2, count, 1, 1, 1) + _uniform(rng, -0.1, 0.1, count, 3, 1, 1))
    grey = frame.mean(1, keepdim=True)
    frame = grey + (frame - grey) * _uniform(rng, 0.5, 1.3, count, 1, 1, 1)
    frame = (frame - 0.5) * _uniform(rng, 0.8, 1.2, count, 1, 1, 1) + 0.5 + _uniform(rng, -0.05, 0.05, count, 1, 1, 1)
    frame = _blur_some(frame, rng, 0.3, 1.4 * w / 256)
    if rng.random() < 0.3:
        small = F.interpolate(frame, scale_factor=float(rng.uniform(0.4, 0.8)), mode="bilinear", align_corners=False, antialias=True)
        frame = F.interpolate(small, size=(h, w), mode="bilinear", align_corners=False)
    noise = torch.from_numpy(rng.standard_normal(frame.shape, dtype=np.float32))
    frame = frame + noise * _uniform(rng, 0.0, 0.2, count, 1, 1, 1) ** 2
    return (frame.clamp(0, 1) * 255).round() / 255
