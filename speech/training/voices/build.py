"""Synthesises sentences into shards that training reads, with all the voices that are installed.

    python -m voices.build --out DIR --count N [--plain N] [--seed S] [--processes P]

N sentences are what visitors say, --plain more are what people say to one another.

DIR/voices-SEED-NNNN.npy (of the plain ones voices-plain-SEED-NNNN.npy) holds the sounds of 200 sentences after one another (int16, 16 kHz, silence around speech cut off), the
.json beside it their texts, voices and lengths.  Shards that exist are kept, so a run that was cut off goes on; a shard depends
on the seed, its number, and which engines are installed: the voices of those that are share its sentences.
"""
import argparse
import json
import multiprocessing
import os
import pathlib

import numpy as np

from texts import plain
from texts.visitors import Visitors

from . import engines

SHARD = 200


def trimmed(samples, keep_s=0.04):
    """Without silence before and after, 40 dB under the loudest tenth of a second; None when nothing is left."""
    if samples is None or len(samples) < 1_600:
        return None
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    level = np.sqrt((frames**2).mean(1) + 1e-12)
    loud = np.flatnonzero(level > max(level.max() * 0.01, 1e-4))
    if not len(loud) or level.max() < 1e-3:
        return None
    keep = int(keep_s * engines.RATE_HZ)
    cut = samples[max(loud[0] * 160 - keep, 0) : (loud[-1] + 1) * 160 + keep]
    return cut / max(np.abs(cut).max(), 1e-3) * 0.9


def shard(seed, number, voices, count=SHARD, speakers=Visitors):
    """-> sounds (int16), and for each a dict of text, voice and length."""
    rng = np.random.default_rng([seed, number])
    said = speakers(f"{seed}/{number}")
    weights = np.array([voice.weight for voice in voices])
    chosen = rng.choice(len(voices), count, p=weights / weights.sum())
    sounds, notes = [], []
    for index in np.unique(chosen):
        texts = [next(said) for _ in range((chosen == index).sum())]
        for text, sound in zip(texts, engines.speak(voices[index], texts, rng)):
            sound = trimmed(sound)
            # Longer than 9 s, a voice is broken or a sentence is beyond what training batches hold.
            if sound is not None and len(sound) < 9 * engines.RATE_HZ:
                sounds.append((sound * 32_767).astype(np.int16))
                notes.append({"text": text, "voice": str(voices[index]), "length": len(sound)})
    return np.concatenate(sounds), notes


def write(out, name, sounds, notes):
    """Both files under their final names only when they are whole; the .json, which readers look for, comes last."""
    for suffix, put in ((".npy", lambda file: np.save(file, sounds)), (".json", lambda file: file.write(json.dumps(notes).encode()))):
        with open(out / f"{name}{suffix}.part", "wb") as file:
            put(file)
        os.replace(out / f"{name}{suffix}.part", out / f"{name}{suffix}")


def _make(task):
    out, seed, number, voices, speakers = task
    name = f"voices-{'plain-' if speakers is plain.Plain else ''}{seed}-{number:04d}"
    if not (out / f"{name}.json").exists():
        write(out, name, *shard(seed, number, voices, speakers=speakers))
        print(name, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, required=True, help="sentences of visitors")
    parser.add_argument("--plain", type=int, default=0, help="plain sentences (needs wordnet-base)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    installed = engines.available()
    if "espeak" not in installed:
        parser.error("espeak-ng is not installed: apt-get install espeak-ng")
    missing = sorted({voice.engine for voice in engines.VOICES} - installed)
    if missing:
        print("not installed, their voices are left out:", ", ".join(missing), flush=True)
    voices = [voice for voice in engines.VOICES if voice.engine in installed and not voice.held_out]
    if args.plain:
        try:
            plain.examples()
        except FileNotFoundError as error:
            parser.error(str(error))
    # Both kinds in step, so that what is cut off has its share of either.
    wanted = [(speakers, -(-count // SHARD)) for speakers, count in ((Visitors, args.count), (plain.Plain, args.plain))]
    order = sorted((number / shards, number, n) for n, (_, shards) in enumerate(wanted) for number in range(shards))
    tasks = [(args.out, args.seed, number, voices, wanted[n][0]) for _, number, n in order]
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        for _ in pool.imap_unordered(_make, tasks):
            pass


if __name__ == "__main__":
    main()
