"""`python -m people.clip --humans DIR --out DIR [--seconds S] [--fps F] [--seed N]`: the demo visitor, as pictures.

A rendered person before a webcam, who moves as a visitor of a mirror does: frames 000000.png ... of 640x480 and
labels.json beside them (head box and hands of every frame, in picture units). Frame i depends on the seed,
the rate and i alone; frames that exist are skipped, so a run that was cut off goes on where it stopped.
The motion is a loop: the frame after the last is the first.
"""

from __future__ import annotations

import os

os.environ.setdefault("LP_NUM_THREADS", "1")  # the machine has other work
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np

from .assets import Library
from .body import BODY_VERTICES, apply_targets
from .framing import _BODY_TO_CAMERA, View, _way
from .labels import make_labels
from .motion import FACE_UNITS, LOOP_S, Moment, Motion, face_weights
from .parlour import paint_room
from .render import NO_DEPTH, Renderer, hands_shown
from .rig import Rig
from .visitor import Look, make_visitor

WIDTH, HEIGHT = 640, 480
DEFAULT_SEED = 32
_HEAD_WIDTH = 0.128  # of the picture's width
_FOV_X_DEG = 47.0
_SCALE = 2  # drawn at this many times the size
_SHUTTER = 0.45  # of the time between two frames
_SMEAR_PX = 3.0
_SUBFRAMES = (2, 4)


