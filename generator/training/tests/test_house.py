"""The network training: labels survive augmentation, the copy path copies, resuming is exact, export is faithful."""
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import items
from house import clutter, compose, data, evaluate, export, folding, frames, losses, model, outfit, relight, thaw
from house.model import PARTS, POINTS

HEIGHT, WIDTH = 192, 256


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny stand-in for rendered people: a disc for a head and for each fist, at labelled places."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(3)
    for shard, character in ((0, 1), (1, 20)):
        rgba = np.zeros((6, HEIGHT, WIDTH, 4), np.uint8)
        parts = np.zeros((6, HEIGHT, WIDTH), np.uint8)
        labels = []
        yy, xx = np.mgrid[0:HEIGHT, 0:WIDTH]
        for i in range(6):
            point = {name: rng.uniform([0.35, 0.4], [0.65, 0.6]) for name in POINTS}
            point["hand_r"], point["hand_l"] = rng.uniform([0.15, 0.3], [0.3, 0.7]), rng.uniform([0.7, 0.3], [0.85, 0.7])
            point["wrist_r"], point["wrist_l"] = point["hand_r"] + [0.03, 0.04], point["hand_l"] + [-0.03, 0.04]
            fists = {f"hand_{s}": point[f"hand_{s}"] + data.FIST * (point[f"hand_{s}"] - point[f"wrist_{s}"]) for s in "rl"}
            for name, part, radius in (("head", "face", 18), ("hand_r", "hand_r", 9), ("hand_l", "hand_l", 9)):
                x, y = fists.get(name, point[name])
                disc = (xx + 0.5 - x * WIDTH) ** 2 + (yy + 0.5 - y * HEIGHT) ** 2 < radius**2
                parts[i][disc] = PARTS.index(part)
                rgba[i][disc] = [200, 150, 120, 255]
            labels.append({
                "character": character, "points": {n: [*map(float, p), 1.0, 1] for n, p in point.items()}, "head_width": 0.14,
                "camera": {"fov_x_deg": 60.0},
                "head_axes": {"right": [1.0, 0.0, 0.0], "up": [0.0, -1.0, 0.0], "forward": [0.0, 0.0, -1.0]},
            })
        target = root / "people" / f"shard_{shard:04d}"
        target.mkdir(parents=True)
        np.save(target / "rgba.npy", rgba)
        np.save(target / "parts.npy", parts)
        np.save(target / "depth.npy", np.where(parts > 0, 1000, 65535).astype(np.uint16))
        (target / "labels.json").write_text(json.dumps(labels))
    (root / "rooms").mkdir()
    np.save(root / "rooms" / "clutter.npy", np.stack([clutter.paint(0, i) for i in range(8)]))
    return root


def centre_of(mask):
    y, x = np.nonzero(mask)
    return np.array([(x.mean() + 0.5) / mask.shape[1], (y.mean() + 0.5) / mask.shape[0]])


@pytest.mark.parametrize("varied", [False, True])
def test_labels_follow_the_picture_through_flips_turns_and_crops(folder, varied):
    people, rooms = data.People(folder / "people"), data.Rooms(folder / "rooms")
    checked = 0
    for seed in range(6):
        batch = data.batch(people, rooms, np.random.default_rng(seed), 8, varied=varied)
        for row in range(8):
            for name in ("hand_r", "hand_l"):
                x, y, _, visible = batch["points"][row, POINTS.index(name)].tolist()
                mask = (batch["parts"][row] == PARTS.index(name)).numpy()
                if visible > 0 and 0.1 < x < 0.9 and 0.2 < y < 0.8 and mask.sum() > 60:
                    assert np.abs(centre_of(mask) - [x, y]).max() < 0.02, (seed, row, name)
                    checked += 1
    assert checked > 40


def test_a_mirrored_visitor_still_has_an_upright_head_that_faces_the_camera(folder):
    people, rooms = data.People(folder / "people"), data.Rooms(folder / "rooms")
    axes = data.batch(people, rooms, np.random.default_rng(0), 24)["axes"]
    assert (axes[:, 0, 0] > 0.9).all() and (axes[:, 1, 1] < -0.9).all() and (axes[:, 2, 2] < -0.9).all()


