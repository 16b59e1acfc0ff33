"""How well the shipped model dresses people it has never seen: one table.

    python -m house.evaluate --data DIR [--count 1000] [--rounds 3] [--seed 5] [--sheet FILE.png]

DIR holds people/ (of `people.build --held-out`) and rooms/.  Every frame gets an outfit and, half of the time, a world.
The truth hangs the outfit on the labelled body and lets the labels decide what hides it; the mirror sees only the frame
and goes its whole way: sense, frames, fields, painter, composition.  One frame at a time, nothing is followed.  Things hang on
what the picture shows: in a hand that is to be seen, on a head or shoulders that are within it.  The mirror shows nothing on a point that
it takes for absent; such a thing is not visible.

For every kind, over the frames in which the truth shows at least 40 pixels of it:
  visible    share of frames in which the mirror's item covers between half and twice the true area
  placement  distance of the centroids, in picture widths (mean over the frames that show both;
             after it the standard error of that mean)
  colour     mean absolute difference of RGB 0..1 between the item's mean colour in the mirror's picture and in the true one
  texture    mean absolute difference of RGB from the true picture, pixel by pixel where both show the item, once the
             mirror's is moved onto the true one's centroid: a turn or a size that is a little off counts here.  No bound
and the IoU of the person's mask, the painter's matte cut at a half.  The last line is the control of `colour`.  `*` marks what misses its bound; then the
exit status is 1.
"""
import argparse
import pathlib
import sys
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

from . import compose, data, model, outfit, paint
from .folding import WEIGHTS, fill
from .model import POINTS

BOUNDS = {"visible": 0.9, "placement": 0.03, "colour": 0.12, "mask_iou": 0.93}
LEAST_PIXELS = 40
ASSETS = pathlib.Path(__file__).resolve().parents[3] / "assets/house"


def shipped():
    """Sense and painter with the weights that the mirror ships."""
    tensors = load_file(ASSETS / WEIGHTS)
    nets = []
    for name, net in (("sense", model.Sense()), ("painter", model.Painter())):
        nets.append(fill(net, {k.removeprefix(f"{name}."): v.float() for k, v in tensors.items() if k.startswith(f"{name}.")}).eval())
    return nets


class Mirror:
    """The mirror's whole way from a frame to a picture, with an outfit and a world."""

    def __init__(self):
        self.sense, self.painter = shipped()

    @torch.no_grad()
    def see(self, frames):
        """Bodies and parts (B, 9, 48, 64) of frames (B, 3, 192, 256)."""
        points, pose, parts = model.look(self.sense, frames)
        return [outfit.Body.of_outputs(p, q) for p, q in zip(points, pose)], parts

    @torch.no_grad()
    def paint(self, frame, parts, front, behind, world, world_on, noise):
        """Maps and picture, as `PainterStage.paint` with the noise of one step."""
        sketch = front + behind * (1 - front[:, 3:])
        inputs = torch.cat([frame, sketch, world, noise], 1)
        maps = compose.decode(self.painter(inputs, parts, torch.ones(len(frame), 1)))
        return maps, compose.compose(frame, front, behind, world, world_on, maps)


def worn(pieces, body, room):
    """Of the pieces those that the mirror shows on a body, in a picture that takes that room."""
    return [piece for piece in pieces if outfit.shown(piece, body, room[3]) >= 0.5]


def coverage(outfits, bodies, rooms, visible, matte):
    """For every frame the coverage (H, W) of each of its pieces in the picture: what is behind the person is hidden by the matte.

    rooms: (B, 4) of the camera's pictures, beyond which nothing is seen; visible, matte: (B, 1, H, W).
    """
    pieces = [(row, piece) for row, outfit_ in enumerate(outfits) for piece in outfit_]
    front, behind, _ = outfit.draw([worn([piece], bodies[row], rooms[row]) for row, piece in pieces], [bodies[row] for row, _ in pieces])
    rows = [row for row, _ in pieces]
    x, y = (np.arange(outfit.WIDTH) + 0.5) / outfit.WIDTH, (np.arange(outfit.HEIGHT)[:, None] + 0.5) / outfit.WIDTH
    left, top, right, bottom = rooms.T[:, :, None, None]
    inside = torch.from_numpy((x > left) & (x < right) & (y > top) & (y < bottom))
    shown = front[:, 3] * visible[rows, 0] + behind[:, 3] * (1 - matte[rows, 0]) * (1 - front[:, 3])
    shown = shown * inside[rows]
    return [[shown[k].numpy() for k in range(len(pieces)) if rows[k] == row] for row in range(len(outfits))]


