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

import items
from items.drawing import wardrobe

from . import compose, data, frames, model
from .model import PARTS, POINTS

HEIGHT, WIDTH = model.PAINT_SIZE
GRIP = 0.075                 # how far from the hand what is held can be hidden by it, in lengths of the thing
HEAD_ITEMS = ("crown", "wizard_hat")


def noised(picture, noise, level):
    """x_t of flow matching; picture 0..1 is centred to -1..1 first.  level (B, 1, 1, 1)."""
    return (1 - level) * (picture * 2 - 1) + level * noise


class Wardrobe:
    """Dresses one labelled frame."""

    def __init__(self, batch):
        self.kinds = wardrobe().kinds
        self.points = batch["points"].numpy()
        self.axes = batch["axes"].numpy()
        self.head_width = batch["head_width"].numpy()
        self.torso_yaw = batch["torso_yaw"].numpy()
        self.parts = batch["parts"].numpy()
        self.depth = batch["depth"][:, 0].numpy()

    def at(self, row, name, rng=None):
        xy = frames.square(self.points[row, POINTS.index(name), :2])
        return xy if rng is None else xy + rng.normal(0, 0.04 * self.head_width[row], 2)

    def nearer(self, row, name, by_m):
        """1 where something stands nearer to the camera than that point, by more than `by_m` metres."""
        return (self.depth[row] < self.points[row, POINTS.index(name), 2] - by_m).astype(np.float32)

    def own_hand(self, row, suffix, frame):
        """The hand at the grip: 1 where it hides what it holds.  The blade is before everything else."""
        y, x = (np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5) / WIDTH
        near = np.hypot(x - frame[0][0], y - frame[0][1]) < GRIP * np.hypot(*frame[1][:2])
        return (near & (self.parts[row] == PARTS.index(f"hand_{suffix}"))).astype(np.float32)

    def dress(self, row, rng):
        """Premultiplied front and behind (H, W, 4), visibility of the front (H, W)."""
        front = np.zeros((HEIGHT, WIDTH, 4), np.float32)
        behind, hidden = front.copy(), front[..., 0].copy()
        width = self.head_width[row] * rng.uniform(0.93, 1.07)

        def wear(kind, frame, hides):
            size = float(np.exp(rng.normal(0, 0.25)))
            tint = rng.uniform(0, 1, 3).tolist() if rng.random() < 0.7 else None
            pixels = items.Frame(*(tuple(v * WIDTH) for v in frame))
            for table in self.kinds.get(kind, {"layers": []})["layers"]:
                layer = items.draw(kind, pixels, {}, WIDTH, HEIGHT, tint, size, layer=table["name"])
                into = front if table["order"] == "front" else behind
                into[...] = layer + into * (1 - layer[..., 3:])
                if table["order"] == "front":
                    hidden[...] = hidden * (1 - layer[..., 3]) + hides * layer[..., 3]

        is_head = np.isin(self.parts[row], [PARTS.index("face"), PARTS.index("hair")]).astype(np.float32)
        if rng.random() < 0.35:
            frame = frames.shoulder_frame(self.at(row, "neck", rng), self.at(row, "shoulder_r", rng), self.at(row, "shoulder_l", rng), width, self.torso_yaw[row])
            wear("cape", frame, np.maximum(is_head, self.nearer(row, "neck", 0.14)))
        if rng.random() < 0.6:
            axes = self.axes[row] + rng.normal(0, 0.06, (3, 3))
            frame = frames.head_frame(self.at(row, "head", rng), axes, width)
            wear(str(rng.choice(HEAD_ITEMS)), frame, self.nearer(row, "head", 0.2))
        for side, suffix in ((-1, "r"), (1, "l")):
            near = np.abs(self.points[row, POINTS.index(f"hand_{suffix}"), :2] - 0.5).max() < 0.62
            if near and rng.random() < 0.45:
                frame = frames.sword_frame(self.at(row, f"hand_{suffix}", rng), self.at(row, f"elbow_{suffix}", rng), width, side)
                wear("sword", frame, self.own_hand(row, suffix, frame))
        return front, behind, 1 - hidden


class PainterStage:
    def __init__(self, args):
        self.net = model.Painter()
        self.sense = model.Sense()
        self.sense.load_state_dict(torch.load(args.out / "sense.pt", map_location="cpu", weights_only=True)["average"])
        self.sense.eval()
        self.people, self.rooms = data.People(args.data / "people"), data.Rooms(args.data / "rooms")
        self.held = data.People(args.data / "people", held_out=True)
        self.kept, self.most_kept = [], 24
        files = sorted((pathlib.Path(__file__).resolve().parents[3] / "assets/house/worlds").glob("*.webp"))
        self.worlds = [torch.from_numpy(np.array(Image.open(f).convert("RGB").resize((512, 384)))).permute(2, 0, 1).float() / 255 for f in files]

    def world(self, rng, count):
        """Pictures to stand in: our own worlds, and any room at all, so that the light is learned from the picture."""
        pictures = self.rooms.crops(rng, count, (HEIGHT, WIDTH))
        pictures = (pictures * torch.from_numpy(rng.uniform(0.3, 1.5, (count, 3, 1, 1))).float()).clamp(0, 1)
        for row in np.nonzero(rng.random(count) < 0.6)[0] if self.worlds else []:
            whole = self.worlds[rng.integers(len(self.worlds))]
            y, x = rng.integers(0, 384 - 288 + 1), rng.integers(0, 512 - 384 + 1)
            pictures[row] = F.interpolate(whole[None, :, y:y + 288, x:x + 384], size=(HEIGHT, WIDTH), mode="area")[0]
        return pictures

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
        wardrobe = Wardrobe(batch)
        dressed = [wardrobe.dress(row, rng) for row in range(count)]
        front, behind = (torch.from_numpy(np.stack([d[i] for d in dressed])).permute(0, 3, 1, 2) for i in (0, 1))
        visible = torch.from_numpy(np.stack([d[2] for d in dressed]))[:, None]
        world_on = torch.from_numpy((rng.random((count, 1, 1, 1)) < 0.55).astype(np.float32))
        world = self.world(rng, count) * world_on
        maps = compose.true_maps(batch, world, visible)
        picture = compose.target(batch["frame"], front, behind, world, world_on, maps)
        level = np.where(rng.random(count) < 0.5, 1.0, rng.random(count)).astype(np.float32)
        level = torch.from_numpy(level)[:, None, None, None]
        noise = torch.from_numpy(rng.standard_normal(picture.shape, dtype=np.float32))
        sketch = front + behind * (1 - front[:, 3:])
        parts = torch.softmax(self.sense(F.avg_pool2d(batch["frame"], 2))[2], 1)
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