class Camera:
    """Draws the visitor at any time of the loop."""

    def __init__(self, humans: Path, seed: int, look: Look | None = None):
        cv2.setNumThreads(1)
        self.seed = seed
        self.library = Library(humans)
        self.rig = Rig(self.library)
        self.character = make_visitor(self.library, self.rig, seed, look or Look())
        self.motion = Motion(self.rig, self.character)
        self.view = make_view(self.rig, self.character)
        self.room = paint_room(WIDTH, HEIGHT, seed)
        self.renderer: Renderer | None = None
        mesh = self.character.mesh
        self.faces = {}
        for unit in FACE_UNITS:
            base = np.zeros((len(self.library.base.positions), 3), np.float32)
            apply_targets(self.library, base, face_weights({unit: 1.0}))
            self.faces[unit] = np.asarray(mesh.follow @ base)

    def rest(self, moment: Moment) -> np.ndarray:
        """Rest positions (V,3) with a moment's expression."""
        return self.character.mesh.rest + sum(self.faces[unit] * strength for unit, strength in moment.face.items())

    def draw(self, t: float, jitter_px: tuple[float, float] = (0.0, 0.0)) -> tuple[tuple, Moment, np.ndarray]:
        """The renderer's large pictures at time t, shifted by a part of a pixel; the moment; the rest positions."""
        if self.renderer is None:
            self.renderer = Renderer(WIDTH, HEIGHT, _SCALE)
            self.renderer.upload(self.character.mesh, self.character.textures)
        moment = self.motion.at(t)
        rest, mesh = self.rest(moment), self.character.mesh
        posed = self.view.to_camera(self.rig.skin(rest, mesh.weights, self.character.body.heads, moment.pose.rot, moment.pose.pos))
        normals = mesh.normals(posed)
        shift = np.array(jitter_px) * 2 * [self.view.tan_half_x / WIDTH, self.view.tan_half_y / HEIGHT]
        posed = posed + np.concatenate([posed[:, 2:] * shift, np.zeros((len(posed), 1))], 1)
        return self.renderer.draw_large(posed, normals, self.view), moment, rest

    def subframes(self, t: float, shutter_s: float) -> int:
        """How many drawings smear the fastest fingertip into one stroke while the shutter is open."""
        rig, heads = self.rig, self.character.body.heads
        ends = [rig.index[f"finger{k}-3.{s}"] for k in (1, 3) for s in "RL"] + [rig.index["head"]]
        xy = [self.view.project(self.view.to_camera(self.motion.at(t + d * shutter_s).pose.pos[ends])) for d in (-0.5, 0.5)]
        way_px = np.linalg.norm((xy[1] - xy[0]) * [WIDTH, HEIGHT], axis=1).max()
        return int(np.clip(np.ceil(way_px / _SMEAR_PX), *_SUBFRAMES))

    def frame(self, index: int, fps: float) -> tuple[np.ndarray, dict]:
        """Picture (480,640,3) uint8 sRGB of a frame, and its labels."""
        rgb, alpha = np.zeros((HEIGHT, WIDTH, 3), np.float32), np.zeros((HEIGHT, WIDTH, 1), np.float32)
        count = self.subframes(index / fps, _SHUTTER / fps)
        for k in range(count):
            late = (k - (count - 1) / 2) / count * _SHUTTER / fps
            jitter = ((k + 0.5) / count - 0.5) / 2  # of a pixel: half a subpixel either way, along the diagonal
            (color, part, hands), moment, rest = self.draw(index / fps + late, (jitter, -jitter))
            a = color[..., 3] * np.float32(1 / 255)
            rgb += cv2.resize(_LINEAR[color[..., :3]] * a[..., None], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            alpha += cv2.resize(a, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[..., None]
            if k == count // 2:
                label = self.label(index, part[::_SCALE, ::_SCALE], hands, moment, rest)
        return develop(self.room, rgb / count, alpha / count, np.random.default_rng([self.seed, 13, index])), label

    def label(self, index: int, part: np.ndarray, hands: np.ndarray, moment: Moment, rest: np.ndarray) -> dict:
        """Head box and hands of a frame, in picture units; part (480,640,2) is the part map and the distance in m."""
        mesh, heads = self.character.mesh, self.character.body.heads
        body = self.rig.skin(rest[:BODY_VERTICES], mesh.weights[:BODY_VERTICES], heads, moment.pose.rot, moment.pose.pos)
        parts = (part[..., 0] + 0.5).astype(np.uint8)
        depth = np.where(parts > 0, np.clip(part[..., 1] * 1000, 0, NO_DEPTH - 1), NO_DEPTH)
        drawn = {"parts": parts, "depth": depth, "hands_visible_fraction": hands_shown(parts, hands)}
        full = make_labels(self.rig, self.character, moment.pose, self.view, drawn, body)
        points = full["points"]
        out = {"frame": index, "head": _box(parts, (1, 2)), "head_width": full["head_width"], "hands": {}}
        for side, part in (("right", 5), ("left", 7)):
            s = side[0]
            out["hands"][side] = {
                "center": points[f"hand_{s}"][:2], "wrist": points[f"wrist_{s}"][:2], "box": _box(parts, (part,)),
                "seen": round(full[f"hands_visible_fraction_{s}"], 3), "pose": moment.pose.gestures[s.upper()]["name"],
                "thumb": full[f"hand_axes_{s}"]["thumb"],
            }  # fmt: skip
        return out


def _box(parts: np.ndarray, wanted: tuple) -> list | None:
    """x0, y0, x1, y1 of the wanted parts in picture units; none when unseen."""
    y, x = np.where(np.isin(parts, wanted))
    if len(x) == 0:
        return None
    return [round(float(v), 4) for v in (x.min() / WIDTH, y.min() / HEIGHT, (x.max() + 1) / WIDTH, (y.max() + 1) / HEIGHT)]


def make_view(rig: Rig, character) -> View:
    """A webcam at eye level, daylight from the picture's left, the room's own light all round."""
    up = np.array([0, -1.0, 0])
    tan_x = float(np.tan(np.deg2rad(_FOV_X_DEG / 2)))
    tan_y = tan_x * HEIGHT / WIDTH
    z = 2 * character.head_half_width_m / (2 * tan_x * _HEAD_WIDTH)
    head = np.array([0.0, (2 * 0.23 - 1) * tan_y * z, z])
    lights = [
        {"way": _way(-42, 30, up), "rgb": 0.88 * np.array([0.98, 1.0, 1.02])},
        {"way": _way(38, 18, up), "rgb": 0.34 * np.array([1.06, 1.0, 0.92])},
        {"way": _way(150, 35, up), "rgb": 0.30 * np.array([1.05, 1.0, 0.92])},
    ]
    return View(_BODY_TO_CAMERA, head - _BODY_TO_CAMERA @ character.skull, tan_x, tan_y, lights, (0.46, 0.46, 0.46), (0.30, 0.28, 0.26), up, 1.13, 0.045, 0.13, 0.0, 1.1, 0.0, 0.0, 0.0)


_LEVELS = np.arange(256) / 255.0
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)


def develop(room: np.ndarray, rgb: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Visitor (premultiplied linear rgb, alpha) over the room with a soft shadow; sRGB bytes with a little noise."""
    small = cv2.resize(alpha[..., 0], (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    shadow = cv2.GaussianBlur(cv2.warpAffine(small, np.float32([[1, 0, 11], [0, 1, 5]]), (WIDTH // 4, HEIGHT // 4), borderMode=cv2.BORDER_REPLICATE), (0, 0), 9)
    shadow = cv2.resize(shadow, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)[..., None]
    image = rgb + room * (1 - 0.30 * shadow) * (1 - alpha)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    image = image * (1 - 0.14 * (((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2) / 0.5))[..., None]
    image = np.clip(image, 0, 1)
    srgb = np.where(image <= 0.0031308, image * 12.92, 1.055 * np.maximum(image, 1e-9) ** (1 / 2.4) - 0.055)
    return np.clip(srgb * 255 + rng.normal(0, 0.9, srgb.shape) + 0.5, 0, 255).astype(np.uint8)


def shoot(humans: Path, out: Path, seconds: float, fps: float, seed: int) -> int:
    """Write all missing frames; returns how many were drawn."""
    out.mkdir(parents=True, exist_ok=True)
    count = int(round(seconds * fps))
    camera, drawn, begin = None, 0, time.time()
    labels_dir = out / ".labels"
    labels_dir.mkdir(exist_ok=True)
    for index in range(count):
        path, note = out / f"{index:06d}.png", labels_dir / f"{index:06d}.json"
        if path.is_file() and note.is_file():
            continue
        camera = camera or Camera(humans, seed)
        image, label = camera.frame(index, fps)
        note.write_text(json.dumps(label))
        part = out / f".{index:06d}.part.png"
        cv2.imwrite(str(part), image[..., ::-1])
        part.rename(path)
        drawn += 1
        if drawn % 30 == 0:
            print(f"{index + 1}/{count} frames, {drawn / (time.time() - begin):.2f}/s", flush=True)
    frames = [json.loads((labels_dir / f"{k:06d}.json").read_text()) for k in range(count)]
    (out / "labels.json").write_text(json.dumps({"clip": "visitor", "width": WIDTH, "height": HEIGHT, "fps": fps, "loop_s": LOOP_S, "frames": frames}))
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--humans", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=LOOP_S)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    a = parser.parse_args()
    print(f"drew {shoot(a.humans, a.out, a.seconds, a.fps, a.seed)} frames in {a.out}", flush=True)


if __name__ == "__main__":
    main()
