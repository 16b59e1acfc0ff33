"""The log-mel picture that whisper.cpp computes of a sound, computed the same way.

25 ms windows every 10 ms, of the sound with 200 samples mirrored before it and zeros after it; 80 triangular mel bands of
the power; log10, at most 8 below the loudest value, then (x + 4) / 4.  whisper.cpp takes filters from the model's file, so ours are those that
the file gets.  `extract(samples, frames)` -> (80, frames) f32.
"""
import functools

import numpy as np
import scipy.fft

RATE_HZ, WINDOW, HOP, BANDS, BINS = 16_000, 400, 160, 80, 201
FLOOR = 1e-10
_HANN = (0.5 * (1 - np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))).astype(np.float32)


@functools.cache
def filters():
    """(80, 201): triangles of unit area, evenly spaced on the mel scale that is linear up to 1 kHz."""
    def mel(hz):
        return np.where(hz < 1_000, hz * 3 / 200, 15 + np.log(np.maximum(hz, 1) / 1_000) * 27 / np.log(6.4))

    def hz(mels):
        return np.where(mels < 15, mels * 200 / 3, 1_000 * np.exp((mels - 15) * np.log(6.4) / 27))

    edges = hz(np.linspace(mel(np.array(0.0)), mel(np.array(RATE_HZ / 2)), BANDS + 2))
    at = np.linspace(0, RATE_HZ / 2, BINS)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (at - low) / (middle - low), (high - at) / (high - middle)
    return (np.maximum(0, np.minimum(rise, fall)) * 2 / (high - low)).astype(np.float32)


def extract(samples, frames):
    """Samples at 16 kHz in -1..1, at least 201 of them; what lies beyond `frames` is left out."""
    padded = np.concatenate([samples[WINDOW // 2 : 0 : -1], samples]).astype(np.float32)
    filled = min(len(padded) // HOP + 1, frames)
    padded = np.pad(padded, (0, max(0, (filled - 1) * HOP + WINDOW - len(padded))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:filled]
    power = np.abs(scipy.fft.rfft(windows * _HANN)) ** 2
    mels = np.full((BANDS, frames), np.log10(FLOOR), np.float32)
    mels[:, :filled] = np.log10(np.maximum(filters() @ power.T, FLOOR))
    return (np.maximum(mels, mels.max() - 8) + 4) / 4
