"""The measure of worlds and styles asks for all of them, and its networks can tell pictures apart, or say that they cannot."""
import pathlib
import tomllib

import numpy as np
import torch

from house import evaluate, recognise

LEXICON = pathlib.Path(__file__).resolve().parents[2] / "src/scene/lexicon/en/worlds.toml"


def test_every_world_and_style_of_the_mirror_is_asked_for():
    lexicon = tomllib.loads(LEXICON.read_text())
    pictures = {path.stem.partition("-")[0] for path in (evaluate.ASSETS / "worlds").glob("*.webp")}
    assert recognise.WORLDS.keys() == pictures == lexicon["worlds"].keys() - {"none"}
    assert recognise.STYLES.keys() == lexicon["styles"].keys() - {"none"}


def toys(rng, count, noise=40):
    """Noisy pictures (3 * count, 3, 48, 64) uint8 that are red, blue, or grey, with labels."""
    colours = np.array([[190, 70, 70], [70, 70, 190], [110, 110, 110]])
    labels = np.repeat(np.arange(3), count)
    pictures = colours[labels][:, :, None, None] + rng.normal(0, noise, (len(labels), 3, 48, 64))
    return torch.from_numpy(pictures.clip(0, 255).astype(np.uint8)), torch.from_numpy(labels)


def test_a_recogniser_names_what_it_was_shown_and_nothing_else():
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    window = (32, 40)
    net = recognise.learn(*toys(rng, 16), 3, rng, steps=60, window=window)
    names = ["red", "blue", "plain"]
    pictures, labels = toys(rng, 10)
    named = recognise.shares(net, pictures, labels, names, window)
    assert list(named) == names and min(named.values()) >= recognise.BOUND, named
    # Controls: pictures in which red was not painted, and colours that were exchanged.
    unpainted = torch.where(labels[:, None, None, None] == 0, pictures[20:].repeat(3, 1, 1, 1), pictures)
    named = recognise.shares(net, unpainted, labels, names, window)
    assert named["red"] < 0.2 and named["blue"] >= recognise.BOUND, named
    named = recognise.shares(net, pictures[:, [2, 1, 0]], labels, names, window)
    assert max(named["red"], named["blue"]) < 0.2 and named["plain"] >= recognise.BOUND, named


def test_without_any_picture_of_a_name_it_is_not_recognised():
    net = recognise.Recogniser(2).eval()
    pictures, _ = toys(np.random.default_rng(0), 1)
    named = recognise.shares(net, pictures, torch.zeros(3, dtype=torch.long), ["red", "blue"], (32, 40))
    assert not named["blue"] >= recognise.BOUND


def test_what_a_part_of_a_batch_has_in_common_does_not_come_with_a_name(monkeypatch):
    asked = []

    def batch(people, rooms, rng, count, size, rows, varied):
        asked.append(count)
        return {"frame": torch.from_numpy(np.asarray(rows))}

    monkeypatch.setattr(recognise.data, "batch", batch)
    rows = recognise.frames(range(30), None, np.random.default_rng(0), 11)["frame"]
    assert max(asked) <= recognise.PART and sum(asked) == 11
    assert len(set(rows.tolist())) == 11
