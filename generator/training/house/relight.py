"""Teaches the painter another light on the visitor in a world, and nothing else.

    python -m house.relight --data DIR --out RUN [--steps 200] [--batch 16]

For a change of `compose.true_maps`' person_gain or person_lift: RUN/painter.pt gets new weights for these maps in its
last layer; all other weights, and so what is hidden, where the person ends and how items are lit, stay as they are to the bit.
"""
import argparse
import pathlib

import numpy as np
import torch

from . import paint, train
from .model import PAINT, PAINT_CHANNELS

LIGHT = ("person_gain", "person_lift")


def light_rows():
    """(56,) 1 where a channel of the painter's last layer, before its pixels are shuffled, makes the light on the person."""
    rows = torch.zeros(PAINT_CHANNELS, 4)
    for name in LIGHT:
        rows[slice(*PAINT[name])] = 1
    return rows.flatten()


def relight(net, batches, rate=3e-3, say=print):
    """Trains those rows of `net.leave` on a sequence of batches, the rate falling to zero; returns the last error of the gain."""
    net.eval().requires_grad_(False)
    rows = light_rows()
    for values in (net.leave.weight, net.leave.bias):
        values.requires_grad_(True)
        values.register_hook(lambda grad: grad * rows.to(grad.device).view(-1, *[1] * (grad.ndim - 1)))
    optimiser = torch.optim.Adam(net.leave.parameters(), lr=rate)
    for step, batch in enumerate(batches):
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(batches))
        maps, _ = paint.PainterStage.paint(net, batch)
        weight = batch["true_matte"] * batch["world_on"]
        gain, lift = (((maps[name] - batch[f"true_{name}"]).abs() * weight).sum() / (weight.sum() * 3).clamp_min(1) for name in LIGHT)
        optimiser.zero_grad(set_to_none=True)
        (gain + 4 * lift).backward()
        optimiser.step()
        if step % 20 == 0:
            say(f"step {step} of {len(batches)}  person_gain {gain:.4f}  person_lift {lift:.4f}", flush=True)
    return gain.item()


class Fresh:
    """`count` batches of a stage, made when they are asked for."""

    def __init__(self, stage, seed, count, size):
        self.stage, self.seed, self.count, self.size = stage, seed, count, size

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index >= self.count:
            raise IndexError(index)
        return self.stage.batch(np.random.default_rng([self.seed, index]), self.size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.device = "cpu"
    torch.set_num_threads(2)
    path = args.out / "painter.pt"
    stage = paint.PainterStage(args)
    state = torch.load(path, map_location="cpu", weights_only=True)
    stage.net.load_state_dict(state["average"])
    relight(stage.net, Fresh(stage, args.seed, args.steps, args.batch))
    rows = light_rows() > 0
    for name in ("leave.weight", "leave.bias"):
        new = dict(stage.net.named_parameters())[name].detach()
        for weights in (state["average"], state["net"]):
            weights[name][rows] = new[rows]
    train.save(path, state)
    print(f"{path} has the new light; export it")


if __name__ == "__main__":
    main()
