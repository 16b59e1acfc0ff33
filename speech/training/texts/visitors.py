"""Sentences a visitor says, as plain lower-case words without punctuation.

Two thirds come from the grammar by hand (grammar.toml), most of the rest from the dialogues that the state model was developed
with, some from the items and colours of its lexicons.  held_out.txt lists sentences for the measure, drawn once from the grammar and
from dialogues that nobody read (tests/dialogues/held_out.jsonl); `Visitors` never says them, short ones excepted.
"""
import json
import pathlib
import random
import re
import tomllib

from . import phrases

ROOT = pathlib.Path(__file__).resolve().parents[3]
_LEXICON = ROOT / "generator/src/scene/lexicon/en"
_DIGITS = {
    "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight",
    "9": "nine", "10": "ten", "12": "twelve", "16": "sixteen", "20": "twenty", "100": "a hundred",
}


def normal(text):
    """Lower-case words, digits spelled out; None where something is left that nobody can say."""
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'").replace("-", " "))
    words = [word for entry in words for word in _DIGITS.get(entry, entry).split()]
    words = [word.strip("'") for word in words]
    if not words or not all(re.fullmatch(r"[a-z]+('[a-z]+)?", word) for word in words):
        return None
    return " ".join(words)


class Grammar:
    def __init__(self):
        with open(pathlib.Path(__file__).with_name("grammar.toml"), "rb") as file:
            data = tomllib.load(file)
        self.rules = {name: [phrases.parse(p) for p in entries] for name, entries in (data["rules"] | data["chat"]).items()}
        self.ask = [([phrases.parse(p) for p in entries], int(weight)) for weight, entries in data["ask"].items()]
        self._weights = [weight * len(entries) ** 0.5 for entries, weight in self.ask]

    def draw(self, rng):
        """One sentence; sometimes two, sometimes with a word before or after it."""
        words = self._sentence(rng)
        if rng.random() < 0.12 and len(words) < 8:
            words += (["and"] if rng.random() < 0.4 else []) + self._sentence(rng)
        if rng.random() < 0.2:
            words = phrases.draw(rng.choice(self.rules["open"]), rng, self.rules) + words
        if rng.random() < 0.12:
            words += phrases.draw(rng.choice(self.rules["close"]), rng, self.rules)
        return " ".join(articles(words))

    def _sentence(self, rng):
        entries, = rng.choices([entries for entries, _ in self.ask], self._weights)
        return phrases.draw(rng.choice(entries), rng, self.rules)


def articles(words):
    """"a elephant" and "an sword" as people say them."""
    words = list(words)
    for at, (word, following) in enumerate(zip(words, words[1:])):
        if word in ("a", "an"):
            words[at] = "an" if following[0] in "aeio" or following.startswith("um") else "a"
    return words


def dialogues(name):
    """The English utterances of tests/dialogues/NAME.jsonl that can be said, in order, each once."""
    lines = (ROOT / f"tests/dialogues/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    said = [text for line in lines for entry in [json.loads(line)] if entry["lang"] == "en" for text in entry["say"]]
    return list(dict.fromkeys(text for text in map(normal, said) if text))


def lexicon(name, tables):
    """The phrases of some tables of a lexicon file, parsed; those with marks of another kind are left out."""
    with open(_LEXICON / f"{name}.toml", "rb") as file:
        data = tomllib.load(file)
    entries = [p for table in tables for value in data[table].values() for p in value]
    return [phrases.parse(p) for p in entries if re.fullmatch(r"[a-z ()|\[\]]+", p) and "]s" not in p and ")s" not in p]


def held_out(count):
    """The first `count` sentences for the measure: two of five from held-out dialogues, the others from the grammar."""
    texts = pathlib.Path(__file__).with_name("held_out.txt").read_text(encoding="utf-8").splitlines()
    if count > len(texts):
        raise ValueError(f"held_out.txt has {len(texts)} sentences, {count} were asked for")
    return texts[:count]


class Visitors:
    """Endless sentences for training."""

    def __init__(self, seed):
        self._rng = random.Random(seed)
        self._grammar = Grammar()
        self._developed = dialogues("develop")
        self._looks = lexicon("items", ["items"]), lexicon("looks", ["colors"]), lexicon("worlds", ["worlds", "styles"])
        self._never = set(held_out(400)) | set(dialogues("held_out"))

    def __next__(self):
        while True:
            text = self._draw()
            # Short sentences such as "make it red" have to be learned; what is tested is that others were not.
            if text and len(text.split()) <= 24 and (text not in self._never or len(text.split()) <= 3):
                return text

    def _draw(self):
        kind = self._rng.random()
        if kind < 0.68:
            return self._grammar.draw(self._rng)
        if kind < 0.92:
            return self._rng.choice(self._developed)
        # Names of the lexicon in a sentence of the kind that they come in.
        items, colors, worlds = (phrases.draw(self._rng.choice(table), self._rng, {}) for table in self._looks)
        frames = [
            ["give", "me", "a", *items], ["i", "want", "a", *colors, *items], ["make", "it", *colors], ["take", "me", "to", *worlds],
            ["add", "a", *items], ["make", "it", "look", "like", *worlds], ["remove", "the", *items], ["turn", "it", *colors],
        ]
        return normal(" ".join(articles(self._rng.choice(frames))))
