"""The backgrounds: reproducible, varied, free of people where they must be, shards resume."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

pytest.importorskip("cv2", reason="opencv is not installed")

from rooms import build as rooms_build  # noqa: E402
from rooms import solids  # noqa: E402
from rooms.picture import HEIGHT, WIDTH, make_picture  # noqa: E402
from rooms.things import Portraits  # noqa: E402


def test_a_room_depends_on_seed_and_index_alone():
    nobody = Portraits(None)
    a, b, c = make_picture(1, 7, nobody), make_picture(1, 7, nobody), make_picture(1, 8, nobody)
    assert a.shape == (HEIGHT, WIDTH, 3) and a.dtype == np.uint8
    assert np.array_equal(a, b)
    assert np.abs(a.astype(int) - c).mean() > 5


def test_shards_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(rooms_build, "SHARD_PICTURES", 2)
    monkeypatch.setattr(rooms_build, "make_picture", lambda seed, index, people: np.full((HEIGHT, WIDTH, 3), index, np.uint8))
    assert rooms_build.build(tmp_path, 3, 1, None) == 3
    assert rooms_build.build(tmp_path, 3, 1, None) == 0
    (tmp_path / "rooms_0000.npy").unlink()
    assert rooms_build.build(tmp_path, 4, 1, None) == 4, "the missing shard and the one that has grown"
    assert np.load(tmp_path / "rooms_0001.npy")[1, 0, 0, 0] == 3


def test_rays_meet_the_nearest_solid_where_it_is():
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 65), np.linspace(0.5, -0.5, 65))
    rays = np.stack([x, y, np.ones_like(x)], 2)
    rays = (rays / np.linalg.norm(rays, axis=2, keepdims=True)).astype(np.float32)
    v = lambda *a: np.array(a, np.float32)  # noqa: E731
    far = solids.Box(v(0, 0, 5), v(3, 3, 0.1), v(0, 0, 1))
    near = solids.Ellipsoid(v(0, 0, 2), v(0.3, 0.3, 0.3), v(1, 0, 0))
    for order in ([far, near], [near, far]):
        s = solids.cast(v(0, 0, 0), rays, order)
        assert np.allclose(s.albedo[32, 32], [1, 0, 0]) and abs(s.distance[32, 32] - 1.7) < 1e-3
        assert np.allclose(s.normal[32, 32], [0, 0, -1], atol=1e-3)
        assert np.allclose(s.albedo[32, 60], [0, 0, 1])
    shade = solids.shadowed(np.array([[[0, 0, 4.0], [0, 0, 6.0]]], np.float32), v(0, 0, 0), [far])
    assert shade.tolist() == [[0.0, 1.0]]
