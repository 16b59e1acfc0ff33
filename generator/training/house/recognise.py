"""Whether worlds and styles can be told from what the mirror makes of people it has never seen: two tables.

    python -m house.recognise --data DIR --held-out DIR --mirror otherglass [--count 20] [--pictures 120] [--renders 64]

`--mirror` is the built program: what is judged comes out of its `render`, a picture at a time.  DIR holds people/ and
rooms/; those of `--held-out` come of `people.build --held-out`.

Two small networks, one for worlds and one for styles, learn to name what they see in targets made of people that
training saw: worlds from the true composition of labelled people, styles from the program's own picture of a style
(there is no other truth of it), each beside plain pictures, of which there are more: a grainy, blurred camera has to be told from
paint.  Then they name what the mirror made of held-out people, by what they say of windows as large as those they learned from.
`*` marks a share under the bound; then the exit status is 1.  The row `plain` of each table is its control: the same
network, asked about held-out people in pictures that nothing was done to, must say "plain".
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from . import compose, data, evaluate, outfit

BOUND = 0.95
WORLDS = {
    "candy_land": "take me to candy land", "desert": "take me to the desert", "ice_kingdom": "take me to an ice kingdom", "jungle": "take me to the jungle",
    "neon_city": "take me to a neon city", "night_sky": "put me in the night sky", "space": "take me to space", "throne_hall": "take me to a throne hall",
    "underwater": "take me under water", "volcano": "take me to a volcano",
}
STYLES = {
    "oil_painting": "make it an oil painting", "watercolor": "make it a watercolour", "pencil_sketch": "make it a pencil sketch",
    "comic": "make it a comic", "pixel_art": "make it pixel art", "mosaic": "make it a mosaic",
}
PLAIN = "plain"
PART = 4                        # frames that are made together
PLAIN_TIMES = 4                 # as many plain pictures to learn from as of each other name
SIZE = (384, 512)               # of the pictures the program is given
WINDOWS = {"world": (88, 118), "style": (192, 256)}     # rows, columns; worlds are told at a quarter of SIZE


class Recogniser(nn.Module):
    """Names what fills a picture: strided convolutions, the mean over the picture, a linear layer (B, classes)."""

    def __init__(self, classes):
        super().__init__()
        layers, width = [], 3
        for out in (24, 32, 48, 64):
            layers += [nn.Conv2d(width, out, 3, 2, 1), nn.BatchNorm2d(out), nn.ReLU()]
            width = out
        self.body, self.head = nn.Sequential(*layers), nn.Linear(2 * width, classes)

    def forward(self, pictures):
        features = self.body(pictures - 0.5)
        return self.head(torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1))


def learn(pictures, labels, classes, rng, steps, window):
    """A Recogniser of windows (of that height and width) of pictures (N, 3, H, W) with labels (N,)."""
    net = Recogniser(classes)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
    net.train()
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        rows = rng.integers(len(pictures), size=24)
        y, x = (int(rng.integers(0, pictures.shape[2 + i] - window[i] + 1)) for i in (0, 1))
        batch = pictures[rows, :, y:y + window[0], x:x + window[1]].float() / 255
        if rng.random() < 0.5:
            batch = batch.flip(3)
        batch = (batch * torch.from_numpy(rng.uniform(0.85, 1.15, (len(rows), 1, 1, 1))).float()).clamp(0, 1)
        loss = F.cross_entropy(net(batch), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


def frames(people, rooms, rng, count):
    """A labelled batch of frames (192x256), of as many different people as there are.

    Made in small parts: what a part has in common must not come with a name.
    """
    rows = rng.permutation(len(people))[:count] if count <= len(people) else rng.integers(len(people), size=count)
    return data.batch_in_parts(people, rooms, rng, count, PART, rows=rows)


def bytes_of(pictures):
    """(B, 3, *SIZE) uint8 of pictures 0..1 of any size."""
    large = F.interpolate(pictures, size=SIZE, mode="bicubic", align_corners=False).clamp(0, 1)
    return (large * 255).round().to(torch.uint8)


class Program:
    """The built program, asked for one picture at a time."""

    def __init__(self, binary, folder):
        self.binary, self.folder = pathlib.Path(binary).resolve(), pathlib.Path(folder)
        if not self.binary.is_file():
            raise SystemExit(f"{binary} is not there: build it with cargo build --release")

    def render(self, picture, said, seed):
        """picture (3, H, W) uint8 -> (3, H, W) uint8 with the words said."""
        source, drawn = self.folder / "in.png", self.folder / "out"
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(source)
        command = [self.binary, "render", source, "--output", drawn, "--no-mirror", "--seconds", "0.05", "--seed", str(seed), "--say", said]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
        newest = max(drawn.glob("*.png"))
        return torch.from_numpy(np.array(Image.open(newest).convert("RGB"))).permute(2, 0, 1)


def world_targets(people, rooms, rng, count):
    """Pictures (N, 3, *SIZE) uint8 and labels (N,) of labelled people in worlds, or in none."""
    folder = evaluate.ASSETS / "worlds"
    pictures, labels = [], []
    for label, name in enumerate([*WORLDS, PLAIN]):
        many = count * (PLAIN_TIMES if name == PLAIN else 1)
        batch = frames(people, rooms, rng, many)
        on = torch.full((many, 1, 1, 1), float(name != PLAIN))
        world = torch.zeros_like(batch["frame"])
        places = sorted(folder.glob(f"{name}.webp")) + sorted(folder.glob(f"{name}-*.webp")) if name != PLAIN else []
        for row in range(many if places else 0):
            place = Image.open(places[row % len(places)]).convert("RGB").resize((outfit.WIDTH, outfit.HEIGHT))
            world[row] = torch.from_numpy(np.array(place)).permute(2, 0, 1).float() / 255
        nothing = torch.zeros(many, 4, outfit.HEIGHT, outfit.WIDTH)
        maps = compose.true_maps(batch, world, torch.ones(many, 1, outfit.HEIGHT, outfit.WIDTH))
        pictures.append(bytes_of(compose.target(batch["frame"], nothing, nothing, world, on, maps)))
        labels += [label] * many
    return torch.cat(pictures), torch.tensor(labels)


def program_pictures(program, people, rooms, rng, count, words, plain_times=1):
    """`count` of the program's pictures of people for each of the words, and `plain_times` as many of the same kind of frame untouched."""
    pictures, labels = [], []
    for label, (name, said) in enumerate([*words.items(), (PLAIN, None)]):
        print(f"{name} ...", file=sys.stderr, flush=True)
        given = bytes_of(frames(people, rooms, rng, count * (1 if said else plain_times))["frame"])
        for row in given:
            pictures.append(program.render(row, said, int(rng.integers(1000))) if said else row)
            labels.append(label)
    return torch.stack(pictures), torch.tensor(labels)


