"""Items: charts are what they say, the export is what was trained, the field looks like the mesh."""

import json
import math
import pathlib
import sys

import numpy as np
import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from items import charts, data  # noqa: E402
from items.drawing import ASSETS, Wardrobe, colour_parts, draw, mesh_parts  # noqa: E402
from items.export import REFERENCE  # noqa: E402
from items.field import colours, outputs  # noqa: E402
from items.kinds import KINDS, draw_pose  # noqa: E402
from items.look import compare, frame_of  # noqa: E402

torch.set_num_threads(1)
CONE = {"kind": "cone", "center": [0.1, 0.4, -0.05], "tilt": 0.2, "rx": 0.5, "rz": 0.6, "slope": 0.3, "h_min": -1.0, "h_max": 1.0}
WINGS = {"kind": "wings", "center": [0.0, -0.3, -0.2], "param": "beat", "swing": 0.3, "swing_by": 0.2, "lift": 0.05, "lift_by": 0.1, "soft": 0.0}
DISC = {"kind": "disc", "center": [0.0, 0.3, 0.1], "tilt": -0.15, "rx": 0.9, "rz": 1.1, "soft": 0.0}


def some_frame(rng):
    """A frame near a rotation, but not one: what noisy body points give."""
    clean = charts.pose_frame(rng.uniform(50, 150, 2), 90.0, *rng.uniform(-0.5, 0.5, 3))
    return charts.Frame(clean.o, *(tuple(np.asarray(e) + rng.normal(0, 4, 2)) for e in (clean.ex, clean.ey, clean.ez)))


def item_point(surface, local):
    """The item point of a point in a surface's own axes."""
    c, s = math.cos(surface["tilt"]), math.sin(surface["tilt"])
    x, y, z = local
    return np.array([x, y * c + z * s, -y * s + z * c]) + surface["center"]


def pixels(frame, points):
    return torch.from_numpy(frame.project(np.atleast_2d(points))).double()


def test_a_point_lies_on_the_ray_through_its_pixel():
    rng = np.random.default_rng(1)
    for _ in range(20):
        frame, point = some_frame(rng), rng.normal(0, 0.5, 3)
        _, view, right, up = charts.view_of(frame)
        sources, _ = charts.ray_sources(frame, [], pixels(frame, point))
        assert sources["a"].item() == pytest.approx(point @ right, abs=1e-9)
        assert sources["b"].item() == pytest.approx(point @ up, abs=1e-9)
        assert np.allclose(frame.matrix() @ view, 0, atol=1e-9)


