"""Writes a checkpoint as a ggml file that whisper.cpp loads.

    python -m ears.export --run RUN --out FILE.bin [--blend B] [--reference DIR]

Little endian: magic, 11 figures, mel filters, words, tensors (see speech/src/model_file.rs, which checks every one of them).  Norms, biases and
positions are f32, the stem's weights f16, all matrices Q5_0.  --blend takes the weights so far from the base model to the
trained ones: in between, real speech is heard better than at the end, the mirror's words better than at the beginning.

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

from . import base, evaluate, features, model
from .quantise import F16, F32, Q5_0, stored
from .vocabulary import SIZE

# As whisper.cpp counts: mostly Q5_0, of the second version of its quantisation.
FILE_TYPE = 2_008


def tensors(net):
    """[(name, f32 array, stored type)] of everything in the file."""
    out = []
    for name, value in net.state_dict().items():
        array = value.float().numpy()
        if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
            array = array[:, None]
        kind = F16 if array.ndim == 3 else Q5_0 if name.endswith(".weight") and array.ndim == 2 else F32
        out.append((name, array, kind))
    return out


def header(shape):
    figures = [SIZE, shape.audio_ctx, shape.width, shape.heads, shape.audio_layers]
    figures += [shape.text_ctx, shape.width, shape.heads, shape.text_layers, shape.bands, FILE_TYPE]
    return struct.pack("<I11i", base.MAGIC, *figures)


def write(net, vocabulary, path):
    """Under the final name once it is whole. -> SHA-256 of the file."""
    parts = [header(net.shape), struct.pack("<2i", features.BANDS, features.BINS), features.filters().astype("<f4").tobytes()]
    parts.append(struct.pack("<i", len(vocabulary.words)))
    for word in vocabulary.words:
        parts.append(struct.pack("<I", len(word)) + word)
    for name, array, kind in tensors(net):
        parts.append(struct.pack("<3i", array.ndim, len(name), kind) + struct.pack(f"<{array.ndim}i", *reversed(array.shape)))
        parts.append(name.encode() + stored(array, kind))
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
    parser.add_argument("--blend", type=float, default=1.0, help="0 is the base model, 1 the trained one")
    args = parser.parse_args()
    net, vocabulary = evaluate.load(args.run, args.blend)
    digest = write(net, vocabulary, args.out)
    print(f"bytes = {args.out.stat().st_size}\nsha256 = \"{digest}\"")
    if args.reference:
        # What is heard with the weights of the file, rounded as they are.
        weights, _, shape = base.read_ggml(args.out)
        rounded = model.Ears(shape)
        rounded.load_state_dict(weights)
        reference(rounded.eval(), vocabulary, args.reference)


if __name__ == "__main__":
    main()
