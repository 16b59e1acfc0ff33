"""Weights for the mirror, and reference activations.

    python -m house.export --run DIR [--assets ../../assets] [--reference reference]

* assets/house/weights.safetensors: every convolution with its batch norm folded in, f16.  The one file of weights,
  for every engine; the structure of the networks is written in each engine as it is in model.py.
* reference/house.safetensors: inputs and outputs of both networks computed here, that the Rust side must reproduce.
* the checksums of all model files go into assets/models.toml.
"""
import argparse
import hashlib
import json
import pathlib

import cv2
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

from . import compose, frames, model, outfit
from .folding import WEIGHTS, folded

VISITOR = pathlib.Path(__file__).resolve().parents[3] / "assets/demo/visitor.mp4"


class PainterOutputs(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, inputs, parts, step):
        maps = compose.decode(self.net(inputs, parts, step))
        return torch.cat([maps[name] for name in model.PAINT], 1)


def halved(module):
    """Rounds the weights to f16, as they are stored, so that references are of what is shipped."""
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(value.half().float())
    return module


def load(run):
    nets = {}
    for name, net in (("sense", model.Sense()), ("painter", model.Painter())):
        net.load_state_dict(torch.load(run / f"{name}.pt", map_location="cpu", weights_only=True)["average"])
        nets[name] = halved(folded(net))
    return nets["sense"], nets["painter"]


def stored(sense, painter):
    """The tensors of both folded networks by the names that the engines know, f16."""
    nets = {"sense": sense, "painter": painter}
    return {f"{net}.{name}": value.detach().numpy().astype(np.float16) for net, module in nets.items() for name, value in module.named_parameters()}


def write_models_toml(assets):
    """Checksums of every file of the built-in model; what the file says about speech models stays."""
    lines = ["# Every model file that Otherglass knows: checked before use. Written by `python -m house.export`.", ""]
    for path in sorted((assets / "house").rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".json", ".webp", ".jpg", ".png"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines += ["[[file]]", f'path = "{path.relative_to(assets).as_posix()}"', f'sha256 = "{digest}"', 'source = "made by generator/training in this repository"', 'licence = "MIT OR Apache-2.0"', ""]
    path = assets / "models.toml"
    _, marker, rest = path.read_text().partition("# Speech models") if path.exists() else ("", "", "")
    path.write_text("\n".join(lines) + (f"\n{marker}{rest}" if marker else ""))


def reference(sense, painter, path):
    """Inputs and outputs of both networks: the demo visitor for one, a smooth random picture for the other."""
    rng = np.random.default_rng(11)
    clip = cv2.VideoCapture(str(VISITOR))
    clip.set(cv2.CAP_PROP_POS_FRAMES, 30)
    _, picture = clip.read()
    small = cv2.resize(picture, model.PAINT_SIZE[::-1], interpolation=cv2.INTER_AREA)[..., ::-1].copy()
    frame = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
    inputs = torch.from_numpy(rng.uniform(0, 1, (1, model.PAINT_INPUT_CHANNELS, 24, 32)).astype(np.float32))
    inputs = nn.functional.interpolate(inputs, size=model.PAINT_SIZE, mode="bilinear")
    with torch.no_grad():
        points, pose, parts = model.look(sense.eval(), frame)
        maps = PainterOutputs(painter).eval()(inputs, parts, torch.ones(1, 1))
    kept = {
        "sense.frame": frame.numpy(), "sense.points": points.numpy(), "sense.pose": pose.numpy(), "sense.parts": parts.numpy(),
        "painter.inputs": inputs.numpy().astype(np.float16), "painter.maps": maps.numpy()[:, :, ::8, ::8],
    }
    save_file({name: np.ascontiguousarray(value) for name, value in kept.items()}, path)
    path.chmod(0o644)


def frame_cases(path):
    """Bodies and the item frames that follow from them, for the Rust twin of frames.py."""
    rng, chance = np.random.default_rng(5), np.random.default_rng(6)
    cases = []
    for index in range(40):
        bottom = outfit.ROOM[3] if index % 2 else 0.6                  # of a camera of 4:3, and of a wider one
        point = {name: rng.uniform(-0.1, 1.1, 2) * [1, 0.75] for name in model.POINTS}
        axes = rng.normal(0, 0.3, (3, 3)) + np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]])
        width, yaw = float(rng.uniform(0.05, 0.3)), float(rng.uniform(-1.2, 1.2))
        right = frames.sword_frame(point["hand_r"], point["elbow_r"], width, -1)
        left = frames.sword_frame(point["hand_l"], point["elbow_l"], width, 1)
        shoulders = frames.shoulder_frame(point["neck"], point["shoulder_r"], point["shoulder_l"], width, yaw)
        shields = [frames.shield_frame(point[f"hand_{hand}"], point[f"elbow_{hand}"], width) for hand in "rl"]
        company = {
            "size": float(rng.choice([0.5, 1.0, 1.0, 2.0])), "side": float(rng.choice([-1, 1])), "above": bool(rng.random() < 0.5),
            "index": int(rng.integers(3)), "seconds": float(rng.uniform(0, 100)), "room": [0.0, 0.09, 1.0, 0.66],
        }
        presence = chance.uniform(0, 0.5, len(model.POINTS))
        body = outfit.Body(np.array([point[name] for name in model.POINTS]), axes, width, yaw, presence)
        pieces = outfit.Piece("crown"), outfit.Piece("cape"), outfit.Piece("sword", side=-1), outfit.Piece("sword", side=1)
        flat = lambda frame: [list(map(float, v)) for v in frame]
        cases.append({
            "points": [list(map(float, point[name])) for name in model.POINTS], "up": list(axes[1]), "forward": list(axes[2]),
            "presence": list(map(float, presence)), "bottom": bottom, "shown": [outfit.shown(piece, body, bottom) for piece in pieces],
            "head_width": width, "torso_yaw": yaw, "head": flat(frames.head_frame(point["head"], axes, width)),
            "sword_r": flat(right), "sword_l": flat(left), "shoulders": flat(shoulders),
            "shield_r": flat(shields[0]), "shield_l": flat(shields[1]),
            "company": {**company, "frame": flat(frames.company_frame(point["head"], width, **company))},
        })
    path.write_text(json.dumps(cases))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--assets", type=pathlib.Path, default=pathlib.Path("../../assets"))
    parser.add_argument("--reference", type=pathlib.Path, default=pathlib.Path("reference"))
    args = parser.parse_args()
    house = args.assets / "house"
    house.mkdir(parents=True, exist_ok=True)
    args.reference.mkdir(parents=True, exist_ok=True)
    sense, painter = load(args.run)
    tensors = stored(sense, painter)
    save_file(tensors, house / WEIGHTS)
    (house / WEIGHTS).chmod(0o644)
    reference(sense, painter, args.reference / "house.safetensors")
    frame_cases(args.reference / "frames.json")
    write_models_toml(args.assets)
    count = sum(t.size for t in tensors.values())
    print(f"{count / 1e6:.2f} M weights, {(house / WEIGHTS).stat().st_size / 1e6:.1f} MB; checksums in {args.assets / 'models.toml'}")


if __name__ == "__main__":
    main()