def test_the_view_of_a_frontal_head_is_its_forward_axis():
    ppu, view, right, up = charts.view_of(charts.pose_frame((0, 0), 80.0))
    assert ppu == pytest.approx(80.0) and np.allclose([view, right, up], [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    turned = charts.pose_frame((0, 0), 80.0, 0.0, 0.4, 0.0).project([[0, 0, 1.0]])[0]
    raised = charts.pose_frame((0, 0), 80.0, 0.0, 0.0, 0.4).project([[0, 0, 1.0]])[0]
    assert turned[0] > 20 and raised[1] < -20  # the nose goes to picture-right, and up


@pytest.mark.parametrize("side", ["front", "back"])
def test_a_point_of_the_cone_is_found_at_its_angle_and_height(side):
    rng, hits = np.random.default_rng(2), 0
    for _ in range(60):
        frame, theta, h = some_frame(rng), rng.uniform(-3, 3), rng.uniform(-0.4, 0.4)
        grow = 1 + CONE["slope"] * h
        point = item_point(CONE, (CONE["rx"] * grow * math.sin(theta), h, CONE["rz"] * grow * math.cos(theta)))
        sources, _ = charts.ray_sources(frame, [CONE], pixels(frame, point))
        found = [(sources[f"0.{s}.theta"].item(), sources[f"0.{s}.h"].item()) for s in ("front", "back")]
        near = [abs(math.remainder(t - theta, 2 * math.pi)) + abs(y - h) < 1e-6 for t, y in found]
        assert any(near)
        hits += near[side == "back"]
    assert 10 < hits < 50  # both sides are met


def test_a_point_of_the_disc_is_found():
    rng = np.random.default_rng(3)
    for _ in range(20):
        frame, x, z = some_frame(rng), *rng.uniform(-1, 1, 2)
        point = item_point(DISC, (x * DISC["rx"], 0.0, z * DISC["rz"]))
        sources, _ = charts.ray_sources(frame, [DISC], pixels(frame, point))
        assert (sources["0.x"].item(), sources["0.z"].item()) == pytest.approx((x, z), abs=1e-6)


def test_a_point_of_a_wing_is_found_however_it_beats():
    rng = np.random.default_rng(6)
    for side in (1, -1):
        for _ in range(20):
            beat, along, h = rng.uniform(-1, 1), rng.uniform(0.3, 1.5), rng.uniform(-1, 1)
            s, r = 0.3 + 0.2 * beat, 0.05 + 0.1 * beat
            x, y = along * math.cos(r) - h * math.sin(r), along * math.sin(r) + h * math.cos(r)
            point = np.array([side * x * math.cos(s), y, -x * math.sin(s)]) + WINGS["center"]
            frame = charts.pose_frame((0, 0), 90.0, *rng.uniform(-0.4, 0.4, 2))
            if (x > 0) and np.sign((point - WINGS["center"]) @ charts.view_of(frame)[2]) == side:
                sources, _ = charts.ray_sources(frame, [WINGS], pixels(frame, point), {"beat": beat})
                assert [sources[f"0.{name}"].item() for name in ("along", "h", "side")] == pytest.approx([along, h, side], abs=1e-6)


def test_motion_is_a_wave_of_the_time():
    quarter = KINDS["torch"].motion["phase_cos"]["period_s"] / 4
    assert KINDS["torch"].moved(0.0) == pytest.approx({"phase_cos": 1.0, "phase_sin": 0.0})
    assert KINDS["torch"].moved(quarter) == pytest.approx({"phase_cos": 0.0, "phase_sin": 1.0}, abs=1e-9)


@pytest.mark.parametrize("name", sorted(k for k, kind in KINDS.items() if kind.shaped_by))
def test_every_shape_has_as_many_vertices(name):
    kind, rng = KINDS[name], np.random.default_rng(8)
    for layer in kind.layers:
        rest = kind.shape(layer.name, {}).mesh
        moved = kind.shape(layer.name, draw_pose(kind, rng)).mesh
        assert moved.positions.shape == rest.positions.shape and np.abs(moved.material - rest.material).max() + np.abs(moved.positions - rest.positions).max() > 0.01


def test_plane_coordinates_come_back_from_the_pixel():
    frame = charts.sword_frame((40.0, 200.0), 150.0, 1.1, 0.7)
    p = torch.tensor([[40 + 0.3 * frame.ex[0] - 0.02 * frame.ey[0], 200 + 0.3 * frame.ex[1] - 0.02 * frame.ey[1]]]).double()
    sources, ppu = charts.plane_sources(frame, {"twist": 0.5}, p)
    assert (sources["u"].item(), sources["v"].item()) == pytest.approx((0.3, -0.02))
    assert ppu == pytest.approx(150.0) and math.atan2(sources["sin_phi"], sources["cos_phi"]) == pytest.approx(1.1)


def test_size_keeps_the_anchor_in_place():
    frame, about = some_frame(np.random.default_rng(4)), (0.1, 0.4, -0.2)
    grown = frame.sized(1.7, about)
    assert np.allclose(frame.project([about]), grown.project([about]))
    assert np.allclose(grown.matrix(), 1.7 * frame.matrix())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_training_sees_the_charts_that_the_run_time_sees(name):
    kind, rng = KINDS[name], np.random.default_rng(5)
    for layer in kind.layers:
        pose = draw_pose(kind, rng)
        frame, params = data.pose_of_frame(kind, pose, (100.0, 100.0), 120.0)
        xy = rng.uniform(-0.5, 0.5, (50, 2))
        if kind.flat:
            p = np.asarray(frame.o) + xy[:, :1] * frame.ex + xy[:, 1:] * frame.ey
        else:
            _, _, right, up = charts.view_of(frame)
            p = np.asarray(frame.o) + (xy[:, :1] * right + xy[:, 1:] * up) @ frame.matrix().T
        row = torch.from_numpy(np.tile(data.pose_row(kind, pose), (50, 1)))
        ours = charts.encode(layer.inputs, data.sources_of(kind, layer, torch.from_numpy(xy), row), 50)
        theirs, _ = charts.chart_sources(layer.chart, frame, params, torch.from_numpy(p))
        # theta may jump by a turn, which its integer waves do not see
        assert torch.allclose(ours, charts.encode(layer.inputs, theirs, 50), atol=1e-3)


def test_signed_distance_of_a_half_plane():
    inside = np.zeros((20, 20), bool)
    inside[:, :8] = True
    assert np.allclose(data.signed_distance(inside)[5], 7.5 - np.arange(20))


@pytest.fixture(scope="module")
def house():
    return Wardrobe(ASSETS)


def reference_error(house, name) -> float:
    """Largest difference of raw outputs and colours from the stored activations of a kind."""
    stored = json.loads((REFERENCE / f"items_{name}.json").read_text())
    worst = 0.0
    for case in stored["cases"]:
        table = house.kinds[name]
        layer = next(x for x in table["layers"] if x["name"] == case["layer"])
        frame = charts.Frame(**{k: tuple(v) for k, v in case["frame"].items()}).sized(case["size"], table["scale_about"])
        raw, _, ppu = house.raw(name, layer, frame, case["params"], torch.tensor(case["pixels"]))
        rgba = colours(*outputs(raw, ppu, layer["edge_unit"], layer["mask_unit"]), case["tint"], case["secondary"])
        worst = max(worst, (raw - torch.tensor(case["raw"])).abs().max().item(), (rgba - torch.tensor(case["rgba"])).abs().max().item())
    return worst


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_export_gives_the_stored_activations(house, name):
    assert reference_error(house, name) < 2e-3


def test_one_changed_weight_is_noticed(house):
    field = house.fields["crown", "crown"]
    with torch.no_grad():
        field.layers[1].weight[3, 5] += 0.5
        try:
            assert reference_error(house, "crown") > 0.02
        finally:
            field.layers[1].weight[3, 5] -= 0.5


BOUNDS = {  # PSNR dB, IoU of alpha
    "sword": (24.0, 0.93), "crown": (19.0, 0.88), "wizard_hat": (23.0, 0.95), "cape": (22.0, 0.92),
    "staff": (20.0, 0.88), "torch": (20.0, 0.88), "shield": (20.0, 0.95), "necklace": (20.0, 0.88), "wings": (20.0, 0.92), "elephant": (20.0, 0.95),
    "glasses": (20.0, 0.88), "mask": (20.0, 0.88), "beard": (20.0, 0.90), "helmet": (20.0, 0.90), "horns": (20.0, 0.88), "halo": (20.0, 0.88),
}  # fmt: skip
UNDERTRAINED = ("crown", "wizard_hat", "glasses", "halo", "horns")
POSES = {  # degrees, twist, seconds: look.frame_of
    "sword": (70, 0.3), "crown": (17, -6), "wizard_hat": (-23, 5), "cape": (11, 0), "staff": (78, 0, 0.7), "torch": (104, 0, 0.4),
    "shield": (81, 0), "necklace": (-17, 0), "wings": (9, 0, 0.5), "elephant": (96, 0, 0.31),
    "glasses": (-21, 6), "mask": (19, -4), "beard": (-18, 7), "helmet": (24, 5), "horns": (-20, 8), "halo": (15, 9),
}  # fmt: skip


def field_and_mesh(name, pose, mesh_pose):
    """Per layer the comparison of the field in one pose with the mesh in another."""
    kind, scores = KINDS[name], []
    for layer in kind.layers:
        frame, params = frame_of(kind, pose, (150, 60 if name in ("cape", "necklace") else 170), 100)
        other, other_params = frame_of(kind, mesh_pose, frame.o, 100)
        drawn = draw(name, frame, params, 300, 300, layer=layer.name)
        truth = colour_parts(mesh_parts(name, other, other_params, 300, 300, layer.name), kind.tint, kind.secondary)
        scores.append(compare(truth, drawn))
    return scores


@pytest.fixture(scope="module")
def gl():
    from items.drawing import _studio

    try:
        return _studio()
    except Exception as error:  # no EGL on this machine
        pytest.skip(f"no GL context, so meshes can't be drawn: {error}")


def needs_more_training(name):
    """What is round and thin falls short of the bounds after two to five minutes of computing; strict, so that better weights show."""
    return pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=f"{name}: train on (python -m items.train --kind {name} --minutes 30)"))