def test_a_torsos_turn_is_that_of_the_room_whatever_the_camera_and_the_crop(folder):
    for fov, distance in ((50.0, 0.8), (78.0, 2.5)):
        metres = np.array([[-0.2 * np.cos(0.6), 0, distance - 0.2 * np.sin(0.6)], [0.2 * np.cos(0.6), 0, distance + 0.2 * np.sin(0.6)]])
        points = np.zeros((len(POINTS), 4))
        points[:, 2] = distance
        points[[POINTS.index("shoulder_r"), POINTS.index("shoulder_l")], 2] = metres[:, 2]
        points[[POINTS.index("shoulder_r"), POINTS.index("shoulder_l")], 0] = 0.5 + metres[:, 0] / distance / (2 * np.tan(np.radians(fov) / 2))
        assert data._torso_yaw(points, {"fov_x_deg": fov}) == pytest.approx(0.6, abs=1e-6)
    people, rooms = data.People(folder / "people"), data.Rooms(folder / "rooms")
    people.torso_yaw[:] = 0.6
    yaw = data.batch(people, rooms, np.random.default_rng(0), 24, varied=True)["torso_yaw"]
    assert torch.allclose(yaw.abs(), torch.tensor(0.6)) and yaw.min() < 0 < yaw.max(), "the other way in a mirror image"


def test_held_out_characters_are_apart(folder):
    assert len(data.People(folder / "people")) == 6 and len(data.People(folder / "people", held_out=True)) == 6
    with pytest.raises(SystemExit, match="people.build"):
        data.People(folder / "rooms")


def test_a_perfect_answer_has_little_loss_and_a_wrong_one_more(folder):
    people, rooms = data.People(folder / "people"), data.Rooms(folder / "rooms")
    batch = data.batch(people, rooms, np.random.default_rng(1), 4, model.PAINT_SIZE)
    xy, _, present, pose, parts = losses.sense_targets(batch)
    points = torch.cat([xy, (present * 2 - 1)[..., None] * 20, torch.zeros_like(present)[..., None]], -1)
    logits = torch.nn.functional.one_hot(parts, len(PARTS)).permute(0, 3, 1, 2) * 20.0
    ys, xs = torch.meshgrid((torch.arange(24) + 0.5) / 24, (torch.arange(32) + 0.5) / 32, indexing="ij")
    heat = -((xs.reshape(1, 1, -1) - xy[..., :1].clamp(0, 1)) ** 2 + ((ys.reshape(1, 1, -1) - xy[..., 1:].clamp(0, 1)) * 0.75) ** 2) / (2 * 0.03**2)
    good, _ = losses.sense_loss((points, pose, logits, heat), batch)
    for i in range(4):
        answer = [points.clone(), pose.clone(), logits.clone(), heat.clone()]
        answer[i] = answer[i].roll(1, 1)
        assert losses.sense_loss(answer, batch)[0] > good + 0.1, i


def test_without_anything_worn_and_no_world_the_camera_is_copied():
    torch.manual_seed(0)
    frame, nothing = torch.rand(2, 3, 16, 16), torch.zeros(2, 4, 16, 16)
    maps = compose.decode(torch.randn(2, model.PAINT_CHANNELS, 16, 16) * 3)
    off = torch.zeros(2, 1, 1, 1)
    out = compose.compose(frame, nothing, nothing, torch.zeros_like(frame), off, maps)
    assert (out - frame).abs().max() < 1e-6
    worn = nothing.clone()
    worn[:, 2:, 8, 8] = 1
    assert (compose.compose(frame, worn, nothing, torch.zeros_like(frame), off, maps) - frame).abs().max() > 0.05


def test_the_blade_points_up_whatever_the_arm_does_and_never_jumps():
    last = None
    for angle in np.linspace(0, 2 * np.pi, 721):
        hand = np.array([0.5, 0.4]) + 0.25 * np.array([np.cos(angle), np.sin(angle)])
        direction = frames.blade_direction(hand, np.array([0.5, 0.4]), 0.12, -1)
        assert direction[1] < -0.3
        assert last is None or np.linalg.norm(direction - last) < 0.03
        last = direction


