"""Whisper's English tokens: GPT-2's byte-pair encoding, and how a visitor's words are written in them.

A text is written as Whisper writes: a capital first, a full stop last.  Nothing heard is ".", since whisper.cpp
doesn't allow an end at once, and the program takes it for nothing.
"""
import re

SIZE, END, START, NO_TIMESTAMPS = 51_864, 50_256, 50_257, 50_362
NOTHING = "."
_PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+")


def _bytes_of_letters():
    """GPT-2 writes every byte as a visible letter: {letter: byte}."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + n): byte for n, byte in enumerate(hidden)}


def unescaped(word):
    """The bytes of a token as vocabulary lists write it ("Ġsword" -> b" sword")."""
    letters = _bytes_of_letters()
    return bytes(letters[letter] for letter in word)


def sentence(words):
    """Plain lower-case words as Whisper would write them."""
    if not words:
        return NOTHING
    words = re.sub(r"\bi\b", "I", words)
    return " " + words[0].upper() + words[1:] + "."


class Vocabulary:
    """`words`: the bytes of the tokens by id, END last; a token's id is its rank among the merges."""

    def __init__(self, words):
        self.words = words
        self._ids = {word: n for n, word in enumerate(words[:END])}
        self.space = self._ids.get(b" ", END)

    def _pairs(self, piece):
        parts = [bytes([byte]) for byte in piece]
        while len(parts) > 1:
            ranks = [self._ids.get(a + b, SIZE) for a, b in zip(parts, parts[1:])]
            best = min(ranks)
            if best == SIZE:
                break
            at = ranks.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self._ids[part] for part in parts]

    def tokens(self, text):
        return [token for piece in _PIECES.findall(text) for token in self._pairs(piece.encode())]

    def encode(self, words):
        """Ids of plain words, without the special ones; the empty text is NOTHING."""
        return self.tokens(sentence(words))

    def decode(self, ids):
        text = b"".join(self.words[n] for n in ids if n < END).decode("utf-8", "replace").strip()
        return "" if text == NOTHING else text
