"""ggml's Q5_0: blocks of 32 values share a scale, each value is one of 32 multiples of it.

A block is 22 bytes: the scale d as f16; 32 high bits, little endian; 16 bytes of low halves, value n and n + 16 in one byte.
A value is d (q - 16), q 0..31.
"""
import numpy as np

BLOCK, BLOCK_BYTES = 32, 22
# ggml's numbers of stored types.
F32, F16, Q5_0 = 0, 1, 6
# Scales that are tried, as shares of the one that reaches the largest value exactly.
_SHARES = np.linspace(0.8, 1.05, 11, dtype=np.float32)


def q5_0(array):
    """f32 array, rows of whole blocks -> bytes; of several scales each block gets the one that errs least."""
    blocks = np.ascontiguousarray(array, np.float32).reshape(-1, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)
    best, chosen = None, None
    for share in _SHARES:
        scale = (largest * share / -16).astype(np.float16)
        wide = scale.astype(np.float32)
        codes = np.clip(np.rint(np.divide(blocks, wide, out=np.zeros_like(blocks), where=wide != 0)) + 16, 0, 31)
        error = ((codes - 16) * wide - blocks) ** 2
        error = error.sum(1, keepdims=True)
        if best is None:
            best, chosen = error, (scale, codes)
        else:
            better = error < best
            best = np.where(better, error, best)
            chosen = np.where(better, scale, chosen[0]), np.where(better, codes, chosen[1])
    scale, codes = chosen[0], chosen[1].astype(np.uint32)
    high = ((codes >> 4) << np.arange(BLOCK, dtype=np.uint32)).sum(1, dtype=np.uint32)
    low = (codes[:, :16] & 15 | (codes[:, 16:] & 15) << 4).astype(np.uint8)
    out = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("high", "<u4"), ("low", "u1", 16)]))
    out["scale"], out["high"], out["low"] = scale[:, 0], high, low
    return out.tobytes()


def values(data):
    """The f32 values of such bytes."""
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("high", "<u4"), ("low", "u1", 16)]))
    low = np.concatenate([blocks["low"] & 15, blocks["low"] >> 4], 1).astype(np.int32)
    high = (blocks["high"][:, None] >> np.arange(BLOCK, dtype=np.uint32) & 1).astype(np.int32)
    return (blocks["scale"].astype(np.float32)[:, None] * (low + 16 * high - 16)).ravel()


def stored(array, kind):
    """The bytes of an f32 array as that type."""
    return q5_0(array) if kind == Q5_0 else array.astype("<f2" if kind == F16 else "<f4").tobytes()


def size(count, kind):
    """How many bytes so many values take."""
    try:
        return {Q5_0: count // BLOCK * BLOCK_BYTES, F16: 2 * count, F32: 4 * count}[kind]
    except KeyError:
        raise ValueError(f"stored as type {kind}, expected {F32}, {F16} or {Q5_0}") from None


def read(data, kind):
    """The f32 values of bytes of that type."""
    return values(data) if kind == Q5_0 else np.frombuffer(data, "<f2" if kind == F16 else "<f4").astype(np.float32)
