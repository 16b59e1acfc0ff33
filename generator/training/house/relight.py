"""Teaches the painter another light on the visitor in a world, and nothing else.

    python -m house.relight --data DIR --out RUN [--steps 200] [--batch 16]

For a change of `compose.true_maps`' person_gain or person_lift: RUN/painter.pt gets new weights for these maps in its
last layer; all other weights, and so what is hidden, where the person ends and how items are lit, stay as they are to the bit.
"""
import argparse
import pathlib

import torch

from . import compose, paint, train
from .model import PAINT, PAINT_CHANNELS

LIGHT = ("person_gain", "person_lift")


def light_rows():
    """(56,) true where a channel of the painter's last layer, before its pixels are shuffled, makes the light on the person."""
    rows = torch.zeros(PAINT_CHANNELS, 4, dtype=torch.bool)
    for name in LIGHT:
        rows[slice(*PAINT[name])] = True
    return rows.flatten()


def relight(net, batches, steps, rate=3e-3, say=print):
    """Trains `net.leave` on batches[0] to batches[steps - 1] for the light alone, the rate falling to zero; returns the last error of the gain."""
    net.eval().requires_grad_(False)
    net.leave.requires_grad_(True)
    optimiser = torch.optim.Adam(net.leave.parameters(), lr=rate)
    for step in range(steps):
        batch = batches[step]
        optimiser.param_groups[0]["lr"] = rate * (1 - step / steps)
        maps = compose.decode(net(batch["inputs"], batch["sensed"], batch["step"]))
        weight = batch["true_matte"] * batch["world_on"]
        gain, lift = (((maps[name] - batch[f"true_{name}"]).abs() * weight).sum() / (weight.sum() * 3).clamp_min(1) for name in LIGHT)
        optimiser.zero_grad(set_to_none=True)
        (gain + 4 * lift).backward()
        optimiser.step()
        if step % 20 == 0:
            say(f"step {step} of {steps}  person_gain {gain:.4f}  person_lift {lift:.4f}", flush=True)
    return gain.item()


@torch.no_grad()
def put_into(weights, net):
    """Copies the rows of the light, and no others, of `net` into the state dict of another painter."""
    rows = light_rows()
    for name in ("leave.weight", "leave.bias"):
        weights[name][rows] = net.state_dict()[name][rows]


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
    relight(stage.net, train.Batches(stage, args.seed, args.batch, 0), args.steps)
    for weights in (state["average"], state["net"]):
        put_into(weights, stage.net)
    train.save(path, state)
    print(f"{path} has the new light; export it")


if __name__ == "__main__":
    main()
