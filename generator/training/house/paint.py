"""The painter's training: dressed people in worlds, and the maps that paint them.

Frames of items come from the labels, trembling a little as the sense network's do; what is drawn there is drawn by
the items' own fields, so the painter sees in training what it sees in use.  Making a dressed frame costs more than
a training step, so recent batches are kept and shown again, each time through another window.  The target channel is noised as in flow
matching, x_t = (1 - t) x + t noise, half of the time with t = 1, where a single step starts.
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import compose, data, model, outfit
from .model import POINTS

HEIGHT, WIDTH = model.PAINT_SIZE


def noised(picture, noise, level):
    """x_t of flow matching; picture 0..1 is centred to -1..1 first.  level (B, 1, 1, 1)."""
    return (1 - level) * (picture * 2 - 1) + level * noise


LABELS = ("points", "axes", "head_width", "torso_yaw")


def dressed(batch, rng):
    """The visitors of labelled frames in random outfits: front and behind (B, 4, H, W) premultiplied, visibility (B, 1, H, W)."""
    labels = {name: batch[name].cpu() for name in LABELS}
    outfits, bodies = [], []
    for row, points in enumerate(labels["points"].numpy()):
        near = [np.abs(points[POINTS.index(name), :2] - 0.5).max() < 0.62 for name in ("hand_r", "hand_l")]
        outfits.append(outfit.random_outfit(rng, near))
        bodies.append(outfit.Body.of_labels(labels, row).trembling(rng))
    return outfit.draw(outfits, bodies, outfit.Hiders(batch), batch["frame"].device)


class Worlds:
    """Pictures to stand in: our own worlds, and any room at all, so that the light is learned from the picture."""

    def __init__(self, rooms):
        files = sorted((pathlib.Path(__file__).resolve().parents[3] / "assets/house/worlds").glob("*.webp"))
        self.rooms = rooms
        pictures = [np.array(Image.open(f).convert("RGB").resize((512, 384))) for f in files]
        self.worlds = [torch.from_numpy(p).to(rooms.device).permute(2, 0, 1).float() / 255 for p in pictures]

    def pictures(self, rng, count):
        """(B, 3, H, W) 0..1."""
        pictures = self.rooms.crops(rng, count, (HEIGHT, WIDTH))
        pictures = (pictures * torch.from_numpy(rng.uniform(0.3, 1.5, (count, 3, 1, 1))).float().to(pictures.device)).clamp(0, 1)
        for row in np.nonzero(rng.random(count) < 0.6)[0] if self.worlds else []:
            whole = self.worlds[rng.integers(len(self.worlds))]
            y, x = rng.integers(0, 384 - 288 + 1), rng.integers(0, 512 - 384 + 1)
            pictures[row] = F.interpolate(whole[None, :, y:y + 288, x:x + 384], size=(HEIGHT, WIDTH), mode="area")[0]
        return pictures


class PainterStage:
    def __init__(self, args):
        self.net = model.Painter()
        self.sense = model.Sense()
        self.sense.load_state_dict(torch.load(args.out / "sense.pt", map_location="cpu", weights_only=True)["average"])
        self.sense.eval().to(args.device)
        self.people, self.held, self.rooms = data.all_of(args.data, args.device)
        self.kept, self.most_kept = [], 24
        self.worlds = Worlds(self.rooms)

    def batch(self, rng, count, held=False):
        """A whole batch when held out; else a window, half as wide and high, of a new or a kept batch."""
        if held:
            return self.fresh(rng, count, held)
        if len(self.kept) < 4 or rng.random() < 0.3:
            self.kept.append(self.fresh(rng, count))
            self.kept = self.kept[-self.most_kept:]
            whole = self.kept[-1]
        else:
            whole = self.kept[rng.integers(len(self.kept))]
        y, x = int(rng.integers(0, HEIGHT // 8 + 1)) * 4, int(rng.integers(0, WIDTH // 8 + 1)) * 4
        out = {}
        for name, value in whole.items():
            if name == "sensed":
                value = value[..., y // 4:y // 4 + HEIGHT // 8, x // 4:x // 4 + WIDTH // 8]
            elif value.ndim == 4 and value.shape[-1] == WIDTH:
                value = value[..., y:y + HEIGHT // 2, x:x + WIDTH // 2]
            out[name] = value
        return out

    @torch.no_grad()
    def fresh(self, rng, count, held=False):
        batch = data.batch(self.held if held else self.people, self.rooms, rng, count)
        device = batch["frame"].device
        front, behind, visible = dressed(batch, rng)
        world_on = torch.from_numpy((rng.random((count, 1, 1, 1)) < 0.55).astype(np.float32)).to(device)
        world = self.worlds.pictures(rng, count) * world_on
        maps = compose.true_maps(batch, world, visible)
        picture = compose.target(batch["frame"], front, behind, world, world_on, maps)
        level = np.where(rng.random(count) < 0.5, 1.0, rng.random(count)).astype(np.float32)
        level = torch.from_numpy(level).to(device)[:, None, None, None]
        noise = data.normal_like(picture, rng)
        sketch = front + behind * (1 - front[:, 3:])
        parts = torch.softmax(self.sense(batch["frame"])[2], 1)
        inputs = torch.cat([batch["frame"], sketch, world, noised(picture, noise, level)], 1)
        out = {"inputs": inputs, "sensed": parts, "step": level[:, :, 0, 0], "picture": picture, "frame": batch["frame"], "front": front,
               "behind": behind, "world": world, "world_on": world_on}
        return {**out, **{f"true_{k}": v for k, v in maps.items()}}

    @staticmethod
    def paint(net, batch):
        maps = compose.decode(net(batch["inputs"], batch["sensed"], batch["step"]).float())
        picture = compose.compose(batch["frame"], batch["front"], batch["behind"], batch["world"], batch["world_on"], maps)
        return maps, picture

    def loss(self, net, batch):
        maps, picture = self.paint(net, batch)
        cover = batch["front"][:, 3:]
        person = batch["true_matte"] * batch["world_on"]

        def difference(name, weight):
            value = ((maps[name] - batch[f"true_{name}"]).abs() * weight).sum() / (weight.sum() * maps[name].shape[1]).clamp_min(1)
            return value

        edge = F.max_pool2d(batch["true_matte"], 7, 1, 3) + F.max_pool2d(-batch["true_matte"], 7, 1, 3)
        terms = {
            "picture": (picture - batch["picture"]).abs().mean() * 12,
            "matte": difference("matte", 1 + 4 * edge) * 4,
            "visible": difference("visible", cover * (1 + 2 * (1 - batch["true_visible"]))) * 3.0,
            "item_light": difference("item_light", cover) * 1.0,
            "person_gain": difference("person_gain", person) * 1.0,
            "person_lift": difference("person_lift", person) * 4.0,
        }
        return sum(terms.values()), terms

    @torch.no_grad()
    def figures(self, net, batch):
        maps, picture = self.paint(net, batch)
        cover = batch["front"][:, 3:] > 0.5
        guess, want = maps["matte"] > 0.5, batch["true_matte"] > 0.5
        return {
            "matte_iou": ((guess & want).sum() / (guess | want).sum()).item(),
            "picture_l1": (picture - batch["picture"]).abs().mean().item(),
            "visible_accuracy": ((maps["visible"] > 0.5) == (batch["true_visible"] > 0.5))[cover].float().mean().item(),
            "hidden_recall": (maps["visible"] < 0.5)[cover & (batch["true_visible"] < 0.5)].float().mean().item(),
        }
