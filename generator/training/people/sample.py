"""One sample from a seed and an index: character, expression, pose, view, picture, labels."""

from __future__ import annotations

import numpy as np

from . import blur
from .assets import Library
from .body import BODY_VERTICES, apply_targets, expression_weights
from .build import MOTION_BLUR_SHARE, SAMPLES_PER_CHARACTER
from .character import Character, make_character
from .framing import draw_head_place, draw_view
from .labels import make_labels
from .render import Renderer
from .rig import Rig


class Studio:
    """Draws any sample of a seed; keeps the current character uploaded.

    `gesture` names what one arm does in all of them; `motion_blur` is the share that moves, and costs six times a still one.
    """

    def __init__(self, humans, seed: int, gesture: str | None = None, motion_blur: float = MOTION_BLUR_SHARE):
        self.library = Library(humans)
        self.rig = Rig(self.library)
        self.seed, self.gesture, self.motion_blur = seed, gesture, motion_blur
        self.renderer = Renderer()
        self.character: Character | None = None

    def use_character(self, character_id: int) -> Character:
        if self.character is None or self.character.id != character_id:
            self.character = make_character(self.library, self.rig, self.seed, character_id)
            self.renderer.upload(self.character.mesh, self.character.textures)
        return self.character

    def sample(self, index: int) -> tuple[dict, dict]:
        """Images {rgba, parts, depth} and labels of sample `index`."""
        character = self.use_character(index // SAMPLES_PER_CHARACTER)
        rng = np.random.default_rng([self.seed, 2, index])
        place = draw_head_place(rng)
        yaw = float(np.clip(rng.normal(0, 14), -35, 35)) if rng.random() < 0.88 else float(rng.choice([-1, 1]) * rng.uniform(30, 70))
        wanted = int(rng.choice([0, 1, 2], p=[0.16, 0.40, 0.44]))
        view_seed = int(rng.integers(2**31))

        def view_of(rot: np.ndarray, pos: np.ndarray):
            k = self.rig.index["head"]
            head = pos[k] + rot[k] @ (character.skull - character.body.heads[k])
            return draw_view(np.random.default_rng(view_seed), place, head, 2 * character.head_half_width_m, yaw)

        def shows_enough(rot: np.ndarray, pos: np.ndarray, hands: np.ndarray) -> bool:
            view = view_of(rot, pos)
            centres = view.to_camera(hands)
            if (centres[:, 2] < 0.2).any():
                return False
            xy = view.project(centres)
            inside = ((xy > [0.01, 0.0]) & (xy < [0.99, 0.99])).all(1).sum()
            return bool(inside >= wanted)

        pose = character.poser.draw(rng, shows_enough, face_yaw_deg=-yaw, gesture=self.gesture)
        view = view_of(pose.rot, pose.pos)
        face = np.zeros((len(self.library.base.positions), 3), np.float32)
        apply_targets(self.library, face, expression_weights(rng))
        rest = character.mesh.rest + character.mesh.follow @ face
        moments = blur.draw_motion(rng, self.rig, pose, view) if rng.random() < self.motion_blur else [(pose.rot, pose.pos)]
        drawn = blur.expose([self._draw(rest, rot, pos, view) for rot, pos in moments])
        mesh = character.mesh
        body = self.rig.skin(rest[:BODY_VERTICES], mesh.weights[:BODY_VERTICES], character.body.heads, pose.rot, pose.pos)
        labels = make_labels(self.rig, character, pose, view, drawn, body)
        labels.update(seed=self.seed, index=index, character=character.id, blurred=len(moments) > 1)
        return {k: drawn[k] for k in ("rgba", "parts", "depth")}, labels

    def _draw(self, rest: np.ndarray, rot: np.ndarray, pos: np.ndarray, view) -> dict:
        mesh = self.character.mesh
        posed = view.to_camera(self.rig.skin(rest, mesh.weights, self.character.body.heads, rot, pos))
        return self.renderer.draw(posed, mesh.normals(posed), view)