def test_training_resumes_where_it_was_cut(folder, tmp_path):
    def run(*more):
        command = [sys.executable, "-m", "house.train", "sense", "--data", str(folder), "--batch", "2", "--threads", "1", *more]
        return subprocess.run(command, capture_output=True, text=True, cwd=pathlib.Path(__file__).parents[1], check=True).stdout

    assert "finished at step 4" in run("--out", str(tmp_path / "whole"), "--anneal", "4")
    whole = torch.load(tmp_path / "whole" / "sense.pt", weights_only=True)
    run("--out", str(tmp_path / "cut"), "--anneal", "4", "--steps", "2")
    half = torch.load(tmp_path / "cut" / "sense.pt", weights_only=True)
    assert half["step"] == 2
    run("--out", str(tmp_path / "cut"), "--anneal", "4")
    cut = torch.load(tmp_path / "cut" / "sense.pt", weights_only=True)
    for name, value in whole["net"].items():
        assert torch.allclose(value.float(), cut["net"][name].float(), atol=1e-6), name
    assert any(not torch.equal(value, half["net"][name]) for name, value in whole["net"].items())


def test_export_computes_what_pytorch_computes(tmp_path):
    torch.manual_seed(2)
    nets = {"sense": model.Sense(), "painter": model.Painter()}
    seen = torch.nn.functional.interpolate(torch.rand(6, 3, 3, 4), size=model.PAINT_SIZE)
    with torch.no_grad():  # batch norm that has seen its inputs: what goes in makes a difference to what comes out
        for _ in range(12):
            nets["sense"](seen)
    for name, net in nets.items():
        torch.save({"average": net.state_dict()}, tmp_path / f"{name}.pt")
    plain = nets["sense"].eval()
    sense, _ = export.load(tmp_path)
    tensors = export.stored(*export.load(tmp_path))
    assert {v.dtype for v in tensors.values()} == {np.dtype(np.float16)}
    assert tensors["sense.stem.0.weight"].shape == (48, 12, 3, 3) and tensors["painter.leave.bias"].shape == (4 * model.PAINT_CHANNELS,)
    assert sum(v.size for k, v in tensors.items() if k.startswith("sense")) == sum(p.numel() for p in sense.parameters())
    with torch.no_grad():
        wanted = model.look(plain, seen[:2])
        outputs = model.look(sense.eval(), seen[:1])
    for want, got in zip(wanted, outputs):
        # The exported weights are rounded to f16, a relative error of 2^-11 each; another picture differs far more.
        assert (got - want[:1]).abs().max() < 0.05 * (want[0] - want[1]).abs().max()


def test_the_pose_of_a_mirror_image_is_what_augmentation_says_it_is():
    rng = np.random.default_rng(3)
    points, axes = rng.uniform(0, 1, (1, len(model.POINTS), 4)), rng.normal(0, 1, (1, 3, 3))
    mirror = np.array([[[-1.0, 0, 0], [0, 1, 0]]])
    moved, turned = data._move_labels(points, axes, mirror, np.array([-1]), np.eye(2)[None])
    assert np.allclose(turned.reshape(1, 9), axes.reshape(1, 9) * model.MIRRORED_POSE[:9].numpy())
    assert np.allclose(moved[0, :, 0], 1 - points[0, model.SWAPPED_POINTS, 0]) and np.allclose(moved[0, :, 1], points[0, model.SWAPPED_POINTS, 1])
    assert model.MIRRORED_POSE[9:].tolist() == [1, -1], "as wide, and turned to the other side"


def test_a_mirror_image_is_seen_as_the_mirrored_body():
    sense, _ = evaluate.shipped()
    clip = cv2.VideoCapture(str(export.VISITOR))
    picture = cv2.resize(clip.read()[1], model.PAINT_SIZE[::-1], interpolation=cv2.INTER_AREA)[..., ::-1].copy()
    frame = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        points, pose, _ = model.look(sense, frame)
        turned = model.look(sense, frame.flip(3))
        once = sense(frame)
    right, left = model.POINTS.index("shoulder_r"), model.POINTS.index("shoulder_l")
    assert points[0, right, 0] < points[0, left, 0] and turned[0][0, right, 0] < turned[0][0, left, 0], "right stays right"
    assert (turned[0][0, right, 0] - (1 - points[0, left, 0])).abs() < 1e-5
    assert (turned[1] - pose * model.MIRRORED_POSE).abs().max() < 1e-5
    # The looks agree about what is there, and are not the same: each would be a little off.
    assert (once[0][..., :2] - points[..., :2])[:, :4].abs().max() < 0.03
    assert (once[0] - points).abs().max() > 1e-4 and (once[1] - pose).abs().max() > 1e-4


