"""Batches of webcam-like frames with labels, put together on the fly from stored layers.

Stored once: people without background (`people.build`) and pictures of rooms (`rooms.build`).  Every batch crops,
turns and flips people, gives them other clothes patterns and light, puts them before a room (in which other people
may stand, labelled as background), and passes the whole through a bad camera.  So one render serves many frames.
All of it happens on the device of `People` and `Rooms`; the few numbers that say what happens are drawn on the CPU, so
that nothing waits for the device.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from .model import PARTS, POINTS, SWAPPED_PARTS, SWAPPED_POINTS

ASPECT = 4 / 3
# What is held goes through the fist, at the roots of the fingers: so much further from the wrist than the middle of the palm,
# which the stored labels have, as that is from the wrist.
FIST = 0.33
BEYOND = -1                        # of a point's visibility: under a bar beside the picture


class People:
    """The complete shards of a folder and of those in it.  `held_out` picks the characters that training never sees.

    Their pictures are memory-mapped for the CPU, and all in the memory of any other device: 0.6 MB a person.
    """

    def __init__(self, folder, held_out=False, device="cpu"):
        self.shards, self.index, labels, self.device, self.resident = [], [], [], torch.device(device), None
        for shard in sorted(pathlib.Path(folder).rglob("shard_*")):
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
        self.torso_yaw = np.array([x[3] for x in labels], np.float32)        # (N,) radians
        if self.device.type != "cpu":
            self.resident = self._on_device()

    def _on_device(self):
        """rgba (N, H, W, 4) uint8, parts (N, H, W) uint8, depth (N, H, W) float16 metres, in the order of the index."""
        kept = [[], [], []]
        for number, arrays in enumerate(self.shards):
            rows = [row for shard, row in self.index if shard == number]
            for planes, array in zip(kept, arrays):
                chosen = torch.from_numpy(np.array(array[rows], np.float32) / 1000).half() if array.dtype == np.uint16 else torch.from_numpy(array[rows])
                planes.append(chosen.to(self.device))
        return [torch.cat(planes) for planes in kept]

    def __len__(self):
        return len(self.index)

    def layers(self, rows, size):
        """rgba (B, 4, H, W) premultiplied 0..1, parts (B, 1, H, W) uint8, depth (B, 1, H, W) metres.

        At the stored size, or at half of it where `size` asks for no more.
        """
        if self.resident is None:
            rgba, parts, depth = zip(*([a[self.index[r][1]] for a in self.shards[self.index[r][0]]] for r in rows))
            rgba, parts = (torch.from_numpy(np.stack(planes)) for planes in (rgba, parts))
            depth = torch.from_numpy(np.stack(depth).astype(np.float32) / 1000)
        else:
            where = torch.from_numpy(np.asarray(rows)).to(self.device)
            rgba, parts, depth = (planes[where] for planes in self.resident)
        rgba, parts, depth = rgba.permute(0, 3, 1, 2).float() / 255, parts[:, None], depth[:, None].float()
        rgba = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)
        if size[0] * 2 <= rgba.shape[2]:
            return F.avg_pool2d(rgba, 2), parts[..., 1::2, 1::2], depth[..., 1::2, 1::2]
        return rgba, parts, depth


def _label(entry):
    points = np.array([entry["points"][name] for name in POINTS], np.float32)
    for side in "rl":
        hand, wrist = POINTS.index(f"hand_{side}"), POINTS.index(f"wrist_{side}")
        points[hand, :2] += FIST * (points[hand, :2] - points[wrist, :2])
    axes = entry["head_axes"]
    return points, np.array([axes["right"], axes["up"], axes["forward"]], np.float32), entry["head_width"], _torso_yaw(points, entry["camera"])


def _torso_yaw(points, camera):
    """How far the line of the shoulders is turned out of the picture's plane, radians: positive with the left one further away."""
    right, left, neck = (points[POINTS.index(name)] for name in ("shoulder_r", "shoulder_l", "neck"))
    width_at_1_m = 2 * np.tan(np.radians(camera["fov_x_deg"]) / 2)
    seen_m = np.hypot(left[0] - right[0], (left[1] - right[1]) / ASPECT) * neck[2] * width_at_1_m
    return np.arctan2(left[2] - right[2], max(seen_m, 0.05))


