"""What a sample says about itself: points, axes, camera, light, person; JSON-ready.

Points are [x, y, depth_m, visible] in picture units (x / width, y / height; outside the picture is allowed).
"""

from __future__ import annotations

import numpy as np

from . import hand
from . import pieces as pc
from .character import Character
from .framing import View
from .pose import Pose
from .rig import Rig, cross

# For every point the parts that may carry it; another part in front hides it.
_OWN = {
    "head": (pc.HEAD, pc.HAIR), "head_top": (pc.HEAD, pc.HAIR), "chin": (pc.HEAD, pc.HAIR), "nose": (pc.HEAD, pc.HAIR),
    "neck": (pc.HEAD, pc.TRUNK, pc.HAIR),
    "shoulder_r": (pc.TRUNK, pc.ARM_R, pc.HAIR), "shoulder_l": (pc.TRUNK, pc.ARM_L, pc.HAIR),
    "elbow_r": (pc.ARM_R,), "elbow_l": (pc.ARM_L,),
    "wrist_r": (pc.ARM_R, pc.HAND_R), "wrist_l": (pc.ARM_L, pc.HAND_L),
    "hip_r": (pc.TRUNK, pc.LEGS), "hip_l": (pc.TRUNK, pc.LEGS),
}  # fmt: skip
for _side, _part in (("r", pc.HAND_R), ("l", pc.HAND_L)):
    for _name in ("hand", "knuckle", "thumb", "index"):
        _OWN[f"{_name}_{_side}"] = (_part,)
POINT_NAMES = tuple(_OWN)
_CLEARANCE_M = 0.03


def hand_center(rig: Rig, pose: Pose, side: str) -> np.ndarray:
    """Where a gripped stick passes: between wrist and knuckles, on the palm side (body space, m)."""
    at = lambda b: pose.pos[rig.index[f"{b}.{side}"]]  # noqa: E731
    palm = posed_hand_axes(rig, pose, side)[2]
    return at("wrist") * 0.30 + at("finger3-1") * 0.70 + palm * 0.022