def test_shipped_weights_can_be_trained_on(folder):
    """Filled and calibrated, a network computes in evaluation mode what the file computes, and nearly so in training mode."""
    sense, _ = evaluate.shipped()
    frame = data.batch(data.People(folder / "people"), data.Rooms(folder / "rooms"), np.random.default_rng(0), 16)["frame"]
    with torch.no_grad():
        before = sense(frame)[0]
        thaw.calibrate(sense, lambda net: net(frame))
        after = sense(frame)[0]
        sense.train()
        logits = [sense(frame)[2]]
        sense.eval()
        logits.append(sense(frame)[2])
    assert (before - after).abs().max() < 1e-3
    assert (logits[0] - logits[1]).abs().max() < 5e-3 * logits[1].abs().max(), "the statistics of that very batch are the calibrated ones"
    next(iter(folding.normed(sense)))[1].weight.data *= 1.1
    with torch.no_grad():
        assert (sense(frame)[0] - before).abs().max() > 1e-3


def test_what_was_filled_folds_into_the_file_again():
    shipped = load_file(evaluate.ASSETS / folding.WEIGHTS)
    for name, net in zip(("sense", "painter"), evaluate.shipped()):
        with_norms = len(list(folding.normed(net)))
        again = dict(folding.folded(net).named_parameters())
        assert with_norms > 10 and not list(folding.normed(net))
        wanted = {key.removeprefix(f"{name}."): value.float() for key, value in shipped.items() if key.startswith(f"{name}.")}
        assert again.keys() == wanted.keys()
        assert all(torch.equal(again[key], value) for key, value in wanted.items())


def test_every_kind_hangs_on_a_body(folder):
    batch = data.batch(data.People(folder / "people"), data.Rooms(folder / "rooms"), np.random.default_rng(1), 1)
    kinds = list(outfit.wardrobe().kinds)
    bodies = [outfit.Body.of_labels(batch, 0)] * len(kinds)
    several = {name: value.expand(len(kinds), *value.shape[1:]) for name, value in batch.items()}
    front, behind, visible = outfit.draw([[outfit.Piece(kind, side=side) for side in (-1, 1)] for kind in kinds], bodies, outfit.Hiders(several))
    for row, kind in enumerate(kinds):
        assert torch.maximum(front[row, 3], behind[row, 3]).max() > 0.9, f"{kind} is not drawn"
    assert visible.min() >= 0 and visible.max() <= 1 and visible[kinds.index("sword")].min() < 0.1, "the fist is before the hilt"


def test_a_batch_of_outfits_is_drawn_as_its_layers_are_one_by_one(folder):
    rng = np.random.default_rng(4)
    batch = data.batch(data.People(folder / "people"), data.Rooms(folder / "rooms"), rng, 3)
    bodies = [outfit.Body.of_labels(batch, row) for row in range(3)]
    outfits = [
        [outfit.Piece("cape", tint=(0.9, 0.1, 0.2)), outfit.Piece("crown", size=1.3), outfit.Piece("sword"), outfit.Piece("shield", side=1)],
        [],
        [outfit.Piece("wings", seconds=0.7), outfit.Piece("halo"), outfit.Piece("elephant", side=1, seconds=2.0)],
    ]
    drawn = dict(zip(("front", "behind"), outfit.draw(outfits, bodies)))
    for row, pieces in enumerate(outfits):
        wanted = {order: np.zeros((HEIGHT, WIDTH, 4), np.float32) for order in drawn}
        for piece in sorted(pieces, key=lambda p: (outfit.RANKS.index(p.attachment), p.kind)):
            placed = outfit.placed(piece, outfit.frame_of(piece, bodies[row]))
            for layer in piece.table["layers"]:
                one = items.draw(piece.kind, placed.frame, placed.params, WIDTH, HEIGHT, placed.tint, placed.size, layer=layer["name"])
                wanted[layer["order"]] = outfit.over(one, wanted[layer["order"]])
        for order, planes in drawn.items():
            assert np.abs(planes[row].permute(1, 2, 0).numpy() - wanted[order]).max() < 1e-4, (row, order)
        assert (max(w[..., 3].max() for w in wanted.values()) > 0.9) == bool(pieces)