class Rooms:
    """Every picture of a folder's complete .npy shards; memory-mapped for the CPU, else in the device's memory."""

    def __init__(self, folder, device="cpu"):
        # What begins with a dot was being written when its maker was cut off.
        files = sorted(f for f in pathlib.Path(folder).glob("*.npy") if not f.name.startswith("."))
        self.shards = [np.load(f, mmap_mode="r") for f in files]
        self.index = [(s, i) for s, shard in enumerate(self.shards) for i in range(len(shard))]
        if not self.index:
            raise SystemExit(f"no rooms in {folder}: run rooms.build first")
        self.device, self.resident = torch.device(device), None
        if self.device.type != "cpu":
            self.resident = torch.cat([torch.from_numpy(np.array(shard)).to(self.device) for shard in self.shards])

    def crops(self, rng, count, size):
        """Random crops (B, 3, *size) of random rooms, 0..1, some blurred as by a lens."""
        rows = rng.integers(len(self.index), size=count)
        if self.resident is None:
            pictures = torch.from_numpy(np.stack([self.shards[self.index[r][0]][self.index[r][1]] for r in rows]))
        else:
            pictures = self.resident[torch.from_numpy(rows).to(self.device)]
        pictures = pictures.permute(0, 3, 1, 2).float() / 255
        zoom = rng.uniform(0.35, 1.0, count)
        flip = rng.choice([-1.0, 1.0], count)
        theta = np.zeros((count, 2, 3), np.float32)
        theta[:, 0, 0] = zoom * flip
        theta[:, 1, 1] = zoom
        theta[:, :, 2] = rng.uniform(-1, 1, (count, 2)) * (1 - zoom[:, None])
        grid = F.affine_grid(torch.from_numpy(theta).to(self.device), (count, 3, *size), align_corners=False)
        out = F.grid_sample(pictures, grid, align_corners=False, padding_mode="reflection")
        return _blur_some(out, rng, 0.3, 3.0 * size[1] / 256)


def all_of(folder, device="cpu"):
    """What a training needs of a folder with people/ and rooms/: people, held-out people, rooms."""
    return People(folder / "people", device=device), People(folder / "people", held_out=True, device=device), Rooms(folder / "rooms", device)


def _gaussian(x, sigma):
    """Separable Gaussian blur of (B, C, H, W) with one sigma in pixels."""
    radius = max(1, int(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device) / sigma) ** 2)
    taps = taps / taps.sum()
    c = x.shape[1]
    x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="replicate"), taps.view(1, 1, 1, -1).expand(c, 1, 1, -1), groups=c)
    return F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), taps.view(1, 1, -1, 1).expand(c, 1, -1, 1), groups=c)


def _blur_some(x, rng, share, most):
    chosen = _some(rng, len(x), share, x.device)
    if len(chosen):
        x[chosen] = _gaussian(x[chosen], float(rng.uniform(0.3, 1.0) * most))
    return x


def _uniform(rng, low, high, *shape, device="cpu"):
    return torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32)).to(device)


def _some(rng, count, share, device="cpu"):
    """Which of `count` rows are chosen, each with probability `share`: their numbers."""
    return torch.from_numpy(np.nonzero(rng.random(count) < share)[0]).to(device)


def normal_like(x, rng):
    """Standard normal noise of the shape and device of x."""
    generator = torch.Generator(x.device).manual_seed(int(rng.integers(2**62)))
    return torch.randn(x.shape, generator=generator, device=x.device)


