"""From shipped weights back to networks that can be trained on.

    python -m house.thaw --data DIR --out DIR [--stages sense painter] [--batches N]

The shipped file holds convolutions that have swallowed their batch norms.  Here every batch norm comes back with the
statistics of real batches and with the scale and shift that undo them, so that the network computes what it computed,
in training mode too.  Writes OUT/<stage>.pt, where `house.train` goes on: no run's checkpoints are needed, only what
is in the repository.  A stage whose checkpoint exists is left alone.
"""
import argparse
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file

from .folding import WEIGHTS, fill, normed
from .train import STAGES, Average, save

ASSETS = pathlib.Path(__file__).resolve().parents[3] / "assets/house"


@torch.no_grad()
def calibrate(net, run):
    """Gives every batch norm the mean and variance of its input over what `run(net)` feeds it, and undoes them.

    In evaluation mode nothing changes; in training mode, where batches are normed by their own statistics, the
    network stays what it was as far as one batch is like another.
    """
    seen = {}

    def watch(norm):
        def hook(_, inputs):
            x = inputs[0].float()
            sums = seen.setdefault(norm, [0, 0.0, 0.0])
            sums[0] += x.numel() // x.shape[1]
            sums[1] = sums[1] + x.sum((0, 2, 3), dtype=torch.float64)
            sums[2] = sums[2] + (x.double() ** 2).sum((0, 2, 3))

        return norm.register_forward_pre_hook(hook)

    hooks = [watch(norm) for _, norm, _ in normed(net)]
    net.eval()
    run(net)
    for hook in hooks:
        hook.remove()
    for norm, (count, total, squares) in seen.items():
        mean = (total / count).float()
        variance = (squares / count - (total / count) ** 2).clamp_min(1e-6).float()
        # y = g (x - m) / s + b, for the g and b that were there with mean 0 and variance 1
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((variance + norm.eps).sqrt())
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--batches", type=int, default=16, help="of 16 frames, for the statistics")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    shipped = load_file(ASSETS / WEIGHTS)
    for name in args.stages:
        path = args.out / f"{name}.pt"
        if path.is_file():
            print(f"{path} exists and is left alone")
            continue
        stage = STAGES[name](args)
        tensors = {k.removeprefix(f"{name}."): v.float() for k, v in shipped.items() if k.startswith(f"{name}.")}
        net = fill(stage.net, tensors).to(args.device)

        def run(net):
            for i in range(args.batches):
                stage.figures(net, stage.batch(np.random.default_rng([777, i]), 16, held=True))

        calibrate(net, run)
        optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.02)
        save(path, {"net": net.state_dict(), "average": Average(net).state, "optimiser": optimiser.state_dict(), "step": 0, "anneal": None})
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
