"""Trains the networks of the house renderer, in pieces that may be cut off anywhere.

    python -m house.train sense   --data DIR --out DIR [--minutes M] [--batch B] [--device cpu|cuda] [--anneal STEPS]
    python -m house.train painter --data DIR --out DIR ...

DIR of --data holds people/ and rooms/; the worlds are those of assets/.  The run's state (weights, their moving average, optimiser, step)
is in OUT/<stage>.pt, written every few minutes under a temporary name and renamed; the same command goes on from
there.  A batch depends on the seed and the step alone, so a run cut off and resumed sees what an uncut one sees.
The last piece anneals the learning rate to zero (--anneal, or --finish within its minutes).  OUT/<stage>.csv holds the curves.
"""
import argparse
import csv
import os
import pathlib
import time

import numpy as np
import torch

from . import data, losses, model, paint


class Average:
    """Exponential moving average of weights and batch-norm statistics; early on it forgets faster."""

    def __init__(self, net, decay=0.999):
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        values = net.state_dict()
        floats = [name for name, value in values.items() if value.dtype.is_floating_point]
        torch._foreach_lerp_([self.state[name] for name in floats], [values[name] for name in floats], 1 - decay)
        for name in values.keys() - floats:
            self.state[name].copy_(values[name])


def save(path, payload):
    temporary = path.with_suffix(".tmp")
    torch.save(payload, temporary)
    os.replace(temporary, path)


PART = 64      # frames
WARM_UP = 20   # steps that say nothing about the speed of the others


class SenseStage:
    def __init__(self, args):
        self.net = model.Sense()
        self.people, self.held, self.rooms = data.all_of(args.data, args.device)

    def batch(self, rng, count, held=False):
        return data.batch_in_parts(self.held if held else self.people, self.rooms, rng, count, PART, model.PAINT_SIZE, varied=not held)

    def loss(self, net, batch):
        return losses.sense_loss(net(batch["frame"]), batch)

    def figures(self, net, batch):
        return losses.sense_figures(net(batch["frame"]), batch)


STAGES = {"sense": SenseStage, "painter": paint.PainterStage}


class Batches(torch.utils.data.Dataset):
    """Batch number `step` of a run, so that worker processes can make them ahead in order."""

    def __init__(self, stage, seed, count, first):
        self.stage, self.seed, self.count, self.first = stage, seed, count, first

    def __len__(self):
        return 10**9

    def __getitem__(self, index):
        return self.stage.batch(np.random.default_rng([self.seed, self.first + index]), self.count)

    def ahead(self, workers):
        """An iterator over the batches from `first` on; made in this process where there are no workers."""
        if workers == 0:
            return map(self.__getitem__, range(len(self)))
        order = range(len(self))
        loader = torch.utils.data.DataLoader(self, batch_size=None, sampler=order, num_workers=workers, prefetch_factor=4, worker_init_fn=_one_thread)
        return iter(loader)


def _one_thread(_):
    torch.set_num_threads(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead; on cuda the device makes them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, help="pause after this many steps")
    parser.add_argument("--anneal", type=int, help="finish in this many steps, the learning rate falling to zero")
    parser.add_argument("--finish", action="store_true", help="the same in as many steps as fit into --minutes, by the speed of their first tenth")
    parser.add_argument("--again", action="store_true", help="train a finished run on; without it nothing is left to do")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{args.stage}.pt"

    stage = STAGES[args.stage](args)
    net = stage.net.to(args.device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.02)
    average, step, last = Average(net), 0, None
    if path.is_file():
        state = torch.load(path, map_location=args.device, weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        average.state, step, last = state["average"], state["step"], state["anneal"]
    if last and step >= last[1]:
        if not args.again:
            print(f"{path} is finished, nothing is trained: --again trains it on", flush=True)
        else:
            last = None
    if args.anneal and not last:
        last = [step, step + args.anneal]
    log = open(args.out / f"{args.stage}.csv", "a", newline="")
    curves = csv.writer(log)

    def keep():
        save(path, {"net": net.state_dict(), "average": average.state, "optimiser": optimiser.state_dict(), "step": step, "anneal": last})

    # Half precision where the machine multiplies it natively: 1.7 times the speed of a step on a CPU that does.
    half = torch.device(args.device).type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    start = saved = time.monotonic()
    first, sums, summed = step, {}, 0
    net.train()
    batches = Batches(stage, args.seed, args.batch, step).ahead(args.workers if args.device == "cpu" else 0)

    def due():
        out_of_time = time.monotonic() - start >= args.minutes * 60 or (args.steps is not None and step - first >= args.steps)
        return out_of_time or (last is not None and step >= last[1])

    while not due():
        elapsed = time.monotonic() - start
        if step == first + WARM_UP:
            warm = elapsed
        if args.finish and not last and elapsed > 6 * args.minutes and step > first + WARM_UP:
            last = [step, step + 1 + int((step - first - WARM_UP) / (elapsed - warm) * (58 * args.minutes - elapsed))]
        rate = args.rate * min(1.0, (step + 1) / 300)
        if last:
            rate *= max(0.0, (last[1] - step) / (last[1] - last[0]))
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = next(batches)
        with torch.autocast(torch.device(args.device).type, torch.bfloat16, enabled=half):
            loss, terms = stage.loss(net, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        average.update(net, step)
        summed += 1
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + value.detach()
        if step % 50 == 0:
            speed = (step - first) * args.batch / (time.monotonic() - start)
            means = {name: value.item() / summed for name, value in sums.items()}
            print(f"step {step}  {speed:.1f} samples/s  loss {sum(means.values()):.3f}  " + "  ".join(f"{k} {v:.3f}" for k, v in means.items()), flush=True)
            curves.writerow([step, *means.values()])
            log.flush()
            sums, summed = {}, 0
        if time.monotonic() - saved > 120:
            keep()
            saved = time.monotonic()
    keep()

    net.load_state_dict(average.state)
    net.eval()
    totals = {}
    with torch.no_grad():
        for i in range(8):
            batch = stage.batch(np.random.default_rng([999, i]), 16, held=True)
            for name, value in stage.figures(net, batch).items():
                totals.setdefault(name, []).append(value)
    for name, values in totals.items():
        print(f"held out  {name:28s} {np.mean(values):.4f}")
    print(f"{'finished' if last and step >= last[1] else 'paused'} at step {step}", flush=True)


if __name__ == "__main__":
    main()
