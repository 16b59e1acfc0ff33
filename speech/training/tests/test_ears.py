import struct
import subprocess
import sys

import numpy as np
import pytest
import torch

from ears import curves, evaluate, export, features, model, optimiser, train
from ears.data import PHONEMES, masked, phoneme_ids
from ears.vocabulary import Vocabulary

SHAPE = model.Shape(width=32, heads=2, audio_layers=1, text_layers=1, text_ctx=32)


def small():
    vocabulary = Vocabulary.of({"give": 3, "me": 3, "sword": 3, "blue": 3}, least=1)
    torch.manual_seed(3)
    return model.Ears(SHAPE, len(vocabulary), len(PHONEMES)).eval(), vocabulary


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
    net, vocabulary = small()
    audio = torch.randn(1, 20, SHAPE.width)
    tokens = torch.tensor([[vocabulary.start, vocabulary.no_timestamps, 5, 6, 7]])
    with torch.no_grad():
        whole = net.decoder(tokens, audio)
        assert torch.allclose(net.decoder(tokens[:, :3], audio), whole[:, :3], atol=1e-5)
        other = tokens.clone()
        other[0, 1] = 9
        assert not torch.allclose(net.decoder(other, audio)[:, 2], whole[:, 2], atol=1e-3)


def test_a_step_learns_and_a_resumed_run_goes_on_exactly(tmp_path):
    _, vocabulary = small()
    generator = torch.Generator().manual_seed(1)
    ids = [vocabulary.start, vocabulary.no_timestamps, *vocabulary.encode("give me"), vocabulary.end]
    batch = {
        "mels": torch.randn(2, 80, 120, generator=generator), "tokens": torch.tensor([ids, ids]), "positions": torch.tensor([60, 50]),
        "phonemes": torch.tensor(phoneme_ids("ɡɪvmi") * 2), "phoneme_counts": torch.tensor([5, 5]),
    }
    run = train.Run(tmp_path, "cpu", vocabulary=vocabulary, shape=SHAPE)
    first = [run.train(batch, 0)["written"] for _ in range(12)]
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


def test_muon_makes_matrices_nearly_orthogonal():
    batch = torch.randn(2, 24, 48, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(optimiser.orthogonal(batch))
    assert values.min() > 0.4 and values.max() < 1.5
    assert torch.linalg.svdvals(batch).max() > 5


def test_words_are_counted_as_errors():
    assert evaluate.word_errors("make it blue".split(), "make it blue".split()) == 0
    assert evaluate.word_errors("make it blue".split(), "make blue please now".split()) == 3
    assert evaluate.word_errors([], ["no"]) == 1 and evaluate.word_errors(["no"], []) == 1


def test_masks_hide_something_and_leave_the_rest():
    mels = np.random.default_rng(0).standard_normal((80, 100)).astype(np.float32)
    changed = [(masked(mels, np.random.default_rng(seed)) != mels).mean() for seed in range(20)]
    assert 0 < max(changed) < 0.6


def test_an_exported_file_holds_every_tensor_and_bars_unused_tokens(tmp_path):
    net, vocabulary = small()
    export.write(net, vocabulary, tmp_path / "small.bin")
    data = (tmp_path / "small.bin").read_bytes()
    assert struct.unpack("<I11i", data[:48]) == (0x67676D6C, 51_864, 1_500, 32, 2, 1, 32, 32, 2, 1, 80, 1)
    arrays = export.tensors(net, vocabulary)
    assert not any(name.startswith("phonemes") for name in arrays)
    # Logits of the file's tensors are those of the network, and no unused token comes near.
    embedding = torch.from_numpy(arrays["decoder.token_embedding.weight"].astype(np.float32))
    tokens = torch.tensor([[vocabulary.start, vocabulary.no_timestamps]])
    audio = torch.randn(1, 12, SHAPE.width, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        hidden = {}
        net.decoder.ln.register_forward_hook(lambda _m, _i, output: hidden.update(x=output))
        wanted = net.decoder(tokens, audio)[0, -1]
        x = hidden["x"][0, -1].clone()
        x[model.BIAS] = 1
    got = embedding @ x
    assert torch.allclose(got[vocabulary.places], wanted, atol=2e-2)
    unused = torch.ones(len(got), dtype=bool)
    unused[vocabulary.places] = False
    assert got[unused].max() < wanted.min() - 10


def test_curves_are_drawn(tmp_path):
    (tmp_path / "a.csv").write_text("50,3.0,2.0,0.1,1,1\n100,2.0,1.0,0.4,1,1\n")
    curves.draw(tmp_path / "a.csv", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 500


def test_training_without_data_ends_with_what_to_do(tmp_path):
    command = [sys.executable, "-m", "ears.train", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--minutes", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=evaluate.pathlib.Path(train.__file__).parents[1])
    assert done.returncode != 0 and "voices.build" in done.stderr
