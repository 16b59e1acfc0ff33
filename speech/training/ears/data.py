"""Batches for training: sentences of similar length from the shards, each heard in a new room.

A batch depends on the shards, the seed and the step alone.
"""
import json
import pathlib

import numpy as np
import torch

from acoustics import noise, rooms
from . import features
from .vocabulary import END, NO_TIMESTAMPS, START

SAMPLES_A_POSITION = 2 * features.HOP
NOTHING_SHARE = 0.05
# Positions of the audio in one batch.
BATCH_POSITIONS = 3_000
# Steps until rooms and noise are as hard as they get.
EASY_STEPS = 300


class Shards:
    """What voices.build made. `length[n]`, `text[n]`, `voice[n]`; `sound(n)` is f32."""

    def __init__(self, folder):
        self._files, self._at = [], []
        self.text, self.voice, self.length = [], [], []
        for notes in sorted(pathlib.Path(folder).glob("voices-*.json")):
            self._files.append(np.load(notes.with_suffix(".npy"), mmap_mode="r"))
            at = 0
            for note in json.loads(notes.read_text()):
                self._at.append((len(self._files) - 1, at))
                at += note["length"]
                for name in ("text", "voice", "length"):
                    getattr(self, name).append(note[name])
        if not self._at:
            raise FileNotFoundError(f"{folder} holds no shards; make some: python -m voices.build --out {folder} --count 20000")

    def __len__(self):
        return len(self._at)

    def sound(self, n):
        file, at = self._at[n]
        return self._files[file][at : at + self.length[n]].astype(np.float32) / 32_768


def masked(mels, rng):
    """Some bands and some moments hidden (SpecAugment)."""
    mels = mels.copy()
    for _ in range(int(rng.integers(0, 3))):
        at, width = int(rng.integers(0, 72)), int(rng.integers(1, 12))
        mels[at : at + width] = mels.mean()
    for _ in range(int(rng.integers(0, 3))):
        at, width = int(rng.integers(0, mels.shape[1])), int(rng.integers(1, 16))
        mels[:, at : at + width] = mels.mean()
    return mels


class Batches(torch.utils.data.Dataset):
    """batches[step] -> dict of tensors, see `batch`."""

    def __init__(self, shards, vocabulary, seed=0, positions=BATCH_POSITIONS):
        self.shards, self.vocabulary, self.seed, self.positions = shards, vocabulary, seed, positions
        self._lengths = np.array(shards.length)
        self._bank = noise.Bank(self._someone)

    def __len__(self):
        return 1 << 30

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, step])
        drawn = rng.integers(0, len(self.shards), 512)
        drawn = drawn[np.argsort(self._lengths[drawn], kind="stable")]
        at = int(rng.integers(len(drawn)))
        typical = self._lengths[drawn[at]] / SAMPLES_A_POSITION + 45
        count = int(np.clip(self.positions / typical, 8, 256))
        at = int(np.clip(at - count // 2, 0, len(drawn) - count))
        return self.batch(rng, drawn[at : at + count], min(1.0, 0.3 + step / EASY_STEPS))

    def _someone(self, rng):
        return self.shards.sound(int(rng.integers(len(self.shards))))

    def batch(self, rng, indices, hardness=1.0):
        """mels (B, 80, 2 T), tokens (B, N).

        T is what the longest fills and some more, as at inference; beyond the target, tokens are -100.
        """
        vocabulary = self.vocabulary
        sounds, written = [], []
        for n in indices:
            if rng.random() < NOTHING_SHARE:
                sounds.append(rooms.nothing(rng, self._bank))
                written.append(vocabulary.encode(""))
            else:
                sounds.append(rooms.heard(self.shards.sound(int(n)), rng, self._bank, hardness))
                written.append(vocabulary.encode(self.shards.text[n]))
        positions = [-(-len(sound) // SAMPLES_A_POSITION) for sound in sounds]
        filled = max(positions) + int(rng.integers(0, 32))
        if rng.random() < 0.12 * hardness:
            filled = max(filled, int(rng.integers(192, 330)))
        mels = np.stack([masked(features.extract(sound, 2 * filled), rng) for sound in sounds])
        tokens = np.full((len(sounds), max(map(len, written)) + 3), -100)
        for row, ids in zip(tokens, written):
            row[: len(ids) + 3] = [START, NO_TIMESTAMPS, *ids, END]
        return {"mels": torch.from_numpy(mels), "tokens": torch.from_numpy(tokens)}