def name_of(net, picture, window):
    """The class of a picture (3, H, W) 0..1: the likeliest by the mean over nine windows that cover it."""
    (top, left), (height, width) = ([(size - part) // 2 for size, part in zip(picture.shape[1:], window)], window)
    parts = torch.stack([picture[:, y:y + height, x:x + width] for y in (0, top, 2 * top) for x in (0, left, 2 * left)])
    return int(torch.softmax(net(parts), 1).mean(0).argmax())


@torch.no_grad()
def shares(net, pictures, labels, names, window, shrink=lambda p: p):
    """Of each name, the share of its pictures (N, 3, H, W) uint8 that is called by it."""
    guess = torch.tensor([name_of(net, shrink(p[None])[0].float() / 255, window) for p in pictures])
    return {name: (guess[labels == i] == i).float().mean().item() for i, name in enumerate(names)}


def quarter(pictures):
    """Worlds are told from the whole picture at a quarter of its size."""
    return F.avg_pool2d(pictures.float(), 4).round().to(torch.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--held-out", type=pathlib.Path, required=True)
    parser.add_argument("--mirror", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=20, help="pictures of the program for each world and style")
    parser.add_argument("--pictures", type=int, default=120, help="targets to learn each world from")
    parser.add_argument("--renders", type=int, default=64, help="pictures of the program to learn each style from")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    rooms = data.Rooms(args.data / "rooms")
    known, strangers = data.People(args.data / "people"), data.People(args.held_out / "people", held_out=True)
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        program = Program(args.mirror, folder)
        pictures, labels = world_targets(known, rooms, rng, args.pictures)
        worlds = learn(quarter(pictures), labels, len(WORLDS) + 1, rng, args.steps, WINDOWS["world"])
        drawn = program_pictures(program, strangers, rooms, rng, args.count, WORLDS)
        named = shares(worlds, *drawn, [*WORLDS, PLAIN], WINDOWS["world"], quarter)
        pictures, labels = program_pictures(program, known, rooms, rng, args.renders, STYLES, PLAIN_TIMES)
        styles = learn(pictures, labels, len(STYLES) + 1, rng, args.steps, WINDOWS["style"])
        drawn = program_pictures(program, strangers, rooms, rng, args.count, STYLES)
        named_styles = shares(styles, *drawn, [*STYLES, PLAIN], WINDOWS["style"])
    for title, result in (("world", named), ("style", named_styles)):
        print(f"{title:16s} {'recognised':>10s}")
        for name, share in result.items():
            holds &= share >= BOUND
            print(f"{name:16s} {share:10.3f}{'' if share >= BOUND else '*'}")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