def _placements(rng, count, zoom_low, zoom_high, shift, varied=False):
    """Random similarity transforms: theta for affine_grid (output -> input) and what moves labels (input -> output).

    varied: a third come closer and are turned twice as far; all are made a little broader or slimmer, which the head's width,
    a mean size, and its axes take no note of.
    """
    zoom = rng.uniform(zoom_low, zoom_high, count)
    angle = np.radians(rng.normal(0, 3.5, count).clip(-10, 10))
    if varied:
        closer = rng.random(count) < 0.35
        zoom = np.where(closer, rng.uniform(1.0, 1.4, count) * zoom_high, zoom)
        angle = np.where(closer, 2 * angle, angle)
    mirrored = rng.choice([1.0, -1.0], count)
    free = np.maximum(1 - 1 / zoom, 0.0)
    centre = rng.uniform(-1, 1, (count, 2)) * (free + shift)[:, None] * [1.0, 1 / ASPECT]   # in half widths
    c, s = np.cos(angle), np.sin(angle)
    # output point (half widths, y down) -> input: mirror(rotate(out) / zoom + centre)
    rotate = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    matrix = rotate / zoom[:, None, None]
    if varied:
        breadth = np.exp(rng.normal(0, 0.05, count).clip(-0.1, 0.1))
        matrix *= np.stack([1 / breadth, breadth], -1)[:, :, None]
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
    grid = F.affine_grid(torch.from_numpy(theta).to(rgba.device), (len(rgba), 1, *size), align_corners=False)
    rgba = F.grid_sample(rgba, grid, align_corners=False, padding_mode="border")
    rest = torch.cat([parts.float(), depth], 1)
    rest = F.grid_sample(rest, grid, mode="nearest", align_corners=False, padding_mode="border")
    return rgba, rest[:, :1].round().long(), rest[:, 1:]


def batch(people, rooms, rng, count, size=(192, 256), rows=None, varied=False):
    """A batch of frames as a dict of tensors:

    frame (B, 3, H, W) 0..1; alpha (B, 1, H, W); parts (B, H, W) int64; depth (B, 1, H, W) metres;
    points (B, K, 4) x, y, depth_m, visible (1; 0 where covered; BEYOND the picture's border); axes (B, 3, 3); head_width (B,) picture widths; torso_yaw (B,) radians;
    room (B, 4) left, top, right, bottom of the camera's picture in picture widths.

    varied: every person is shown in more ways than evaluation asks for, so that a network has less to learn by heart.
    """
    rows = rng.integers(len(people), size=count) if rows is None else rows
    theta, exact, zoom, mirrored, rotate = _placements(rng, count, 0.95, 1.35, 0.02, varied)
    rgba, parts, depth = _sample(people.layers(rows, size), theta, size)
    points, axes = _move_labels(people.points[rows], people.axes[rows], exact, mirrored, rotate)
    device = rgba.device
    swap = torch.from_numpy(mirrored < 0).to(device)[:, None, None, None]
    parts = torch.where(swap, torch.tensor(SWAPPED_PARTS, device=device)[parts], parts)

    background = rooms.crops(rng, count, size)
    background = _other_people(background, people, rng, size)
    rgb, alpha = rgba[:, :3], rgba[:, 3:]
    if varied:
        rgb = _other_colours(rgb, parts, rng)
    rgb = _patterned_clothes(rgb, alpha, parts, rooms, rng, size)
    light = rng.normal(0, 0.18, (count, 1, 1, 1)) + rng.normal(0, 0.06, (count, 3, 1, 1))
    rgb = (rgb * torch.from_numpy(np.exp(light)).float().to(device)).clamp(0, 1).minimum(alpha)
    background = _skin_coloured_things(background, rgb, parts, rng)
    shade = 1 - _uniform(rng, 0, 0.35, count, 1, 1, 1, device=device) * _shadow(alpha, rng)
    frame = _camera(rgb + background * shade * (1 - alpha), rng)
    frame, alpha, parts, room = _bars(rng, frame, alpha, parts, points)

    labels = {"points": points, "axes": axes, "head_width": people.head_width[rows] * zoom, "torso_yaw": people.torso_yaw[rows] * mirrored, "room": room}
    return {"frame": frame, "alpha": alpha, "parts": parts[:, 0], "depth": depth,
            **{name: torch.from_numpy(np.asarray(value, np.float32)).to(device) for name, value in labels.items()}}


