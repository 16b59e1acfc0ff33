"""`python -m people.build --humans DIR --out DIR --count N --seed S [--processes P]`: write shards of people.

A shard is a folder `shard_0000` with rgba.npy (N,192,256,4) uint8 (straight alpha), parts.npy (N,192,256) uint8,
depth.npy (N,192,256) uint16 (mm along the ray, 65535 none) and labels.json (N dicts). Sample i depends on the
seed, i and the options below alone. A shard is written beside its name and renamed when whole; whole shards are skipped, so a
run that was cut off goes on where it stopped.

With --held-out the samples are of characters that training never sees (id divisible by 20) and of no others: a
folder for evaluation, a twentieth of the drawing.

With --gesture one arm of nearly everybody does that (`gestures.draw_gesture` lists them): more of what a model finds hard.
--motion-blur SHARE says how many move, else a fifth; with 0.05 two cores draw seven or eight a second instead of four.
"""

from __future__ import annotations

import os

os.environ.setdefault("LP_NUM_THREADS", "1")  # one core a process: llvmpipe and BLAS would take all
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import multiprocessing
import shutil
import time
from pathlib import Path

import numpy as np

from .gestures import draw_gesture

SHARD_SAMPLES = 125
SAMPLES_PER_CHARACTER = 10
HELD_OUT_EVERY = 20  # characters
MOTION_BLUR_SHARE = 0.2


def shard_path(out: Path, shard: int) -> Path:
    return out / f"shard_{shard:04d}"


def shard_sizes(count: int) -> list[int]:
    """Samples per shard; the last may be smaller."""
    full, rest = divmod(count, SHARD_SAMPLES)
    return [SHARD_SAMPLES] * full + ([rest] if rest else [])


def is_whole(path: Path, size: int) -> bool:
    """True when a shard of at least this size lies there."""
    labels = path / "labels.json"
    if not labels.is_file():
        return False
    with open(labels) as handle:
        return len(json.load(handle)) >= size


def sample_index(position: int, held_out: bool) -> int:
    """Which sample of the seed stands at that position of a folder."""
    if not held_out:
        return position
    character, own = divmod(position, SAMPLES_PER_CHARACTER)
    return character * HELD_OUT_EVERY * SAMPLES_PER_CHARACTER + own


def write_shard(studio, out: Path, shard: int, size: int, held_out: bool = False, tick=lambda: None) -> Path:
    """Draw the samples at positions shard*SHARD_SAMPLES .. +size and put the folder in place in one rename."""
    from .render import HEIGHT, WIDTH

    final = shard_path(out, shard)
    part = out / f".{final.name}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    arrays = {
        "rgba": np.zeros((size, HEIGHT, WIDTH, 4), np.uint8),
        "parts": np.zeros((size, HEIGHT, WIDTH), np.uint8),
        "depth": np.zeros((size, HEIGHT, WIDTH), np.uint16),
    }
    labels = []
    for k in range(size):
        images, label = studio.sample(sample_index(shard * SHARD_SAMPLES + k, held_out))
        for name, array in arrays.items():
            array[k] = images[name]
        labels.append(label)
        tick()
    for name, array in arrays.items():
        np.save(part / f"{name}.npy", array)
    with open(part / "labels.json", "w") as handle:
        json.dump(labels, handle)
    shutil.rmtree(final, ignore_errors=True)  # a smaller or broken one
    part.rename(final)
    return final


def _work(humans: str, out: str, seed: int, jobs: list, held_out: bool, studio_options: dict, queue) -> None:
    try:
        from .sample import Studio

        studio = Studio(humans, seed, **studio_options)
        for shard, size in jobs:
            write_shard(studio, Path(out), shard, size, held_out, lambda: queue.put(1))
            queue.put(f"{shard_path(Path(out), shard)}: {size} samples")
    except Exception as error:  # the parent reports it and stops
        queue.put(RuntimeError(f"{type(error).__name__}: {error}"))
        raise
    queue.put(None)


def build(humans: Path, out: Path, count: int, seed: int, processes: int = 1, held_out: bool = False, **studio_options) -> int:
    """Write all missing shards; returns how many samples were drawn. The options are those of `sample.Studio`."""
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(k, n) for k, n in enumerate(shard_sizes(count)) if not is_whole(shard_path(out, k), n)]
    total = sum(n for _, n in jobs)
    print(f"{count - total} of {count} samples are there; drawing {total} in {len(jobs)} shards with {processes} process(es)", flush=True)
    if not jobs:
        return 0
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=1024)
    workers = [context.Process(target=_work, args=(str(humans), str(out), seed, jobs[k::processes], held_out, studio_options, queue), name=f"people-{k}") for k in range(min(processes, len(jobs)))]
    for w in workers:
        w.start()
    begin, done, running, shown = time.time(), 0, len(workers), 0.0
    try:
        while running:
            message = queue.get()
            if message is None:
                running -= 1
            elif isinstance(message, RuntimeError):
                raise message
            elif isinstance(message, str):
                print(message, flush=True)
            else:
                done += 1
            now = time.time()
            if done and now - shown > 20:
                rate = done / (now - begin)
                print(f"{done}/{total} samples, {rate:.2f}/s, {(total - done) / rate / 60:.1f} min left", flush=True)
                shown = now
    finally:
        for w in workers:
            if w.is_alive() and running:
                w.terminate()
            w.join()
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--humans", type=Path, required=True, help="folder of the unzipped makehuman-cc0.zip")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="only characters that training never sees")
    parser.add_argument("--gesture", help="what one arm of nearly everybody does, such as face")
    parser.add_argument("--motion-blur", type=float, default=MOTION_BLUR_SHARE, help="the share that moves")
    a = parser.parse_args()
    if not 0 <= a.motion_blur <= 1:
        parser.error(f"--motion-blur {a.motion_blur} is no share between 0 and 1")
    if a.gesture:
        try:
            draw_gesture(np.random.default_rng(0), a.gesture)
        except KeyError as error:
            parser.error(error.args[0])
    done = build(a.humans, a.out, a.count, a.seed, a.processes, a.held_out, gesture=a.gesture, motion_blur=a.motion_blur)
    print(f"drew {done} samples into {a.out}", flush=True)


if __name__ == "__main__":
    main()
