"""The words that the model can write.

Frequent words are one token each, with the space before them (" sword"), as Whisper's tokens are; others are spelled: a first letter
with the space, then letters.  Nothing heard is ".", since whisper.cpp doesn't allow an end at once.  Special tokens have the places
that whisper.cpp gives them in an English-only model of 51864 tokens; all places between are unused.
"""
from dataclasses import dataclass

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
SIZE, END, START, NO_TIMESTAMPS = 51_864, 50_256, 50_257, 50_362
NOTHING = "."
# whisper.cpp looks these up without asking.
NEEDED = [" ", " -", " '"]


@dataclass
class Vocabulary:
    words: list  # of tokens, by id

    def __post_init__(self):
        self._ids = {word: n for n, word in enumerate(self.words)}
        # Rows of the embedding that training uses -> places in the file.
        self.places = [*range(len(self.words)), END, START, NO_TIMESTAMPS]
        self.end, self.start, self.no_timestamps = range(len(self.words), len(self.words) + 3)

    def __len__(self):
        return len(self.places)

    @classmethod
    def of(cls, counts, least):
        """Of a Counter of words: those that came at least so often."""
        frequent = sorted(word for word, count in counts.items() if count >= least and len(word) > 1)
        return cls(NEEDED + [NOTHING] + list(LETTERS) + [f" {letter}" for letter in LETTERS[:-1]] + [f" {word}" for word in frequent])

    def encode(self, text):
        """Ids without the special ones; the empty text is NOTHING."""
        ids = []
        for word in text.split():
            whole = self._ids.get(f" {word}")
            ids += [whole] if whole is not None else [self._ids[f" {word[0]}"], *(self._ids[letter] for letter in word[1:])]
        return ids or [self._ids[NOTHING]]

    def decode(self, ids):
        text = "".join(self.words[n] for n in ids if n < len(self.words)).strip()
        return "" if text == NOTHING else text
