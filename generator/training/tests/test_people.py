"""The rendered people: labels agree with pixels, samples depend on seed and index alone, shards resume.

The drawing tests need the MakeHuman folder (environment variable OTHERGLASS_HUMANS) and an EGL library.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from people import build as people_build  # noqa: E402
from people import pieces as pc  # noqa: E402

HUMANS = os.environ.get("OTHERGLASS_HUMANS", "")
needs_humans = pytest.mark.skipif(not HUMANS, reason="OTHERGLASS_HUMANS names no folder with the unzipped makehuman-cc0.zip")
SEED, INDICES = 4, (3, 5, 8, 12, 14, 17)


@pytest.fixture(scope="module")
def studio():
    from people.sample import Studio

    try:
        return Studio(HUMANS, SEED)
    except Exception as error:
        if "EGL" in str(error) or "libEGL" in str(error):
            pytest.skip(f"no EGL to draw with: {error}")
        raise


@pytest.fixture(scope="module")
def samples(studio):
    return [studio.sample(k) for k in INDICES]


def distance_to_part(images, xy, part):
    """Picture widths from a point to the nearest pixel of a part; infinite when the part is not in the picture."""
    rows, columns = np.where(images["parts"] == part)
    if len(rows) == 0:
        return np.inf
    h, w = images["parts"].shape
    return float(np.hypot((columns + 0.5) / w - xy[0], ((rows + 0.5) / h - xy[1]) * h / w).min())


def assert_hands_agree(images, label):
    for side, part in (("r", pc.HAND_R), ("l", pc.HAND_L)):
        x, y, _, seen = label["points"][f"hand_{side}"]
        if seen and label[f"hands_visible_fraction_{side}"] > 0.5 and not label["blurred"]:
            gap = distance_to_part(images, (x, y), part)
            assert gap < 0.2 * label["head_width"], f"hand_{side} of sample {label['index']} lies {gap:.3f} widths from its pixels"


@needs_humans
def test_alpha_parts_and_depth_cover_the_same_pixels(samples):
    for images, _ in samples:
        seen = images["parts"] > 0
        assert 0.02 < seen.mean() < 0.98
        assert np.array_equal(images["rgba"][..., 3] > 0, seen)
        assert np.array_equal(images["depth"] != 65535, seen)
        assert not images["rgba"][~seen].any()


@needs_humans
def test_hand_labels_lie_on_their_hands(samples):
    for images, label in samples:
        assert_hands_agree(images, label)
    assert any(l["hands_visible_fraction_r"] > 0.5 or l["hands_visible_fraction_l"] > 0.5 for _, l in samples)


@needs_humans
def test_swapped_hands_are_noticed(samples):
    caught = 0
    for images, label in samples:
        swapped = json.loads(json.dumps(label))
        for name in ("hand",):
            p = swapped["points"]
            p[f"{name}_r"], p[f"{name}_l"] = p[f"{name}_l"], p[f"{name}_r"]
        swapped["hands_visible_fraction_r"] = swapped["hands_visible_fraction_l"] = 1.0
        swapped["blurred"] = False
        try:
            assert_hands_agree(images, swapped)
        except AssertionError:
            caught += 1
    assert caught >= 2, f"swapping right and left went unnoticed in all but {caught} of {len(samples)} samples"


@needs_humans
def test_head_label_lies_in_the_head(samples):
    checked = 0
    for images, label in samples:
        x, y, depth_m, seen = label["points"]["head"]
        if seen:
            h, w = images["parts"].shape
            part = images["parts"][int(y * h), int(x * w)]
            assert part in (pc.HEAD, pc.HAIR), f"sample {label['index']}: head centre on {pc.PART_NAMES[part]}"
            surface_m = images["depth"][int(y * h), int(x * w)] / 1000
            assert depth_m - 0.2 < surface_m < depth_m + 0.15  # the surface lies before the centre, along a slanted ray
            checked += 1
    assert checked >= 3


@needs_humans
def test_axes_are_orthonormal_and_right_is_right(studio):
    from people.framing import draw_view
    from people.labels import hand_center, posed_hand_axes

    character = studio.use_character(1)
    rng = np.random.default_rng(0)
    pose = character.poser._attempt(rng, None, 0.0, calm=True) or character.poser.draw(rng)
    rig = studio.rig
    view = draw_view(rng, (0.12, 0.5, 0.3, 60.0), pose.pos[rig.index["head"]], 0.15, 0.0)
    hands = view.project(view.to_camera(np.stack([hand_center(rig, pose, s) for s in "RL"])))
    assert hands[0, 0] < 0.5 < hands[1, 0], "facing the camera, the person's right hand is on the picture's left"
    nose = view.rotation @ pose.rot[rig.index["head"]] @ [0, 0, 1.0]
    assert nose[2] < -0.7, "the face's forward axis points to the camera"
    for s in "RL":
        axes = np.stack(posed_hand_axes(rig, pose, s))
        assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-6)
        # hanging hands: fingers down, palms towards the thighs or back, thumbs forward
        assert axes[0, 1] < -0.5
        inward = axes[2, 0] * (1 if s == "R" else -1)
        assert inward > -0.3, f"palm of {s} faces outward"


@needs_humans
def test_poses_keep_bone_lengths_and_stay_out_of_the_trunk(studio):
    from people.obstacle import Obstacle

    character = studio.use_character(1)
    rig, poser = studio.rig, character.poser
    for k in range(6):
        pose = poser.draw(np.random.default_rng(k))
        obstacle = Obstacle(rig.skin(poser.trunk, poser.trunk_weights, character.body.heads, pose.rot, pose.pos))
        for s in "RL":
            at = lambda b: pose.pos[rig.index[f"{b}.{s}"]]  # noqa: B023, E731
            upper, fore = at("lowerarm01") - at("upperarm01"), at("wrist") - at("lowerarm01")
            # a limb is two bones that share its twist, so its length may give by a trifle
            assert abs(np.linalg.norm(upper) - poser.rest[s]["a"]) < 0.002
            assert abs(np.linalg.norm(fore) - poser.rest[s]["b"]) < 0.002
            bend = np.rad2deg(np.arccos(np.clip(upper @ fore / np.linalg.norm(upper) / np.linalg.norm(fore), -1, 1)))
            assert bend < 144
            points, weights = poser.arms[s]
            depth, _ = obstacle.penetration(rig.skin(points, weights, character.body.heads, pose.rot, pose.pos))
            assert depth < 0.0121
    middle = pose.pos[rig.index["spine02"]][None]
    assert obstacle.penetration(middle)[0] > 0.03, "a point inside the chest must count as inside"


@needs_humans
def test_a_sample_depends_on_seed_and_index_alone(studio, samples):
    images, label = studio.sample(INDICES[1])
    before, known = samples[1]
    assert label == known
    assert all(np.array_equal(images[k], before[k]) for k in images)
    other, _ = studio.sample(INDICES[1] + 1)
    assert not np.array_equal(other["rgba"], before["rgba"])


class FakeStudio:
    """Stands in for the renderer: a picture that encodes its index."""

    def __init__(self, fail_at=None):
        self.fail_at, self.drawn = fail_at, []

    def sample(self, index):
        if index == self.fail_at:
            raise KeyboardInterrupt
        self.drawn.append(index)
        full = lambda dtype, *c: np.full((192, 256, *c), index, dtype)  # noqa: E731
        return {"rgba": full(np.uint8, 4), "parts": full(np.uint8), "depth": full(np.uint16)}, {"index": index}


def test_a_cut_off_shard_is_not_taken_for_whole_and_is_drawn_again(tmp_path, monkeypatch):
    monkeypatch.setattr(people_build, "SHARD_SAMPLES", 3)
    assert people_build.shard_sizes(7) == [3, 3, 1]
    people_build.write_shard(FakeStudio(), tmp_path, 0, 3)
    with pytest.raises(KeyboardInterrupt):
        people_build.write_shard(FakeStudio(fail_at=4), tmp_path, 1, 3)
    assert people_build.is_whole(people_build.shard_path(tmp_path, 0), 3)
    assert not people_build.is_whole(people_build.shard_path(tmp_path, 1), 3)
    assert not people_build.shard_path(tmp_path, 1).exists()
    again = FakeStudio()
    people_build.write_shard(again, tmp_path, 1, 3)
    assert again.drawn == [3, 4, 5]
    rgba = np.load(tmp_path / "shard_0001" / "rgba.npy", mmap_mode="r")
    assert rgba.shape == (3, 192, 256, 4) and rgba[2, 0, 0, 0] == 5
    assert not people_build.is_whole(people_build.shard_path(tmp_path, 1), 4), "a smaller shard does not stand for a larger one"


def test_a_held_out_folder_holds_only_characters_that_training_never_sees():
    drawn = [people_build.sample_index(k, held_out=True) for k in range(35)]
    assert drawn[:10] == list(range(10)) and drawn[10:20] == list(range(200, 210)) and len(set(drawn)) == 35
    characters = {index // people_build.SAMPLES_PER_CHARACTER for index in drawn}
    assert characters == {0, 20, 40, 60}
    assert {people_build.sample_index(k, held_out=False) // people_build.SAMPLES_PER_CHARACTER for k in range(35)} != characters


@needs_humans
def test_build_skips_whole_shards(tmp_path, monkeypatch, capsys):
    people_build.write_shard(FakeStudio(), tmp_path, 0, 2)
    assert people_build.build(Path(HUMANS), tmp_path, 2, SEED, 1) == 0
    assert "2 of 2 samples are there" in capsys.readouterr().out


def test_a_gesture_can_be_asked_for(capsys, monkeypatch, tmp_path):
    from people.gestures import draw_gestures

    drawn = [draw_gestures(np.random.default_rng(n), always="face") for n in range(40)]
    assert all("face" in {g.name for g in pair.values()} for pair in drawn)
    assert {side for pair in drawn for side, g in pair.items() if g.name == "face"} == {"R", "L"}
    assert any("face" not in {g.name for g in draw_gestures(np.random.default_rng(n)).values()} for n in range(40))
    monkeypatch.setattr(sys, "argv", ["build", "--humans", "x", "--out", str(tmp_path), "--gesture", "juggle"])
    with pytest.raises(SystemExit):
        people_build.main()
    assert "juggle" in capsys.readouterr().err


def test_downsampling_takes_the_commonest_part_and_straight_colour():
    pytest.importorskip("moderngl")
    from people.render import downsample

    color, label = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 2), np.float32)
    for row, column, part, shade, metres in ((0, 0, 5, 200, 1.0), (0, 1, 5, 100, 3.0), (1, 0, 3, 60, 9.0)):
        color[row, column], label[row, column] = (shade, shade, shade, 255), (part, metres)
    out = downsample(color, label)
    assert out["parts"].tolist() == [[5, 0]]
    assert out["rgba"][0, 0].tolist() == [120, 120, 120, 191]  # the mean over what is covered, not over the ground
    assert out["depth"].tolist() == [[2000, 65535]]
