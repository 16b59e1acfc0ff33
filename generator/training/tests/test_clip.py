"""The demo visitor: one loop without a jump, hands where a mirror's visitor holds them, and the same frames from the same seed.

All but the room needs the MakeHuman folder (environment variable OTHERGLASS_HUMANS); the frames need an EGL library too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from people import clip  # noqa: E402
from people.labels import hand_center  # noqa: E402
from people.motion import LOOP_S  # noqa: E402
from people.parlour import paint_room  # noqa: E402

HUMANS = os.environ.get("OTHERGLASS_HUMANS", "")
needs_humans = pytest.mark.skipif(not HUMANS, reason="OTHERGLASS_HUMANS names no folder with the unzipped makehuman-cc0.zip")
FPS = 30.0
MOST_PER_FRAME_M = 0.075      # the waving hand, the fastest, does 2 m/s
MOST_JUMP_M = 0.025           # between one frame's step and the next: no jerk
ARM_CLEARANCE_M = 0.012       # what the poser itself lets pass


@pytest.fixture(scope="module")
def camera():
    return clip.Camera(Path(HUMANS), clip.DEFAULT_SEED)


def joints(camera, t: float) -> np.ndarray:
    """Joint positions (B,3) m at time t."""
    return camera.motion.at(t).pose.pos


@needs_humans
def test_the_loop_closes(camera):
    first, last = camera.motion.at(0.0), camera.motion.at(LOOP_S)
    assert np.abs(first.pose.pos - last.pose.pos).max() < 1e-6
    assert np.abs(first.pose.rot - last.pose.rot).max() < 1e-6
    assert first.face == pytest.approx(last.face)
    middle = joints(camera, LOOP_S / 2)
    assert np.abs(first.pose.pos - middle).max() > 0.1, "expected the visitor to move, found the same pose half a loop later"


@needs_humans
def test_nothing_jumps(camera):
    track = np.stack([joints(camera, k / FPS) for k in range(int(LOOP_S * FPS) + 2)])
    step = np.diff(track, axis=0)
    assert np.linalg.norm(step, axis=2).max() < MOST_PER_FRAME_M
    assert np.linalg.norm(np.diff(step, axis=0), axis=2).max() < MOST_JUMP_M


@needs_humans
def test_arms_stay_out_of_the_body(camera):
    depths = [camera.motion.collision_m(camera.motion.at(t)) for t in np.arange(0, LOOP_S, 0.2)]
    assert max(depths) < ARM_CLEARANCE_M


@needs_humans
def test_the_right_hand_stays_in_the_picture_and_off_the_face(camera):
    for t in np.arange(0, LOOP_S, 0.1):
        pose = camera.motion.at(t).pose
        hand, head = camera.view.project(camera.view.to_camera(np.stack([hand_center(camera.rig, pose, "R"), pose.pos[camera.rig.index["head"]]])))
        assert (hand > 0.03).all() and (hand < 0.95).all(), f"expected the right hand in the picture at {t:.1f} s, found it at {hand}"
        assert head[0] - hand[0] > 0.08, f"expected the right hand beside the head at {t:.1f} s, found it at {hand}"


@needs_humans
def test_frames_are_reproducible_and_differ_little(camera):
    a, label = camera.frame(60, FPS)
    again, _ = camera.frame(60, FPS)
    after, _ = camera.frame(61, FPS)
    assert a.shape == (clip.HEIGHT, clip.WIDTH, 3)
    assert np.array_equal(a, again)
    step = np.abs(a.astype(int) - after).mean()
    assert 0.1 < step < 4.0
    head, hand = label["head"], label["hands"]["right"]
    assert 0.1 < head[2] - head[0] < 0.2 and hand["box"] is not None and hand["seen"] > 0.1


def test_the_room_is_bright_and_depends_on_its_seed_alone():
    room = paint_room(160, 120, 5)
    assert np.array_equal(room, paint_room(160, 120, 5))
    assert not np.array_equal(room, paint_room(160, 120, 6))
    assert 0.3 < room.mean() < 0.8