def moved(planes, down, right):
    """Planes (..., H, W) shifted by whole pixels; what comes in is 0."""
    out = np.zeros_like(planes)
    h, w = planes.shape[-2:]
    to, of = (tuple(slice(max(sign * n, 0), size + min(sign * n, 0)) for n, size in ((down, h), (right, w))) for sign in (1, -1))
    out[..., *to] = planes[..., *of]
    return out


def outfits_for(batch, rng):
    """A random outfit for every frame, of things that hang on what the picture shows."""
    points = batch["points"].numpy()
    within = ((points[..., :2] >= 0) & (points[..., :2] <= 1)).all(-1) & (points[..., 3] > data.BEYOND)
    outfits = []
    for inside, seen in zip(within, within & (points[..., 3] > 0.5)):
        pieces = outfit.random_outfit(rng, [seen[POINTS.index(name)] for name in ("hand_r", "hand_l")])
        on = {"head": inside[POINTS.index("head")], "shoulders": inside[POINTS.index("neck")], "beside": inside[POINTS.index("head")]}
        outfits.append([piece for piece in pieces if on.get(piece.attachment, True)])
    return outfits


class Compared(NamedTuple):
    """One piece against the truth; all but `visible` are not a number where the mirror shows nothing of it."""

    visible: float           # 0 or 1
    placement: float
    texture: float
    means: np.ndarray        # (2, 3) mean RGB of the true one and of the mirror's

    @property
    def colour(self):
        return float(np.abs(self.means[0] - self.means[1]).mean())


def compare(truth, guess, picture, true_picture):
    """One piece, Compared; None where the truth hardly shows it.

    truth, guess: coverage (H, W); pictures (3, H, W).
    """
    if (truth > 0.5).sum() < LEAST_PIXELS:
        return None
    ratio = guess.sum() / truth.sum()
    if guess.sum() < 1:
        return Compared(0.0, np.nan, np.nan, np.full((2, 3), np.nan))
    y, x = np.mgrid[0:outfit.HEIGHT, 0:outfit.WIDTH]
    centre = [np.array([(c * x).sum(), (c * y).sum()]) / c.sum() / outfit.WIDTH for c in (truth, guess)]
    means = np.stack([(p * c).sum((1, 2)) / c.sum() for p, c in ((true_picture, truth), (picture, guess))])
    dx, dy = np.round((centre[0] - centre[1]) * outfit.WIDTH).astype(int)
    guess, picture = moved(guess, dy, dx), moved(picture, dy, dx)
    both = (truth > 0.5) & (guess > 0.5)
    texture = np.abs(picture - true_picture)[:, both].mean() if both.any() else np.nan
    return Compared(float(0.5 <= ratio <= 2.0), float(np.hypot(*(centre[0] - centre[1]))), float(texture), means)


