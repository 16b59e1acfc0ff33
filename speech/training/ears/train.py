"""Teaches the base model the mirror's words, in pieces that may be cut off anywhere.

    python -m ears.train --data DIR --out RUN [--minutes M] [--device cpu|cuda] [--threads T] [--workers W] [--anneal STEPS] [--check DIR]

DIR holds what voices.build made, RUN/base.pt is what ears.base made.  What hears (the stem and the encoder's lower half) and the tokens stay as they
were learned from real speech; the rest is trained.  The run's state (trained weights, their moving average, optimiser, step) is in RUN/ears.pt,
written every few minutes under a temporary name and renamed; the same command goes on from there.  RUN/ears.csv holds the
curves, RUN/ears.png draws them.  --anneal lets the learning rate fall to zero within so many steps, then the run has finished.
--check names a folder that ears.evaluate made; a part of it is transcribed now and then.
"""
import os

# Before numpy is loaded: the workers that make batches would each start a thread for every core, and wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import csv
import pathlib
import time

import torch
import torch.nn.functional as F

from . import base, curves, evaluate
from .data import BATCH_POSITIONS, Batches, Shards
from .vocabulary import Vocabulary

WARM_UP = 50
AVERAGE = 0.995
PEAK = 1e-4
FROZEN_LAYERS = 2


def loss_of(net, batch):
    """-> cross-entropy of the tokens, share of tokens right."""
    audio = net.encoder(batch["mels"])
    tokens = batch["tokens"]
    logits = net.decoder(tokens[:, :-1].clamp(min=0), audio).float()
    # What follows <|startoftranscript|> is given, not written.
    logits, wanted = logits[:, 1:], tokens[:, 2:]
    written = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-100)
    return written, (logits.argmax(-1) == wanted)[wanted >= 0].float().mean()


def trained_of(net):
    """{name: weight} of what is trained; the others no longer want a gradient."""
    frozen = ("encoder.conv", "decoder.token_embedding", "decoder.positional_embedding", *(f"encoder.blocks.{n}." for n in range(FROZEN_LAYERS)))
    for name, weight in net.named_parameters():
        weight.requires_grad_(not name.startswith(frozen))
    return {name: weight for name, weight in net.named_parameters() if weight.requires_grad}


class Run:
    """All that a run goes on from."""

    def __init__(self, out, device):
        self.out, self.file, self.device = out, out / "ears.pt", device
        self.net, words = base.load(out)
        self.vocabulary = Vocabulary(words)
        self.net.to(device).train()
        self.trained = trained_of(self.net)
        self.optimiser = torch.optim.AdamW(self.trained.values(), PEAK, betas=(0.9, 0.98), weight_decay=0.01)
        self.step, self.anneal_from = 0, None
        self.average = {name: weight.detach().clone() for name, weight in self.trained.items()}
        if self.file.exists():
            saved = torch.load(self.file, map_location="cpu", weights_only=True)
            if saved["net"].keys() != self.trained.keys():
                raise SystemExit(f"{self.file} is of another model than {out / 'base.pt'}; take another --out")
            self.net.load_state_dict(saved["net"], strict=False)
            self.average = {name: value.to(device) for name, value in saved["average"].items()}
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.anneal_from = saved["step"], saved["anneal_from"]

    def save(self):
        temporary = self.file.with_suffix(".part")
        net = {name: weight.detach() for name, weight in self.trained.items()}
        torch.save({
            "net": net, "average": self.average, "optimiser": self.optimiser.state_dict(), "step": self.step, "anneal_from": self.anneal_from,
        }, temporary)
        os.replace(temporary, self.file)

    def rate(self, anneal):
        """Learning rate as a share of its peak."""
        falling = 1 - (self.step - self.anneal_from) / anneal if self.anneal_from is not None else 1
        return max(min(1, (self.step + 1) / WARM_UP, falling), 0)

    def train(self, batch, anneal):
        share = self.rate(anneal)
        batch = {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}
        with torch.autocast(self.device, torch.bfloat16):
            written, right = loss_of(self.net, batch)
        written.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.param_groups[0]["lr"] = PEAK * share
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(AVERAGE, 1 - 10 / (self.step + 10))  # over a tenth of the steps
        torch._foreach_lerp_(list(self.average.values()), [weight.detach() for weight in self.trained.values()], 1 - decay)
        return {"written": written.item(), "right": right.item(), "norm": norm.item(), "rate": share}

    def averaged(self):
        net, _ = base.load(self.out)
        net.load_state_dict(self.average, strict=False)
        return net.to(self.device).eval()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--anneal", type=int, default=0)
    parser.add_argument("--check", type=pathlib.Path)
    parser.add_argument("--positions", type=int, default=BATCH_POSITIONS, help="encoder positions in a batch")
    args = parser.parse_args()
    end = time.monotonic() + args.minutes * 60
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    shards = Shards(args.data)
    run = Run(args.out, args.device)
    if not args.anneal:
        run.anneal_from = None  # a finished run goes on at the full rate
    elif run.anneal_from is None:
        run.anneal_from = run.step
    print(f"{len(shards)} sentences, step {run.step}", flush=True)
    batches = Batches(shards, run.vocabulary, positions=args.positions)
    loader = torch.utils.data.DataLoader(
        batches, batch_size=None, sampler=range(run.step, len(batches)), num_workers=args.workers, pin_memory=args.device == "cuda",
        worker_init_fn=lambda _: torch.set_num_threads(1), prefetch_factor=6 if args.workers else None,
    )
    log = open(args.out / "ears.csv", "a", newline="")
    table = csv.writer(log)
    sums, count, saved, checked, begun, seen = {}, 0, time.monotonic(), time.monotonic(), time.monotonic(), 0
    finished = False
    for batch in loader:
        figures = run.train(batch, args.anneal)
        sums = {name: sums.get(name, 0) + value for name, value in figures.items()}
        count, seen, now = count + 1, seen + len(batch["mels"]), time.monotonic()
        if run.step % 20 == 0:
            row = [f"{total / count:.4f}" for total in sums.values()]
            table.writerow([run.step, *row])
            log.flush()
            print(run.step, *(f"{name} {value}" for name, value in zip(sums, row)), f"{seen / (now - begun):.1f}/s", flush=True)
            sums, count = {}, 0
        finished = bool(args.anneal) and run.rate(args.anneal) == 0
        if now - saved > 150 or now > end or finished:
            run.save()
            saved = now
        if args.check and (now - checked > 420 or now > end or finished):
            print(run.step, evaluate.short(run.averaged(), run.vocabulary, args.check), flush=True)
            checked = time.monotonic()
        if now > end or finished:
            break
    curves.draw(args.out / "ears.csv", args.out / "ears.png")
    print("finished" if finished else "to be continued", flush=True)


if __name__ == "__main__":
    main()
