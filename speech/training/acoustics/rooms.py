"""What happens to a voice between a mouth and a recording: tempo, room, microphone, noise, level, and the silence around it.

`heard` goes the whole way for training; the parts are functions of their own.
"""
import numpy as np
import scipy.fft

from . import noise

RATE_HZ = noise.RATE_HZ
# What the utterance detector leaves before and after speech.
PRE_ROLL_S, TAIL_S = (0.1, 0.4), (0.15, 0.5)


def faster(samples, factor):
    """Played `factor` times as fast: pitch and formants move along."""
    count = max(int(len(samples) / factor), 1)
    return np.interp(np.arange(count) * factor, np.arange(len(samples)), samples).astype(np.float32)


def impulse_response(rng):
    """A room: the direct sound, then noise that decays by 60 dB in 0.1 to 0.7 s."""
    reverberation_s = rng.uniform(0.1, 0.7)
    count = int(reverberation_s * 0.8 * RATE_HZ)
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / RATE_HZ / reverberation_s)
    tail[: int(rng.uniform(0.001, 0.012) * RATE_HZ)] = 0
    energy_db = rng.uniform(-18, 0)
    tail *= 10 ** (energy_db / 20) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1
    return tail


def microphone(rng, hz):
    """The gain of a random microphone at frequencies: gentle slopes, cut off below and above."""
    points = np.linspace(0, 1, 7)
    slope_db = np.interp(np.log1p(hz) / np.log1p(8_000), points, rng.uniform(-7, 7, 7))
    low, high = rng.uniform(40, 250), rng.choice([rng.uniform(3_600, 5_500), rng.uniform(5_500, 7_800), 20_000])
    return 10 ** (slope_db / 20) / np.sqrt((1 + (low / np.maximum(hz, 1)) ** 4) * (1 + (hz / high) ** 8))


def filtered(samples, rng, room=True):
    """Through a room and a microphone; as long as before."""
    response = impulse_response(rng) if room else np.ones(1)
    size = scipy.fft.next_fast_len(len(samples) + len(response), real=True)
    gain = microphone(rng, np.fft.rfftfreq(size, 1 / RATE_HZ)).astype(np.float32)
    spectrum = scipy.fft.rfft(samples, size) * gain
    if room:
        spectrum *= scipy.fft.rfft(response.astype(np.float32), size)
    return scipy.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def at_ratio(speech, disturbance, ratio_db, voiced):
    """Speech with a disturbance so many dB under it; `voiced` is the part of `speech` that holds the voice."""
    power = (speech[voiced].astype(np.float64) ** 2).mean() if len(speech[voiced]) else 0.0
    return speech + disturbance * np.float32(np.sqrt(power / 10 ** (ratio_db / 10)))


def surrounded(samples, rng):
    """With silence as the utterance detector leaves it; -> samples, slice of the voice."""
    before, after = (int(rng.uniform(*span) * RATE_HZ) for span in (PRE_ROLL_S, TAIL_S))
    return np.pad(samples, (before, after)), slice(before, before + len(samples))


def some_noise(rng, count, bank):
    return bank.part(rng.choice([*noise.KINDS, "babble", "babble", "pink"]), rng, count)


def levelled(samples, rng):
    """At the level of some microphone, sometimes clipped; in -1..1."""
    peak = np.abs(samples).max() + 1e-9
    target = 10 ** (rng.uniform(-30, -1) / 20)
    if rng.random() < 0.06:
        target *= rng.uniform(1.5, 4)
    return np.clip(samples * (target / peak), -1, 1).astype(np.float32)


def heard(samples, rng, bank, hardness=1.0):
    """An utterance as a recogniser gets it; with less `hardness` more of them come nearly as they were made."""
    if rng.random() < 0.8 * hardness:
        samples = faster(samples, rng.uniform(0.86, 1.16))
    samples, voiced = surrounded(samples, rng)
    if rng.random() < 0.75 * hardness:
        samples = filtered(samples, rng, room=rng.random() < 0.6)
    chance = rng.random() / max(hardness, 1e-6)
    if chance < 0.75:
        samples = at_ratio(samples, some_noise(rng, len(samples), bank), rng.uniform(3, 28), voiced)
    elif chance < 0.93:
        samples = at_ratio(samples, bank.part("pink", rng, len(samples)), rng.uniform(30, 60), voiced)
    return levelled(samples, rng)


def nothing(rng, bank):
    """A second or three in which nobody speaks to the mirror."""
    count = int(rng.uniform(0.8, 3.5) * RATE_HZ)
    if rng.random() < 0.1:
        return np.zeros(count, np.float32)
    samples = some_noise(rng, count, bank)
    if rng.random() < 0.4:
        samples = samples * np.interp(np.arange(count), np.linspace(0, count, 6), rng.random(6)).astype(np.float32)
    if rng.random() < 0.5:
        samples = filtered(samples, rng)
    return levelled(samples, rng)