def evaluate(args, say=print):
    people, rooms = data.People(args.data / "people", held_out=True), data.Rooms(args.data / "rooms")
    if len(people) < args.count:
        raise SystemExit(f"{args.count} held-out people were asked for, {args.data / 'people'} has {len(people)}: people.build --held-out draws more")
    mirror, noise = Mirror(), torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, outfit.HEIGHT, outfit.WIDTH), dtype=np.float32))
    scene = paint.Worlds(rooms)
    figures, ious, kept = {}, [], []
    for turn, start in [(turn, start) for turn in range(args.rounds) for start in range(0, args.count, 8)]:
        rng = np.random.default_rng([args.seed + turn, start])
        rows = np.arange(start, min(start + 8, args.count))
        batch = data.batch(people, rooms, rng, len(rows), rows=rows)
        bodies, parts = mirror.see(batch["frame"])
        truths = [outfit.Body.of_labels(batch, i) for i in range(len(rows))]
        outfits = outfits_for(batch, rng)
        places = batch["room"].numpy()
        true_front, true_behind, true_visible = outfit.draw(outfits, truths, outfit.Hiders(batch))
        front, behind, _ = outfit.draw([worn(*three) for three in zip(outfits, bodies, places)], bodies)
        on = torch.from_numpy((rng.random((len(rows), 1, 1, 1)) < 0.5).astype(np.float32))
        world = scene.pictures(rng, len(rows)) * on
        true_maps = compose.true_maps(batch, world, true_visible)
        true_pictures = compose.target(batch["frame"], true_front, true_behind, world, on, true_maps)
        maps, pictures = mirror.paint(batch["frame"], parts, front, behind, world, on, noise.expand(len(rows), -1, -1, -1))
        covered = zip(
            coverage(outfits, truths, places, true_visible, batch["alpha"]), coverage(outfits, bodies, places, maps["visible"], maps["matte"]))
        for i, (truth, guess) in enumerate(covered):
            person, alpha = maps["matte"][i, 0].numpy(), batch["alpha"][i, 0].numpy()
            ious.append(((person > 0.5) & (alpha > 0.5)).sum() / max(((person > 0.5) | (alpha > 0.5)).sum(), 1))
            for k, piece in enumerate(outfits[i]):
                result = compare(truth[k], guess[k], pictures[i].numpy(), true_pictures[i].numpy())
                if result:
                    figures.setdefault(piece.kind, []).append(result)
        if len(kept) < 4:
            kept.append(torch.cat([batch["frame"], true_pictures, pictures], 2)[:4])
        if start % 80 == 0:
            say(f"{turn * args.count + start + len(rows)} of {args.rounds * args.count}", file=sys.stderr, flush=True)
    if args.sheet:
        sheet = torch.cat([torch.cat(list(k), 2) for k in kept], 1).permute(1, 2, 0)
        Image.fromarray((sheet.numpy() * 255 + 0.5).astype(np.uint8)).save(args.sheet)
    return figures, float(np.mean(ious))


def table(figures, iou, say=print):
    """Prints the table; whether every bound holds."""
    holds = True

    def cell(value, good):
        nonlocal holds
        holds &= bool(good)
        return f"{value:9.3f}{' ' if good else '*'}"

    say(f"{'kind':12s} {'frames':>6s} {'visible':>10s}{'placement':>10s}{'+-':>8s} {'colour':>10s}{'texture':>10s}")
    others = []
    for kind, results in sorted(figures.items()):
        visible, placement, colour, texture = (np.nanmean([getattr(r, name) for r in results]) for name in ("visible", "placement", "colour", "texture"))
        spread = np.nanstd([r.placement for r in results]) / np.sqrt(np.isfinite([r.placement for r in results]).sum())
        others += [np.abs(a.means[1] - b.means[0]).mean() for a, b in zip(results, results[1:])]
        say(f"{kind:12s} {len(figures[kind]):6d}" + cell(visible, visible >= BOUNDS["visible"])
            + cell(placement, placement <= BOUNDS["placement"])
            + f"{spread:8.3f} " + cell(colour, colour <= BOUNDS["colour"]) + f"{texture:9.3f}")
    say(f"{'person':12s} {'':6s} mask IoU" + cell(iou, iou >= BOUNDS["mask_iou"]))
    say(f"control: the colour of another frame's item of the same kind is {np.nanmean(others):.3f} off")
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="how often each of them is seen, in another frame and another outfit: a kind has some 100 frames a round")
    parser.add_argument("--seed", type=int, default=5, help="of the first round; the next has the next")
    parser.add_argument("--sheet", type=pathlib.Path, help="also a picture: frames, true pictures, the mirror's")
    args = parser.parse_args()
    torch.set_num_threads(2)
    sys.exit(0 if table(*evaluate(args)) else 1)


if __name__ == "__main__":
    main()
