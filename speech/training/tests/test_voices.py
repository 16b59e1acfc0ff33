import json

import numpy as np
import pytest

from voices import build, engines

needs_espeak = pytest.mark.skipif("espeak" not in engines.available(), reason="skipped: synthesised voices: espeak-ng is not installed")


def test_held_out_voices_are_of_two_engines():
    held = {voice.engine for voice in engines.VOICES if voice.held_out}
    assert {"flite", "rhvoice"} <= held
    assert len({str(voice) for voice in engines.VOICES}) == len(engines.VOICES)


def test_silence_is_cut_off_and_nothing_is_told():
    sound = np.zeros(32_000, np.float32)
    sound[10_000:20_000] = 0.3 * np.sin(np.arange(10_000))
    cut = build.trimmed(sound)
    assert 10_000 <= len(cut) <= 12_000 and np.abs(cut).max() == pytest.approx(0.9, abs=0.01)
    assert build.trimmed(np.zeros(32_000, np.float32)) is None
    assert build.trimmed(None) is None


@pytest.mark.parametrize(("engine", "program", "name"), [("flite", "flite", "slt"), ("festival", "festival", "kal_diphone"), ("pico", "pico2wave", "en-US")])
def test_an_engine_that_hangs_says_nothing_and_ends_nothing(engine, program, name, tmp_path, monkeypatch):
    hangs = tmp_path / program
    hangs.write_text("#!/bin/sh\nexec sleep 30\n")
    hangs.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(engines, "SENTENCE_S", 0.3)
    monkeypatch.setattr(engines, "BATCH_S", 0.3)
    assert engine in engines.available(), "it is there, by the program that is run"
    assert engines.speak(engines.Voice(engine, name), ["hello", "again"], np.random.default_rng(1)) == [None, None]


@needs_espeak
def test_espeak_speaks():
    espeak = engines.Espeak.get()
    slow = espeak.speak("en-us+f2", "give me a sword", np.random.default_rng(1))
    assert 0.5 * 16_000 < len(slow) < 4 * 16_000 and np.abs(slow).max() > 0.1
    with pytest.raises(ValueError, match="no-such-voice"):
        espeak.speak("no-such-voice", "hello", np.random.default_rng(1))


@needs_espeak
def test_a_shard_is_written_whole_and_can_be_read(tmp_path):
    from ears.data import Batches, Shards
    from ears.vocabulary import END, Vocabulary
    voices = [voice for voice in engines.VOICES if voice.engine == "espeak" and not voice.held_out][:3]
    sounds, notes = build.shard(5, 0, voices, count=12)
    build.write(tmp_path, "voices-5-0000", sounds, notes)
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".json", ".npy"]
    assert json.loads((tmp_path / "voices-5-0000.json").read_text()) == notes
    shards = Shards(tmp_path)
    assert len(shards) == len(notes) and sum(shards.length) == len(sounds)
    assert np.array_equal(shards.sound(1) * 32_768, sounds[notes[0]["length"]:][: notes[1]["length"]])

    batches = Batches(shards, Vocabulary([bytes([n]) for n in range(256)]), positions=600)
    first, again = batches[3], batches[3]
    assert all(bool((first[name] == again[name]).all()) for name in first)
    assert len(first["mels"]) == len(first["tokens"]) >= 8 and first["mels"].shape[1] == 80
    assert {row[row >= 0][-1].item() for row in first["tokens"]} == {END}


def test_a_folder_without_shards_says_how_to_make_them(tmp_path):
    from ears.data import Shards
    with pytest.raises(FileNotFoundError, match="voices.build"):
        Shards(tmp_path)
