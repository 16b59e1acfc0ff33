"""Trains the fields:  python -m items.train --out DIR [--kind K] [--minutes M] [--seed S] [--batch B]

Per layer: samples are rendered once into DIR/KIND.LAYER.npz, then the network is trained for the layer's share of M minutes,
with a checkpoint every minute (DIR/KIND.LAYER.pt). Started again, it goes on where it was; with more minutes it goes on
from the trained weights at the learning rate that the longer schedule gives.
"""

import argparse
import math
import pathlib
import subprocess
import sys
import time

import numpy as np
import torch

from .charts import encode
from .data import sources_of
from .field import Field, outputs
from .kinds import KINDS, Kind, Layer

BATCH = 2048
MUON_RATE, ADAM_RATE = 0.08, 5e-3  # of the layers' weights, and of the biases and the last layer
PER_POSE = 16000


def samples_of(folder: pathlib.Path, kind: Kind, layer: Layer, seed: int):
    """Rendered samples, from the folder when they are there."""
    path = folder / f"{kind.name}.{layer.name}.npz"
    if not path.exists():
        command = [sys.executable, "-m", "items.data", kind.name, layer.name, str(path), str(kind.training_poses), str(PER_POSE), str(seed)]
        subprocess.run(command, check=True, cwd=pathlib.Path(__file__).parent.parent)
    with np.load(path) as stored:
        return torch.from_numpy(stored["samples"]), torch.from_numpy(stored["table"]), stored["box"]


def loss_of(raw: torch.Tensor, target: torch.Tensor, layer: Layer, generator: torch.Generator) -> torch.Tensor:
    """target (N, 6) as data.COLUMNS. Distances, edges as they look at a random sharpness, light, highlight, colour borders."""
    edge, d, s, mask = target[:, 2], target[:, 3], target[:, 4], target[:, 5]
    far = layer.edge_range
    predicted, limit = raw[:, 0] * layer.edge_unit, edge.clamp(-far, far)
    # Beyond the range only the sign matters.
    beyond = ((predicted.abs() > far) & (predicted * edge > 0) & (edge.abs() >= far)).float()
    miss = (predicted - limit) * (1 - beyond)
    closeness = 1 / (0.15 + (limit.abs() / far))
    distance = (closeness * torch.nn.functional.smooth_l1_loss(miss / far, torch.zeros_like(miss), beta=0.05, reduction="none")).mean()
    sharp = layer.train_ppu * torch.exp2(torch.rand(1, generator=generator) * 3.5 - 3.0)
    alpha = (0.5 + predicted * sharp).clamp(0, 1)
    visible = (0.5 + edge * sharp).clamp(0, 1)
    outline = (alpha - visible).abs().mean()
    inside = (edge > -4 / layer.train_ppu).float()
    weight = inside / inside.mean().clamp_min(1e-3)
    light = (weight * ((raw[:, 1] - d).abs() + 2 * (raw[:, 1] - d) ** 2)).mean()
    shine = (weight * ((raw[:, 2] - s).abs() + 2 * (raw[:, 2] - s) ** 2)).mean()
    mask_limit = mask.clamp(-0.5 * far, 0.5 * far)
    colour = (weight * torch.nn.functional.smooth_l1_loss((raw[:, 3] * layer.mask_unit).clamp(-far, far) / far, mask_limit / far, beta=0.05, reduction="none")).mean()
    tint = (weight * ((0.5 + raw[:, 3] * layer.mask_unit * sharp).clamp(0, 1) - (0.5 + mask * sharp).clamp(0, 1)).abs()).mean()
    return distance + outline + light + shine + 0.5 * colour + 0.5 * tint


def rate_at(progress: float) -> float:
    """Share of the full rates: warm-up, then cosine to a hundredth."""
    warm = min(1.0, progress / 0.01)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))


def optimisers_of(net: Field) -> tuple:
    """Muon for the weights of all layers but the last, Adam for the rest.

    After 3 s of computing the glasses stand at a loss of 0.91 with Adam alone, at 0.39 with Muon.
    """
    weights = [layer.weight for layer in net.layers[:-1]]
    rest = [p for p in net.parameters() if all(p is not w for w in weights)]
    return (
        torch.optim.Muon(weights, lr=MUON_RATE, weight_decay=0.0, momentum=0.95),
        torch.optim.Adam(rest, lr=ADAM_RATE, betas=(0.9, 0.99)),
    )


