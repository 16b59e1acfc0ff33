"""Items on a body: which frame each kind hangs in, what may hide it, and drawing it. Training and evaluation share this.

`render/house/sketch.rs` does the same at run time, for a body that is followed through time.
"""
from dataclasses import dataclass

import numpy as np
import torch

import items
from items.drawing import wardrobe
from items.many import Placed, draw_many

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
    presence: np.ndarray | None = None   # (K,) 0..1; of labelled bodies all is there

    @staticmethod
    def of_labels(batch, row):
        points = frames.square(batch["points"][row, :, :2].cpu().numpy())
        return Body(points, batch["axes"][row].cpu().numpy(), float(batch["head_width"][row]), float(batch["torso_yaw"][row]))

    @staticmethod
    def of_outputs(points, pose):
        """From what `Sense` says of one frame: points (K, 4), pose (11)."""
        axes, width = pose[:9].reshape(3, 3).numpy(), float(pose[9].clamp(-5, 0).exp())
        return Body(frames.square(points[:, :2].numpy()), axes, width, float(pose[10]), torch.sigmoid(points[:, 2]).numpy())

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


def shown(piece: Piece, body: Body, bottom=ROOM[3]):
    """How much of the piece a mirror shows, 0..1, by what it sees of the body: `seen` and `held` of `render/house/sketch.rs`.

    bottom: the height at which the camera's picture ends.
    """
    if body.presence is None:
        return 1.0

    def present(name):
        return body.presence[POINTS.index(name)]

    def ramp(value, low, width):
        return float(np.clip((value - low) / width, 0, 1))

    if piece.attachment == "shoulders":
        return ramp(present("neck"), 0.2, 0.2)
    if piece.attachment not in ("hand", "arm"):
        return ramp(present("head"), 0.2, 0.2)
    hand = "hand_r" if piece.side < 0 else "hand_l"
    below = body.at(hand)[1] - bottom
    sure = ramp(0.18 - abs(below), 0, 0.08) if below > -0.08 else ramp(present(hand), 0.12, 0.2)
    return sure * ramp(max(present("head"), present("neck")), 0.2, 0.2)


def placed(piece: Piece, frame):
    """The piece in its frame as `items.many` draws it at the painter's size."""
    size = 1.0 if piece.attachment == "beside" else piece.size * piece.table["natural_size"]
    return Placed(items.Frame(*(tuple(v * WIDTH) for v in frame)), piece.params(), piece.tint, size=size)


class Hiders:
    """Where labelled frames hide what is worn, on the device of the batch: 1 where something stands before it."""

    def __init__(self, batch):
        self.parts, self.depth = batch["parts"], batch["depth"][:, 0]                      # (B, H, W)
        self.depth_of = batch["points"][:, :, 2].cpu().numpy()                             # (B, K)
        device = self.parts.device
        y, x = torch.arange(HEIGHT, device=device), torch.arange(WIDTH, device=device)
        self.x, self.y = (x + 0.5) / WIDTH, ((y + 0.5) / WIDTH)[:, None]
        self.is_head = (self.parts == PARTS.index("face")) | (self.parts == PARTS.index("hair"))

    def hides(self, worn):
        """worn: for every frame a piece and its frame, or None -> (B, H, W) float."""
        # The distance before which all is nearer; whether the head hides; the hand that hides, its place and reach.
        table = np.zeros((len(worn), 6), np.float32)
        table[:, [0, 2]] = -1.0
        for row, entry in enumerate(worn):
            match entry and entry[0].attachment:
                case "head":
                    table[row, 0] = self.depth_of[row, POINTS.index("head")] - 0.2
                case "shoulders":
                    table[row, :2] = self.depth_of[row, POINTS.index("neck")] - 0.14, 1
                case "hand":
                    # The hand at the grip; the blade is before everything else.
                    piece, frame = entry
                    hand = PARTS.index("hand_r" if piece.side < 0 else "hand_l")
                    table[row, 2:] = hand, frame[0][0], frame[0][1], GRIP * np.hypot(*frame[1][:2])
        nearer_than, by_head, hand, x, y, reach = torch.from_numpy(table).to(self.x.device).T[..., None, None]
        in_hand = (self.parts == hand) & (torch.hypot(self.x - x, self.y - y) < reach)
        return ((self.depth < nearer_than) | (self.is_head & (by_head > 0)) | in_hand).float()


def over(layer, below):
    """Premultiplied (..., 4) over (..., 4)."""
    return layer + below * (1 - layer[..., 3:])


def draw(outfits, bodies, hiders: Hiders | None = None, device="cpu"):
    """A batch of outfits, each a list of pieces, on its body.

    -> premultiplied front and behind (B, 4, H, W), and the visibility of the front (B, 1, H, W); 1 where nothing hides.
    """
    count, pixels = len(outfits), HEIGHT * WIDTH
    groups, stacks = {}, {"front": [], "behind": []}         # stacks: for each order, from below, a piece or None per frame
    for row, (pieces, body) in enumerate(zip(outfits, bodies)):
        heights = {"front": 0, "behind": 0}
        for piece in sorted(pieces, key=lambda p: (RANKS.index(p.attachment), p.kind)):
            frame = frame_of(piece, body)
            for layer in piece.table["layers"]:
                order, stack = layer["order"], stacks[layer["order"]]
                if heights[order] == len(stack):
                    stack.append([None] * count)
                stack[heights[order]][row] = piece, frame
                groups.setdefault((piece.kind, layer["name"]), (layer, []))[1].append((order, heights[order] * count + row, placed(piece, frame)))
                heights[order] += 1
    planes = {order: torch.zeros(len(stack) * count * pixels, 4, device=device) for order, stack in stacks.items()}
    for (kind, _), (layer, entries) in groups.items():
        which, pixel, colour = draw_many(wardrobe(device=str(device)), kind, layer, [entry[2] for entry in entries], WIDTH, HEIGHT)
        place = torch.tensor([entry[1] for entry in entries], device=device)[which] * pixels + pixel
        planes[layer["order"]][place] = colour
    drawn, hidden = {}, torch.zeros(count, HEIGHT, WIDTH, device=device)
    for order, stack in stacks.items():
        picture = torch.zeros(count, HEIGHT, WIDTH, 4, device=device)
        for worn, layer in zip(stack, planes[order].view(len(stack), count, HEIGHT, WIDTH, 4)):
            picture = over(layer, picture)
            if order == "front" and hiders:
                hidden = hidden * (1 - layer[..., 3]) + hiders.hides(worn) * layer[..., 3]
        drawn[order] = picture.permute(0, 3, 1, 2)
    return drawn["front"], drawn["behind"], 1 - hidden[:, None]


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
