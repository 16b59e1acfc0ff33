"""How well voices that were never trained on are understood.

    python -m ears.evaluate make --out DIR [--count 200]           DIR/clean and DIR/noisy: WAVs and utterances.tsv
    python -m ears.evaluate score --run RUN --folder DIR [--blend B]   word error rate of a checkpoint, in PyTorch

`utterances.tsv` has the columns file, text, voice, noise, and a first line that names them.  The sentences are those of `texts.visitors.held_out`; half
of them are spoken by flite's rms, half by RHVoice's clb.  In noisy, pink noise, a fan, babble or music is 10 dB under the voice.
"""
import argparse
import csv
import pathlib

import numpy as np
import scipy.io.wavfile
import torch

from acoustics import noise, rooms
from texts import visitors
from voices import build, engines

from . import base, features
from .vocabulary import Vocabulary

NOISE_DB, SEED = 10, 8_191
NOISES = ("pink", "fan", "babble", "music")


def make(out, count):
    rng = np.random.default_rng(SEED)
    voices = [voice for voice in engines.VOICES if voice.held_out and voice.engine in ("flite", "rhvoice")]
    lacking = {voice.engine for voice in voices} - engines.available()
    if lacking:
        raise SystemExit(f"not installed: {', '.join(sorted(lacking))}")
    texts = visitors.held_out(count)
    spoken = []
    for n, text in enumerate(texts):
        sound, = engines.speak(voices[n % len(voices)], [text], rng)
        sound = build.trimmed(sound)
        if sound is None:
            raise RuntimeError(f"{voices[n % len(voices)]} did not say {text!r}")
        # Half a second of silence around it, 6 dB of headroom for the noise.
        padded = np.pad(sound * 0.5, int(0.5 * engines.RATE_HZ))
        spoken.append((padded, slice(int(0.5 * engines.RATE_HZ), len(padded) - int(0.5 * engines.RATE_HZ))))
    sounds = [sound[voiced] for sound, voiced in spoken]
    for kind in ("clean", "noisy"):
        (out / kind).mkdir(parents=True, exist_ok=True)
        with open(out / kind / "utterances.tsv", "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(["file", "text", "voice", "noise"])
            for n, (text, (sound, voiced)) in enumerate(zip(texts, spoken)):
                disturbance = "none"
                if kind == "noisy":
                    disturbance = NOISES[n % len(NOISES)]
                    other = (
                        noise.babble(rng, len(sound), lambda rng: sounds[rng.integers(len(sounds))])
                        if disturbance == "babble" else noise.make(disturbance, rng, len(sound))
                    )
                    sound = rooms.at_ratio(sound, other, NOISE_DB, voiced)
                    sound = sound * min(1, 0.99 / np.abs(sound).max())
                scipy.io.wavfile.write(out / kind / f"{n:03d}.wav", engines.RATE_HZ, (sound * 32_767).astype(np.int16))
                table.writerow([f"{n:03d}.wav", text, str(voices[n % len(voices)]), disturbance])


def read(folder, step=1):
    """[(samples, text)] of every step-th row."""
    with open(folder / "utterances.tsv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))[::step]
    return [(engines.resampled(scipy.io.wavfile.read(folder / row["file"])[1], engines.RATE_HZ), row["text"]) for row in rows]


def as_detected(samples):
    """What the utterance detector would hand over of these files: 0.3 s before, 0.4 s after the voice."""
    return samples[int(0.2 * engines.RATE_HZ) : len(samples) - int(0.1 * engines.RATE_HZ)]


def word_errors(wanted, got):
    """Least number of words to replace, drop and put in."""
    row = np.arange(len(got) + 1)
    for n, word in enumerate(wanted, 1):
        before, row = row, np.empty_like(row)
        row[0] = n
        for m, other in enumerate(got, 1):
            row[m] = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (word != other))
    return int(row[-1])


def transcribe(net, vocabulary, sounds, least_positions=256):
    """Texts of a list of sounds, with the audio context that the program uses."""
    device = next(net.parameters()).device
    texts = [None] * len(sounds)
    contexts = [max(-(-(-(-len(sound) // 320) + 32) // 64) * 64, least_positions) for sound in sounds]
    order = sorted(range(len(sounds)), key=contexts.__getitem__)
    for at in range(0, len(order), 16):
        rows = order[at : at + 16]
        most = max(contexts[n] for n in rows)
        mels = np.stack([features.extract(sounds[n], 2 * most) for n in rows])
        for n, text in zip(rows, net.write(torch.from_numpy(mels).to(device), vocabulary)):
            texts[n] = text
    return texts


def score(net, vocabulary, pairs):
    """-> word error rate, share of utterances without an error, the texts."""
    got = transcribe(net, vocabulary, [as_detected(sound) for sound, _ in pairs])
    got = [visitors.normal(written) or "" for written in got]
    errors = [word_errors(text.split(), written.split()) for (_, text), written in zip(pairs, got)]
    words = sum(len(text.split()) for _, text in pairs)
    return sum(errors) / words, sum(error == 0 for error in errors) / len(errors), got


def short(net, vocabulary, folder, step=4):
    """A line with the word error rates of every `step`-th utterance, and what was made of three."""
    parts = []
    for kind in ("clean", "noisy"):
        pairs = read(folder / kind, step)
        rate, right, got = score(net, vocabulary, pairs)
        parts.append(f"{kind} wer {rate:.3f} right {right:.3f}")
        parts += [f"  {text!r} -> {written!r}" for (_, text), written in list(zip(pairs, got))[:3]]
    return "\n".join(parts)


def load(run, blend=1.0):
    """-> net, vocabulary: the averaged weights of RUN/ears.pt, `blend` of the way from the base model to them."""
    net, words = base.load(run)
    if blend > 0:
        file = run / "ears.pt"
        if not file.exists():
            raise SystemExit(f"{file} is not there; train first: python -m ears.train --data DATA --out {run}, or take --blend 0, the base model")
        trained = torch.load(file, map_location="cpu", weights_only=True)["average"]
        net.load_state_dict({name: torch.lerp(value, trained[name], blend) if name in trained else value for name, value in net.state_dict().items()})
    return net.eval(), Vocabulary(words)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["make", "score"])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--blend", type=float, default=1.0, help="0 is the base model, 1 the trained one")
    parser.add_argument("--step", type=int, default=1, help="take every N-th utterance")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    lacking = [name for name in {"make": ["out"], "score": ["run", "folder"]}[args.what] if getattr(args, name) is None]
    if lacking:
        parser.error(f"{args.what} needs --{' and --'.join(lacking)}")
    if args.what == "make":
        make(args.out, args.count)
        return
    net, vocabulary = load(args.run, args.blend)
    for kind in ("clean", "noisy"):
        pairs = read(args.folder / kind, args.step)
        rate, right, got = score(net, vocabulary, pairs)
        for (_, text), written in zip(pairs, got):
            if text != written:
                print(f"{kind}: {text!r} -> {written!r}")
        print(f"{kind}: {len(pairs)} utterances, word error rate {rate:.3f}, without an error {right:.3f}")


if __name__ == "__main__":
    main()