class Run:
    """One layer in training; everything that a checkpoint must carry."""

    def __init__(self, kind: Kind, layer: Layer, path: pathlib.Path, seed: int):
        self.kind, self.layer, self.path = kind, layer, path
        torch.manual_seed(seed)
        self.net = Field(layer.sizes)
        self.mean = Field(layer.sizes)
        self.mean.load_state_dict(self.net.state_dict())
        self.optimisers = optimisers_of(self.net)
        self.generator = torch.Generator().manual_seed(seed)
        self.steps, self.seconds = 0, 0.0
        if path.exists():
            self.restore(torch.load(path, weights_only=True))

    def restore(self, state):
        if state["sizes"] != self.layer.sizes:
            raise ValueError(f"{self.path} holds a network of sizes {state['sizes']}, the table asks for {self.layer.sizes}; train into a new folder")
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        for optimiser, stored in zip(self.optimisers, state.get("optimisers", [])):
            optimiser.load_state_dict(stored)
        self.generator.set_state(state["generator"])
        self.steps, self.seconds = state["steps"], state["seconds"]

    def save(self, box):
        state = {
            "sizes": self.layer.sizes, "net": self.net.state_dict(), "mean": self.mean.state_dict(), "optimisers": [o.state_dict() for o in self.optimisers],
            "generator": self.generator.get_state(), "steps": self.steps, "seconds": self.seconds, "box": [float(x) for x in box],
        }  # fmt: skip
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.rename(self.path)

    def step(self, samples, table, rate, batch: int = BATCH) -> torch.Tensor:
        for optimiser, full in zip(self.optimisers, (MUON_RATE, ADAM_RATE)):
            for group in optimiser.param_groups:
                group["lr"] = rate * full
        pick = torch.randint(samples.shape[0] * samples.shape[1], (batch,), generator=self.generator)
        target = samples.reshape(-1, samples.shape[-1])[pick]
        row = table[torch.div(pick, samples.shape[1], rounding_mode="floor")]
        x = encode(self.layer.inputs, sources_of(self.kind, self.layer, target[:, :2], row), batch)
        loss = loss_of(self.net(x), target, self.layer, self.generator)
        self.net.zero_grad(set_to_none=True)
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        self.steps += 1
        keep = min(0.998, self.steps / (self.steps + 10))
        with torch.no_grad():
            for mean, now in zip(self.mean.parameters(), self.net.parameters()):
                mean.lerp_(now, 1 - keep)
        return loss.detach()


def train_layer(folder: pathlib.Path, kind: Kind, layer: Layer, minutes: float, seed: int, batch: int = BATCH, say=print) -> Run:
    samples, table, box = samples_of(folder, kind, layer, seed)
    run = Run(kind, layer, folder / f"{kind.name}.{layer.name}.pt", seed)
    budget, began = minutes * 60, time.process_time()  # of computing, whatever else the machine does
    start, saved, total, count = run.seconds, run.seconds, 0.0, 0
    while run.seconds < budget:
        total += float(run.step(samples, table, rate_at(run.seconds / budget), batch))
        count += 1
        run.seconds = start + time.process_time() - began
        if run.seconds - saved > 60:
            run.save(box)
            say(f"{kind.name}.{layer.name}: {run.seconds / 60:.1f} of {minutes:.1f} min, step {run.steps}, loss {total / count:.4f}", flush=True)
            saved, total, count = run.seconds, 0.0, 0
    run.save(box)
    return run


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=pathlib.Path, required=True)
    args.add_argument("--kind", choices=sorted(KINDS), help="only this kind (default: all)")
    args.add_argument("--minutes", type=float, default=10.0, help="of computing for each kind (default 10)")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--batch", type=int, default=BATCH, help=f"samples a step; fewer get further in little time (default {BATCH})")
    args = args.parse_args()
    torch.set_num_threads(1)
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [args.kind] if args.kind else KINDS:
        kind = KINDS[name]
        for layer in kind.layers:
            run = train_layer(args.out, kind, layer, args.minutes / len(kind.layers), args.seed, args.batch)
            print(f"{name}.{layer.name}: {run.steps} steps, {run.seconds / 60:.1f} min")


if __name__ == "__main__":
    main()