@pytest.mark.parametrize("name", [needs_more_training(name) if name in UNDERTRAINED else name for name in sorted(KINDS)])
def test_the_field_looks_like_the_mesh(gl, name):
    for score in field_and_mesh(name, POSES[name], POSES[name]):
        psnr, iou = BOUNDS[name]
        assert score["psnr_db"] > psnr and score["alpha_iou"] > iou, score


@pytest.mark.parametrize("name", sorted(KINDS))
def test_another_pose_does_not_look_like_the_mesh(gl, name):
    pose = POSES[name]
    worst = min(s["alpha_iou"] for s in field_and_mesh(name, pose, (pose[0] + 35, *pose[1:])))
    assert worst < BOUNDS[name][1] - 0.02


@pytest.mark.parametrize("name", ["torch", "wings", "elephant"])
def test_another_time_does_not_look_like_the_mesh(gl, name):
    angle, twist, seconds = POSES[name]
    later = seconds + max(motion["period_s"] for motion in KINDS[name].motion.values()) / 2
    now, then = (field_and_mesh(name, POSES[name], pose)[0]["alpha_iou"] for pose in (POSES[name], (angle, twist, later)))
    assert then < now - 0.02


def test_a_blue_sword_is_blue():
    frame = charts.sword_frame((60.0, 210.0), 180.0, 1.2)
    rgba = draw("sword", frame, {}, 160, 240, tint=(0.05, 0.15, 1.0))
    r, g, b, a = (rgba[..., k] * 255 for k in range(4))
    on = a > 200
    assert ((b > r + 20) & (b > g + 5))[on].mean() > 0.6
    assert 0.04 < rgba[..., 3].sum() / 180.0**2 < 0.09  # of the squared length: seen from two metres, yet a blade


def test_unknown_names_are_refused():
    frame = charts.pose_frame((10, 10), 50.0)
    with pytest.raises(KeyError, match="toaster"):
        draw("toaster", frame, {}, 20, 20)
    with pytest.raises(KeyError, match="layer="):
        draw("cape", frame, {}, 20, 20)
