"""What people say to one another: the example sentences of WordNet 3.0 (Princeton's licence, free to use), as plain words.

A model that is taught requests alone hears requests in everything; these are what it must be able to write instead.
"""
import pathlib
import random
import re

from .visitors import held_out, normal

FOLDER = pathlib.Path("/usr/share/wordnet")
FEWEST, MOST = 4, 20  # words


def examples(folder=FOLDER):
    """Every sentence that can be said, once, sorted."""
    files = sorted(folder.glob("data.*"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no data of WordNet: apt-get install wordnet-base")
    quoted = (text for file in files for text in re.findall(r'"([^"]*)"', file.read_text(encoding="latin-1")))
    said = {text for text in map(normal, quoted) if text} - set(held_out(400))
    return sorted(text for text in said if FEWEST <= len(text.split()) <= MOST)


class Plain:
    """Endless sentences."""

    def __init__(self, seed, folder=FOLDER):
        self._rng, self._texts = random.Random(seed), examples(folder)

    def __next__(self):
        return self._rng.choice(self._texts)
