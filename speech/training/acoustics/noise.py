"""Sounds that are not speech, and speech that is not meant: f32 at 16 kHz, mean square 1."""
import numpy as np

RATE_HZ = 16_000
KINDS = ("white", "pink", "brown", "hum", "fan", "music", "clicks")


def unit(samples):
    return (samples / np.sqrt((samples.astype(np.float64) ** 2).mean() + 1e-12)).astype(np.float32)


def coloured(rng, count, exponent):
    """Noise whose power falls with frequency^exponent."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 30)
    return np.fft.irfft(spectrum * hz ** (-exponent / 2), count)


def make(kind, rng, count):
    """`count` samples of a kind of KINDS."""
    time_s = np.arange(count) / RATE_HZ
    if kind in ("white", "pink", "brown"):
        sound = coloured(rng, count, {"white": 0, "pink": 1, "brown": 2}[kind])
    elif kind == "hum":
        base = rng.choice([50, 60, 100, 120]) * rng.uniform(0.99, 1.01)
        sound = sum(np.sin(2 * np.pi * (base * n * time_s + rng.random())) * rng.random() / n for n in range(1, 9))
        sound = sound + 0.05 * coloured(rng, count, 1)
    elif kind == "fan":
        band = coloured(rng, count, rng.uniform(0.5, 1.8))
        sound = band / band.std() * (1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(3, 30) * time_s))
    elif kind == "music":
        sound = _music(rng, count)
    elif kind == "clicks":
        sound = coloured(rng, count, 1) * 0.02
        for start in rng.integers(0, count, rng.integers(2, 12)):
            length = min(int(rng.integers(80, 2_400)), count - start)
            decay = np.exp(-np.arange(length) / rng.uniform(20, 600))
            sound[start : start + length] += rng.standard_normal(length) * decay
    else:
        raise ValueError(f"no noise is called {kind!r}; there are {', '.join(KINDS)}")
    return unit(sound)


def _music(rng, count):
    """Chords of decaying harmonic tones with a beat."""
    sound, at = np.zeros(count), 0
    root, beat = rng.uniform(80, 220), int(rng.uniform(0.2, 0.7) * RATE_HZ)
    timbre = rng.random(6) / np.arange(1, 7)
    while at < count:
        length = min(beat * int(rng.integers(1, 4)), count - at)
        time_s = np.arange(length) / RATE_HZ
        for step in rng.choice([0, 3, 4, 5, 7, 9, 12, 16, 19], rng.integers(1, 4), replace=False):
            hz = root * 2 ** (step / 12)
            tone = sum(gain * np.sin(2 * np.pi * hz * n * time_s) for n, gain in enumerate(timbre, 1) if hz * n < 7_500)
            sound[at : at + length] += tone * np.exp(-time_s * rng.uniform(0.5, 6))
        at += length
    return sound + 1e-4 * rng.standard_normal(count)


def babble(rng, count, sounds):
    """Many people at once; `sounds(rng)` gives one utterance."""
    mixed = np.zeros(count, np.float32)
    for _ in range(int(rng.integers(4, 9))):
        at = -int(rng.integers(0, RATE_HZ))
        while at < count:
            sound = unit(sounds(rng))
            start, end = max(at, 0), min(at + len(sound), count)
            if end > start:
                mixed[start:end] += sound[start - at : end - at] * rng.uniform(0.4, 1)
            at += len(sound) + int(rng.integers(0, RATE_HZ // 2))
    return unit(mixed + 1e-3)


class Bank:
    """Noises made once, of which random parts are taken; `sounds(rng)` gives the utterances that babble is made of."""

    def __init__(self, sounds, seed=0, each=12, length_s=8.0):
        rng, count = np.random.default_rng(seed), int(length_s * RATE_HZ)
        self._sounds = {kind: [make(kind, rng, count) for _ in range(each)] for kind in KINDS}
        self._sounds["babble"] = [babble(rng, count, sounds) for _ in range(3 * each)]

    def part(self, kind, rng, count):
        sound = self._sounds[kind][rng.integers(len(self._sounds[kind]))]
        at = int(rng.integers(len(sound)))
        return np.resize(np.roll(sound, -at)[: max(count, 1)], count)