def batch_in_parts(people, rooms, rng, count, part, size=(192, 256), rows=None, varied=False):
    """A batch made `part` frames at a time: some of what a part gets (a shadow's way, a lens, a small sensor) is the same for all of it."""
    parts = [batch(people, rooms, rng, min(part, count - k), size, None if rows is None else rows[k:k + part], varied) for k in range(0, count, part)]
    return {name: torch.cat([made[name] for made in parts]) for name in parts[0]}


def _bars(rng, frame, alpha, parts, points):
    """A seventh of the cameras have another shape: grey bars above and below (16:9) or at the sides (square, upright)."""
    count, _, h, w = frame.shape
    cut = np.zeros((count, 2), int)                                         # columns at each side, rows above and below
    for row in np.nonzero(rng.random(count) < 0.15)[0]:
        if rng.random() < 0.7:
            cut[row, 1] = int(h * (1 - 0.75) / 2)
        else:
            cut[row, 0] = int(w * rng.choice([0.125, 0.29]))
    share = cut[:, None] / [w, h]
    points[((points[..., :2] < share) | (points[..., :2] > 1 - share)).any(-1) & (cut > 0).any(-1)[:, None], 3] = BEYOND
    cut = torch.from_numpy(cut).to(frame.device)[:, :, None]
    x, y = torch.arange(w, device=frame.device), torch.arange(h, device=frame.device)
    aside, above = (x < cut[:, 0]) | (x >= w - cut[:, 0]), (y < cut[:, 1]) | (y >= h - cut[:, 1])
    bar = (aside[:, None, :] | above[:, :, None])[:, None]
    room = np.concatenate([share[:, 0], 1 - share[:, 0]], 1) * [1, 1 / ASPECT, 1, 1 / ASPECT]
    return frame.masked_fill(bar, 0.5), alpha.masked_fill(bar, 0.0), parts.masked_fill(bar, 0), room


def _other_people(background, people, rng, size):
    """A quarter of the rooms get a smaller person somewhere, who is not the visitor."""
    chosen, device = _some(rng, len(background), 0.25, background.device), background.device
    if len(chosen):
        theta, *_ = _placements(rng, len(chosen), 0.3, 0.6, 0.0)
        shift = rng.choice([-1.0, 1.0], len(chosen)) * rng.uniform(0.5, 1.0, len(chosen))
        theta[:, 0, 2] = theta[:, 0, 0] * shift
        grid = F.affine_grid(torch.from_numpy(theta).to(device), (len(chosen), 4, *size), align_corners=False)
        rgba, _, _ = people.layers(rng.integers(len(people), size=len(chosen)), size)
        rgba = F.grid_sample(rgba, grid, align_corners=False)
        shade = _uniform(rng, 0.6, 1.0, len(chosen), 1, 1, 1, device=device)
        background[chosen] = rgba[:, :3] * shade + background[chosen] * (1 - rgba[:, 3:])
    return background


def _skin_coloured_things(background, rgb, parts, rng):
    """Half of the rooms get things of the visitor's own skin colour: what is not a hand must be told by its shape."""
    count, _, h, w = background.shape
    device = background.device
    x, y = torch.arange(w, device=device) / w, torch.arange(h, device=device)[:, None] / w
    skin = (parts == PARTS.index("face")).float()
    area = skin.sum((2, 3), keepdim=True)
    colour = (rgb * skin).sum((2, 3), keepdim=True) / area.clamp_min(1) * _uniform(rng, 0.75, 1.35, count, 1, 1, 1, device=device)
    many = np.where(rng.random(count) < 0.5, rng.integers(1, 5, count), 0)
    for k in range(4):
        angle = rng.uniform(0, np.pi, count) * (rng.random(count) < 0.5)
        length, width = np.exp(rng.normal(np.log(0.05), 0.6, (2, count)))
        numbers = [rng.uniform(0, 1, count), rng.uniform(0, h / w, count), np.cos(angle), np.sin(angle), length, width,
                   rng.normal(0, 1.5, count), rng.normal(0, 1.5, count), rng.uniform(60, 300, count)]
        flags = [many > k, rng.random(count) < 0.6, rng.random(count) < 0.4]
        table = torch.from_numpy(np.stack([*numbers, *flags]).astype(np.float32)).to(device)[..., None, None, None]
        cx, cy, c, s, length, width, across, along, stripes, there, square, striped = table
        u, v = (x - cx) * c + (y - cy) * s, (y - cy) * c - (x - cx) * s
        inside = torch.where(square > 0, (u.abs() < length) & (v.abs() < width), (u / length) ** 2 + (v / width) ** 2 < 1)
        tilt = (1 + across * u + along * v) * (1 - striped * (0.25 - 0.25 * torch.sin(u * stripes).sign()))
        background = torch.where(inside & (there > 0) & (area >= 20), (colour * tilt).clamp(0, 1), background)
    return background