def test_the_evaluation_sees_what_is_missing_elsewhere_or_of_another_colour():
    truth = np.zeros((HEIGHT, WIDTH), np.float32)
    truth[80:110, 100:130] = 1
    grey, red = np.full((3, HEIGHT, WIDTH), 0.5, np.float32), np.full((3, HEIGHT, WIDTH), 0.5, np.float32)
    red[0] = 1.0
    same = evaluate.compare(truth, truth, grey, grey)
    assert (same.visible, same.placement, same.colour, same.texture) == (1.0, 0.0, pytest.approx(0.0), 0.0)
    assert evaluate.compare(truth, np.roll(truth, 20, 1), grey, grey).placement == pytest.approx(20 / WIDTH, abs=1e-4)
    missing = evaluate.compare(truth, truth * 0, grey, grey)
    assert missing.visible == 0.0 and np.isnan([missing.placement, missing.colour, missing.texture]).all()
    halves = np.where(np.arange(WIDTH) < 115, 0.2, 0.9).astype(np.float32) * np.ones((3, HEIGHT, 1), np.float32)
    elsewhere = evaluate.compare(truth, np.roll(truth, 20, 1), np.roll(halves, 20, 2), halves)
    assert elsewhere.texture == pytest.approx(0.0) and elsewhere.colour == pytest.approx(0.0, abs=1e-6)
    assert evaluate.compare(truth, np.roll(truth, 20, 1), halves, halves).texture > 0.2
    other = evaluate.compare(truth, truth, red, grey)
    assert other.texture == pytest.approx(0.5 / 3) and other.colour == pytest.approx(0.5 / 3)
    assert evaluate.compare(truth * 0, truth, grey, grey) is None


def test_another_light_on_the_visitor_changes_nothing_else_of_the_painter():
    torch.manual_seed(0)
    net = model.Painter()
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    before, ones = {name: value.clone() for name, value in net.state_dict().items()}, torch.ones(2, 1, 32, 32)
    frame, off = torch.rand(2, 3, 32, 32), torch.zeros(2, 4, 32, 32)
    batch = {"inputs": torch.rand(2, 13, 32, 32), "sensed": torch.rand(2, 9, 8, 8), "step": torch.ones(2, 1), "frame": frame, "front": off, "behind": off,
             "world": frame, "world_on": ones[:, :, :1, :1], "true_matte": ones, "true_person_gain": 1.4 * ones, "true_person_lift": 0.1 * ones}
    first = relight.relight(net, [batch], 1, say=lambda *_, **__: None)
    assert relight.relight(net, [batch] * 60, 60, say=lambda *_, **__: None) < 0.8 * first
    net.leave.weight.data += 1            # what it is not asked for may be anything
    after = {name: value.clone() for name, value in before.items()}
    relight.put_into(after, net)
    for name, value in after.items():
        if name.startswith("leave."):
            rows = {row // 4 for row in range(len(value)) if not torch.equal(value[row], before[name][row])}
            assert rows == set(range(8, 14)), "person_gain and person_lift are outputs 8 to 13"
        else:
            assert torch.equal(value, before[name]), name


def test_other_colours_leave_the_skin(folder):
    parts = torch.arange(len(PARTS)).repeat(64, 4, 1)[:, None]
    rgb = data._other_colours(torch.full((64, 3, 4, len(PARTS)), 0.5), parts, np.random.default_rng(0))
    changed = ((rgb != 0.5).any(1).any(1)).float().mean(0)        # of every part, the share of the visitors
    for name in ("background", "face", "hand_r", "hand_l"):
        assert changed[PARTS.index(name)] == 0, name
    assert 0.3 < changed[PARTS.index("torso")] < 0.7 and changed[PARTS.index("arm_r")] < changed[PARTS.index("torso")]
    assert 0.15 < changed[PARTS.index("hair")] < 0.5
