"""Writes a checkpoint as a ggml file that whisper.cpp loads.

    python -m ears.export --run RUN --out FILE.bin [--reference DIR]

Little endian: magic, 11 figures, mel filters, words, tensors (see speech/src/model_file.rs, which checks every one of them).  Norms, biases and
positions are f32, all else f16.  An English-only model has 51864 rows of embedding; those that training didn't use get a bias
that keeps them from ever being written.  The phoneme head stays behind.

--reference writes a few WAVs, spoken by voices of espeak-ng that are held out, and in texts.tsv what PyTorch hears in them; a test of the
speech crate has whisper.cpp hear the same.
"""
import argparse
import hashlib
import os
import pathlib
import struct

import numpy as np
import scipy.io.wavfile

from voices import build, engines

from . import evaluate, features, model
from .vocabulary import SIZE

MAGIC = 0x67676D6C
UNUSED_BIAS = -60.0
_F32, _F16 = 0, 1


def tensors(net, vocabulary):
    """{name: array} of everything in the file, f16 where whisper.cpp wants it."""
    arrays = {name: value.float().numpy() for name, value in net.state_dict().items() if not name.startswith("phonemes.")}
    arrays["encoder.positional_embedding"] = net.encoder.positional_embedding.numpy()
    embedding = np.zeros((SIZE, net.shape.width), np.float32)
    embedding[:, model.BIAS] = UNUSED_BIAS
    embedding[vocabulary.places] = arrays["decoder.token_embedding.weight"]
    arrays["decoder.token_embedding.weight"] = embedding
    arrays["decoder.ln.weight"][model.BIAS], arrays["decoder.ln.bias"][model.BIAS] = 0, 1
    for conv in ("encoder.conv1.bias", "encoder.conv2.bias"):
        arrays[conv] = arrays[conv][:, None]
    full = {"encoder.positional_embedding", "decoder.positional_embedding", "encoder.conv1.bias", "encoder.conv2.bias"}
    return {name: np.ascontiguousarray(a, np.float32 if a.ndim == 1 or name in full else np.float16) for name, a in arrays.items()}


def header(shape):
    figures = [SIZE, shape.audio_ctx, shape.width, shape.heads, shape.audio_layers]
    figures += [shape.text_ctx, shape.width, shape.heads, shape.text_layers, shape.bands, _F16]
    return struct.pack("<I11i", MAGIC, *figures)


def write(net, vocabulary, path):
    """Under the final name once it is whole. -> SHA-256 of the file."""
    parts = [header(net.shape), struct.pack("<2i", features.BANDS, features.BINS), features.filters().astype("<f4").tobytes()]
    parts.append(struct.pack("<i", len(vocabulary.words)))
    for word in vocabulary.words:
        parts.append(struct.pack("<I", len(word.encode())) + word.encode())
    for name, array in tensors(net, vocabulary).items():
        kind = _F16 if array.dtype == np.float16 else _F32
        parts.append(struct.pack("<3i", array.ndim, len(name), kind) + struct.pack(f"<{array.ndim}i", *reversed(array.shape)))
        parts.append(name.encode() + array.astype(array.dtype.newbyteorder("<")).tobytes())
    data = b"".join(parts)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return hashlib.sha256(data).hexdigest()


REFERENCE = [
    "give me a sword", "make it bigger and make it blue", "take me to the jungle", "undo", "i want to wear a golden crown and a red cape",
    "make it look like an oil painting",
]


def reference(net, vocabulary, folder):
    """WAVs and texts.tsv: file, what was said, what was heard."""
    folder.mkdir(parents=True, exist_ok=True)
    held = [voice for voice in engines.VOICES if voice.engine == "espeak" and voice.held_out]
    rng, notes = np.random.default_rng(7), []
    for n, said in enumerate(REFERENCE):
        sound, = engines.speak(held[n % len(held)], [said], rng)
        samples = (np.pad(build.trimmed(sound) * 0.5, (4_800, 6_400)) * 32_767).astype(np.int16)
        scipy.io.wavfile.write(folder / f"{n}.wav", engines.RATE_HZ, samples)
        heard, = evaluate.transcribe(net, vocabulary, [engines.resampled(samples, engines.RATE_HZ)])
        notes.append(f"{n}.wav\t{said}\t{heard}\n")
    (folder / "texts.tsv").write_text("".join(notes))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--reference", type=pathlib.Path)
    args = parser.parse_args()
    net, vocabulary = evaluate.load(args.run)
    digest = write(net, vocabulary, args.out)
    print(f"bytes = {args.out.stat().st_size}\nsha256 = \"{digest}\"")
    if args.reference:
        reference(net, vocabulary, args.reference)


if __name__ == "__main__":
    main()