def _other_colours(rgb, parts, rng):
    """Half of the visitors in clothes of another colour, of which most have sleeves of it, even where arms were bare, and a
    third with hair of another; the skin of face and hands stays."""
    count = len(rgb)
    gain = np.ones((count, len(PARTS), 3))
    tints = np.exp(rng.normal(0, 0.35, (2, count, 1)) + rng.normal(0, 0.25, (2, count, 3)))
    clothed = rng.random(count) < 0.5
    sleeves = clothed & (rng.random(count) < 0.6)
    for which, names, tint in ((clothed, ("torso", "legs"), 0), (sleeves, ("arm_r", "arm_l"), 0), (rng.random(count) < 0.33, ("hair",), 1)):
        for name in names:
            gain[which, PARTS.index(name)] = tints[tint, which]
    gain = torch.from_numpy(gain.astype(np.float32)).to(rgb.device)
    rows = torch.arange(count, device=rgb.device)[:, None, None]
    return rgb * gain[rows, parts[:, 0]].permute(0, 3, 1, 2)


def _patterned_clothes(rgb, alpha, parts, rooms, rng, size):
    """A third of the visitors wear a print: any picture at all, shaded as the cloth was.  Faces on shirts included."""
    chosen, device = _some(rng, len(rgb), 0.35, rgb.device), rgb.device
    if len(chosen):
        cloth = (parts[chosen] == PARTS.index("torso")).float()
        prints = rooms.crops(rng, len(chosen), size)
        grey = rgb[chosen].mean(1, keepdim=True)
        mean = (grey * cloth).sum((2, 3), keepdim=True) / cloth.sum((2, 3), keepdim=True).clamp_min(1)
        shaded = prints * (grey / mean.clamp_min(0.05)).clamp(0.3, 1.6) * _uniform(rng, 0.4, 1.2, len(chosen), 1, 1, 1, device=device)
        strength = _uniform(rng, 0.3, 1.0, len(chosen), 1, 1, 1, device=device) * cloth
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

    def each(low, high, channels=1):
        return _uniform(rng, low, high, count, channels, 1, 1, device=frame.device)

    frame = frame ** torch.exp(each(-0.35, 0.35))
    frame = frame * torch.exp(each(-0.45, 0.2) + each(-0.1, 0.1, 3))
    grey = frame.mean(1, keepdim=True)
    frame = grey + (frame - grey) * each(0.5, 1.3)
    frame = (frame - 0.5) * each(0.8, 1.2) + 0.5 + each(-0.05, 0.05)
    frame = _blur_some(frame, rng, 0.3, 1.4 * w / 256)
    if rng.random() < 0.3:
        small = F.interpolate(frame, scale_factor=float(rng.uniform(0.4, 0.8)), mode="bilinear", align_corners=False, antialias=True)
        frame = F.interpolate(small, size=(h, w), mode="bilinear", align_corners=False)
    frame = frame + normal_like(frame, rng) * each(0.0, 0.2) ** 2
    return (frame.clamp(0, 1) * 255).round() / 255
