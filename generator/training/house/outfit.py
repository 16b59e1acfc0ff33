"""Items on a body: which frame each kind hangs in, what may hide it, and drawing it. Training and evaluation share this.

`render/house/sketch.rs` does the same at run time, for a body that is followed through time.
"""
from dataclasses import dataclass

import numpy as np

import items
from items.drawing import wardrobe

from . import frames, model
from .model import PARTS, POINTS

HEIGHT, WIDTH = model.PAINT_SIZE
ROOM = (0.0, 0.0, 1.0, HEIGHT / WIDTH)
GRIP = 0.075                 # how far from the hand what is held can be hidden by it, in lengths of the thing
RANKS = ("shoulders", "head", "hand", "arm", "beside")     # what comes later is drawn over what came before


@dataclass
class Body:
    """One frame's body; lengths in picture widths."""

    points: np.ndarray       # (K, 2)
    axes: np.ndarray         # (3, 3) rows right, up, forward
    head_width: float
    torso_yaw: float

    @staticmethod
    def of_labels(batch, row):
        points = frames.square(batch["points"][row, :, :2].numpy())
        return Body(points, batch["axes"][row].numpy(), float(batch["head_width"][row]), float(batch["torso_yaw"][row]))

    @staticmethod
    def of_outputs(points, pose):
        """From what `Sense` says of one frame: points (K, 4), pose (11)."""
        axes, width = pose[:9].reshape(3, 3).numpy(), float(pose[9].clamp(-5, 0).exp())
        return Body(frames.square(points[:, :2].numpy()), axes, width, float(pose[10]))

    def trembling(self, rng):
        """The same as a network that is not quite sure would see it."""
        points = self.points + rng.normal(0, 0.04 * self.head_width, self.points.shape)
        return Body(points, self.axes + rng.normal(0, 0.06, (3, 3)), self.head_width * rng.uniform(0.93, 1.07), self.torso_yaw)

    def at(self, name):
        return self.points[POINTS.index(name)]


@dataclass(frozen=True)
class Piece:
    """One thing to wear.  side: -1 for the visitor's right hand, +1 for the left; for company, the side of the head."""

    kind: str
    size: float = 1.0
    tint: tuple | None = None
    side: int = -1
    above: bool = True
    seconds: float = 0.0

    @property
    def table(self):
        return wardrobe().kinds[self.kind]

    @property
    def attachment(self):
        return self.table["frame"]

    def params(self):
        """The kind's parameters at the piece's time, by name."""
        turn = {name: 2 * np.pi * self.seconds / wave["period_s"] for name, wave in self.table.get("motion", {}).items()}
        return {name: float(getattr(np, self.table["motion"][name]["wave"])(angle)) for name, angle in turn.items()}


def frame_of(piece: Piece, body: Body):
    """The frame in picture widths, before its size; company comes with its size."""
    hand, elbow = ("hand_r", "elbow_r") if piece.side < 0 else ("hand_l", "elbow_l")
    match piece.attachment:
        case "head":
            return frames.head_frame(body.at("head"), body.axes, body.head_width)
        case "shoulders":
            return frames.shoulder_frame(body.at("neck"), body.at("shoulder_r"), body.at("shoulder_l"), body.head_width, body.torso_yaw)
        case "hand":
            return frames.sword_frame(body.at(hand), body.at(elbow), body.head_width, piece.side)
        case "arm":
            return frames.shield_frame(body.at(hand), body.at(elbow), body.head_width)
        case "beside":
            size = piece.size * piece.table["natural_size"]
            return frames.company_frame(body.at("head"), body.head_width, size, piece.side, piece.above, 0, piece.seconds, ROOM)
        case other:
            raise ValueError(f"{piece.kind} hangs on {other!r}, which no frame is known for")


def layers(piece: Piece, frame):
    """(order, (H, W, 4) premultiplied) of every layer at the painter's size."""
    pixels = items.Frame(*(tuple(v * WIDTH) for v in frame))
    size = 1.0 if piece.attachment == "beside" else piece.size * piece.table["natural_size"]
    for table in piece.table["layers"]:
        yield table["order"], items.draw(piece.kind, pixels, piece.params(), WIDTH, HEIGHT, piece.tint, size, layer=table["name"])


class Hider:
    """Where one labelled frame hides what is worn: 1 where something stands before it.  All (H, W)."""

    def __init__(self, batch, row):
        self.parts, self.depth = batch["parts"][row].numpy(), batch["depth"][row, 0].numpy()
        self.depth_of = dict(zip(POINTS, batch["points"][row, :, 2].tolist()))

    def nearer(self, name, by_m):
        """Where something stands nearer to the camera than that point, by more than `by_m` metres."""
        return (self.depth < self.depth_of[name] - by_m).astype(np.float32)

    def hides(self, piece: Piece, frame):
        match piece.attachment:
            case "head":
                return self.nearer("head", 0.2)
            case "shoulders":
                is_head = np.isin(self.parts, [PARTS.index("face"), PARTS.index("hair")]).astype(np.float32)
                return np.maximum(is_head, self.nearer("neck", 0.14))
            case "hand":
                # The hand at the grip; the blade is before everything else.
                y, x = (np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5) / WIDTH
                near = np.hypot(x - frame[0][0], y - frame[0][1]) < GRIP * np.hypot(*frame[1][:2])
                return (near & (self.parts == PARTS.index("hand_r" if piece.side < 0 else "hand_l"))).astype(np.float32)
        return np.zeros((HEIGHT, WIDTH), np.float32)


def draw(pieces, body: Body, hider: Hider | None = None):
    """Premultiplied front and behind (H, W, 4), and the visibility of the front (H, W); 1 where no hider is given."""
    front, behind = np.zeros((HEIGHT, WIDTH, 4), np.float32), np.zeros((HEIGHT, WIDTH, 4), np.float32)
    hidden = np.zeros((HEIGHT, WIDTH), np.float32)
    for piece in sorted(pieces, key=lambda p: (RANKS.index(p.attachment), p.kind)):
        frame = frame_of(piece, body)
        hides = hider.hides(piece, frame) if hider else np.zeros((HEIGHT, WIDTH), np.float32)
        for order, layer in layers(piece, frame):
            into = front if order == "front" else behind
            into[...] = layer + into * (1 - layer[..., 3:])
            if order == "front":
                hidden = hidden * (1 - layer[..., 3]) + hides * layer[..., 3]
    return front, behind, 1 - hidden


def random_outfit(rng, hands_near=(True, True)):
    """Up to five things from the whole wardrobe, at most one where they would cover each other."""
    kinds = wardrobe().kinds
    by = {rank: [k for k, table in kinds.items() if table["frame"] == rank] for rank in RANKS}
    face = [k for k in by["head"] if k in ("glasses", "mask", "beard")]
    groups = [(by["shoulders"], 0.35), ([k for k in by["head"] if k not in face], 0.5), (face, 0.3), (by["beside"], 0.08)]
    chosen = [(str(rng.choice(group)), -1) for group, chance in groups if group and rng.random() < chance]
    held = by["hand"] + by["arm"]
    chosen += [(str(rng.choice(held)), side) for side, near in zip((-1, 1), hands_near) if held and near and rng.random() < 0.45]
    pieces = []
    for kind, side in chosen:
        tint = tuple(rng.uniform(0, 1, 3)) if rng.random() < 0.7 else None
        if kinds[kind]["frame"] == "beside":
            side = int(rng.choice([-1, 1]))
        pieces.append(Piece(kind, float(np.exp(rng.normal(0, 0.25))), tint, side, bool(rng.random() < 0.7), float(rng.uniform(0, 20))))
    return pieces