def posed_hand_axes(rig: Rig, pose: Pose, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finger direction, thumb side, palm normal in body space, from the posed knuckles."""
    at = lambda b: pose.pos[rig.index[f"{b}.{side}"]]  # noqa: E731
    finger = hand.unit(at("finger3-1") - at("wrist"))
    across = at("finger2-1") - at("finger5-1")
    thumb = hand.unit(across - finger * np.dot(finger, across))
    palm = cross(thumb, finger) if side == "R" else cross(finger, thumb)
    return finger, thumb, palm


def body_points(rig: Rig, character: Character, pose: Pose, posed_body: np.ndarray) -> dict[str, np.ndarray]:
    """Named points (3,) in body space. posed_body (13380,3): the body's posed vertices."""
    k = rig.index["head"]
    heads = character.body.heads

    def carried(point: np.ndarray) -> np.ndarray:
        return pose.pos[k] + pose.rot[k] @ (point - heads[k])

    marks = landmarks(character, rig)
    out = {"head": carried(character.skull)}
    for name in ("head_top", "chin", "nose"):
        out[name] = posed_body[marks[name]]
    out["neck"] = pose.pos[rig.index["neck01"]] * 0.5 + pose.pos[rig.index["neck02"]] * 0.5
    for s in "RL":
        at = lambda b: pose.pos[rig.index[f"{b}.{s}"]]  # noqa: E731, B023
        low = s.lower()
        out[f"shoulder_{low}"], out[f"elbow_{low}"], out[f"wrist_{low}"] = at("upperarm01"), at("lowerarm01"), at("wrist")
        out[f"hand_{low}"] = hand_center(rig, pose, s)
        out[f"knuckle_{low}"] = at("finger3-1")
        for name, bone in (("thumb", "finger1-3"), ("index", "finger2-3")):
            j = rig.index[f"{bone}.{s}"]
            out[f"{name}_{low}"] = pose.pos[j] + pose.rot[j] @ (character.body.tails[j] - heads[j])
        out[f"hip_{low}"] = at("upperleg01")
    return out


def landmarks(character: Character, rig: Rig) -> dict[str, int]:
    """Body vertices of the top of the head, the chin, the tip of the nose."""
    p = character.body.base[:13380]
    head = np.where(rig.weights[:13380][:, [rig.index["head"], rig.index["jaw"]]].sum(1) > 0.9)[0]
    middle = head[np.abs(p[head, 0]) < 0.004]
    eyes_y = character.body.heads[rig.index["eye.R"]][1]
    below = middle[(p[middle, 1] < eyes_y) & (p[middle, 2] > character.skull[2])]
    nose = below[p[below, 2].argmax()]
    chin_bone = character.body.tails[rig.index["jaw"]]
    chin = middle[np.linalg.norm(p[middle] - (chin_bone + [0, 0, 0.01]), axis=1).argmin()]
    return {"head_top": int(head[p[head, 1].argmax()]), "nose": int(nose), "chin": int(chin)}


def visible(xy: np.ndarray, distance_m: float, own: tuple, parts: np.ndarray, depth_mm: np.ndarray) -> int:
    """1 when a point lies in the picture and no other part covers it from the front."""
    h, w = parts.shape
    col, row = int(np.floor(xy[0] * w)), int(np.floor(xy[1] * h))
    if not (0 <= col < w and 0 <= row < h):
        return 0
    part = int(parts[row, col])
    if part == pc.BACKGROUND or part in own:
        return 1
    return int(depth_mm[row, col] / 1000 > distance_m - _CLEARANCE_M)


def make_labels(rig: Rig, character: Character, pose: Pose, view: View, drawn: dict, posed_body: np.ndarray) -> dict:
    """The labels.json entry of one drawn sample (without its seed and index)."""
    points = body_points(rig, character, pose, posed_body)
    names = list(POINT_NAMES)
    camera = view.to_camera(np.stack([points[n] for n in names]))
    picture = view.project(camera)
    out_points = {}
    for name, c, xy in zip(names, camera, picture):
        seen = visible(xy, float(np.linalg.norm(c)), _OWN[name], drawn["parts"], drawn["depth"]) if c[2] > 0.05 else 0
        out_points[name] = [round(float(xy[0]), 5), round(float(xy[1]), 5), round(float(c[2]), 4), seen]
    k = rig.index["head"]
    axes = (view.rotation @ pose.rot[k]).T  # rows: images of body x (to the picture's right when facing), y up, z out of the face
    head_z = camera[names.index("head")][2]
    width_m = 2 * character.head_half_width_m

    def vector(v) -> list[float]:
        return [round(float(c), 5) for c in v]

    hands = {}
    for s in "RL":
        finger, thumb, palm = (view.rotation @ v for v in posed_hand_axes(rig, pose, s))
        hands[f"hand_axes_{s.lower()}"] = {"finger": vector(finger), "thumb": vector(thumb), "palm": vector(palm)}
    w, h = drawn["parts"].shape[1], drawn["parts"].shape[0]
    return {
        "points": out_points,
        "head_axes": {"right": vector(axes[0]), "up": vector(axes[1]), "forward": vector(axes[2])},
        "head_width_m": round(width_m, 4),
        "head_width": round(float(width_m / head_z / (2 * view.tan_half_x)), 5),
        **hands,
        "hands_visible_fraction_r": round(drawn["hands_visible_fraction"][0], 3),
        "hands_visible_fraction_l": round(drawn["hands_visible_fraction"][1], 3),
        "hand_shape_r": pose.gestures["R"], "hand_shape_l": pose.gestures["L"],
        "camera": {
            "fov_x_deg": round(view.fov_x_deg, 3),
            "intrinsics": {"fx": w / 2 / view.tan_half_x, "fy": h / 2 / view.tan_half_y, "cx": w / 2, "cy": h / 2},
            "yaw_deg": round(view.yaw_deg, 2), "pitch_deg": round(view.pitch_deg, 2), "roll_deg": round(view.roll_deg, 2),
            "up": vector(view.up_way),
        },
        "light": {
            "lights": [{"dir": vector(l["way"]), "rgb": vector(l["rgb"])} for l in view.lights],
            "ambient_up": vector(view.ambient_up), "ambient_down": vector(view.ambient_down), "exposure": round(view.exposure, 4),
        },
        "person": {**character.body.traits, **character.look, "character": character.id},
    }  # fmt: skip
