"""`python -m rooms.build --out DIR --count N --seed S [--people DIR] [--processes P]`: write shards of backgrounds.

A shard is rooms_0000.npy (N,288,384,3) uint8 sRGB, 100 pictures. Picture i depends on the seed, i and the people
folder alone; whole shards are skipped. With --people, pictures and screens in the rooms show rendered people.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import time
from pathlib import Path

import cv2
import numpy as np

from .picture import HEIGHT, WIDTH, make_picture
from .things import Portraits

SHARD_PICTURES = 100
_PORTRAITS = 250


def load_portraits(people: Path | None) -> Portraits:
    """Cut-outs from the first shard of people; none without a folder."""
    if people is None:
        return Portraits(None)
    path = people / "shard_0000" / "rgba.npy"
    if not path.is_file():
        raise FileNotFoundError(f"expected a people shard at {path}, found none; run people.build first or leave --people out")
    labels = json.load(open(path.parent / "labels.json"))
    keep = [k for k, l in enumerate(labels) if l["points"]["head"][3] and 0.07 < l["head_width"] < 0.3]
    return Portraits(np.load(path)[keep[:_PORTRAITS]])


def build(out: Path, count: int, seed: int, people: Path | None, processes: int = 1) -> int:
    """Write all missing shards; returns how many pictures were made."""
    out.mkdir(parents=True, exist_ok=True)
    sizes = [min(SHARD_PICTURES, count - k) for k in range(0, count, SHARD_PICTURES)]
    jobs = [(k, size) for k, size in enumerate(sizes) if not _is_whole(out, k, size)]
    missing, made, begin = sum(size for _, size in jobs), 0, time.time()
    if not jobs:
        return 0
    with contextlib.ExitStack() as stack:
        if processes == 1:
            _start(out, seed, people)
            written = map(_write_shard, jobs)
        else:
            pool = multiprocessing.get_context("spawn").Pool(min(processes, len(jobs)), _start, (out, seed, people))
            written = stack.enter_context(pool).imap_unordered(_write_shard, jobs)
        for size in written:
            made += size
            rate = made / (time.time() - begin)
            print(f"{made}/{missing} rooms, {rate:.2f}/s, {(missing - made) / rate / 60:.1f} min left", flush=True)
    return made


def _start(*job):
    """What a process knows from the start: the folder, the seed, the portraits."""
    global _out, _seed, _portraits
    cv2.setNumThreads(1)
    _out, _seed, _portraits = job[0], job[1], load_portraits(job[2])


def _write_shard(job: tuple[int, int]) -> int:
    shard, size = job
    pictures = np.zeros((size, HEIGHT, WIDTH, 3), np.uint8)
    for j in range(size):
        pictures[j] = make_picture(_seed, shard * SHARD_PICTURES + j, _portraits)
    part = _out / f".rooms_{shard:04d}.part.npy"
    np.save(part, pictures)
    part.rename(_out / f"rooms_{shard:04d}.npy")
    return size


def _is_whole(out: Path, shard: int, size: int) -> bool:
    path = out / f"rooms_{shard:04d}.npy"
    return path.is_file() and len(np.load(path, mmap_mode="r")) >= size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=Path, help="folder written by people.build")
    parser.add_argument("--processes", type=int, default=1)
    a = parser.parse_args()
    print(f"made {build(a.out, a.count, a.seed, a.people, a.processes)} rooms in {a.out}", flush=True)


if __name__ == "__main__":
    main()
