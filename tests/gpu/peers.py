"""The house networks in PyTorch on the same machine, for the table that `bench_house.sh` makes.

    python tests/gpu/peers.py --out OUT [--device cuda|cpu] [--frames 1000] [--camera 640x480]

The same networks (training/house/model.py) with the same weights (assets/house), their batch norms folded as ours are,
batch 1, in half precision: eagerly, and compiled (max-autotune, which records CUDA graphs, channels last).  Each is first held against what PyTorch computed
when the model was exported.  Timed are the networks alone on the device, and a frame from the camera's YUYV bytes in host
memory to RGBA bytes in host memory, with matte and composition but without items, of which PyTorch has no renderer.
The roofline comes from operations and bytes counted from the networks and ceilings measured here.  Reads
OUT/house_check.json, if it is there, and writes OUT/peers.json and OUT/bench_house.txt, anew after each measured part.
On a CPU all runs in f32 and nothing is compiled unless --compile is given: a rehearsal.  Needs torch, numpy and
safetensors alone.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "generator/training"))

from house.compose import compose, decode  # noqa: E402
from house.folding import WEIGHTS, fill, folded  # noqa: E402
from house.model import PAINT_SIZE, Painter, Sense, flops, look  # noqa: E402


class Networks(torch.nn.Module):
    """frame (1, 3, 192, 256), inputs (1, 13, 192, 256) -> points, pose, raw maps (1, 14, 192, 256)."""

    def __init__(self, sense, painter):
        super().__init__()
        self.sense, self.painter = sense, painter

    def forward(self, frame, inputs, step):
        points, pose, parts = look(self.sense, frame)
        return points, pose, self.painter(inputs, parts.to(inputs.dtype), step)


class Whole(torch.nn.Module):
    """A frame: camera (H, W, 2) bytes of YUYV -> (H, W, 4) bytes of RGBA.  The world is a picture (1, 3, H, W) of 0..1."""

    def __init__(self, networks, noise, world):
        super().__init__()
        self.networks = networks
        self.register_buffer("noise", noise)
        self.register_buffer("world", world)
        self.register_buffer("small_world", F.interpolate(world, size=PAINT_SIZE, mode="area"))
        self.register_buffer("step", torch.ones(1, 1, dtype=noise.dtype, device=noise.device))
        self.register_buffer("on", torch.ones(1, 1, 1, 1, dtype=noise.dtype, device=noise.device))

    def forward(self, camera):
        pairs = camera.to(self.noise.dtype).unflatten(1, (-1, 2)).flatten(2)          # (H, W / 2, 4): Y0 U Y1 V
        y = (torch.stack([pairs[..., 0], pairs[..., 2]], -1).flatten(1) - 16) * (255 / 219)
        u, v = [((pairs[..., k] - 128) * (255 / 224)).repeat_interleave(2, 1) for k in (1, 3)]
        red, blue = y + 1.402 * v, y + 1.772 * u
        frame = (torch.stack([red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue])[None].clamp(0, 255) / 255)
        small = F.interpolate(frame, size=PAINT_SIZE, mode="area")
        nothing = torch.zeros_like(small[:, :1]).expand(-1, 4, -1, -1)
        inputs = torch.cat([small, nothing, self.small_world, self.noise], 1)
        _, _, raw = self.networks(small, inputs, self.step)
        maps = decode(raw.float())
        mean = lambda x: F.avg_pool2d(x, 7, 1, 3, count_include_pad=False)
        guide, matte = small.float().mean(1, keepdim=True), maps.pop("matte")
        a = (mean(guide * matte) - mean(guide) * mean(matte)) / (mean(guide * guide) - mean(guide) ** 2 + 4e-4)
        b = mean(matte) - a * mean(guide)
        large = lambda x: F.interpolate(x, size=frame.shape[2:], mode="bilinear", align_corners=False)
        frame = frame.float()
        maps = {name: large(value) for name, value in maps.items()}
        maps["matte"] = (large(mean(a)) * frame.mean(1, keepdim=True) + large(mean(b))).clamp(0, 1)
        clear = torch.zeros_like(frame[:, :1]).expand(-1, 4, -1, -1)
        out = compose(frame, clear, clear, self.world.float(), self.on.float(), maps)
        bytes_out = (out[0].permute(1, 2, 0) * 255 + 0.5).to(torch.uint8)
        return torch.cat([bytes_out, torch.full_like(bytes_out[..., :1], 255)], -1)


def networks(device, dtype):
    tensors = load_file(ROOT / "assets/house" / WEIGHTS)
    parts = {}
    for name, net in (("sense", Sense()), ("painter", Painter())):
        of_it = {key[len(name) + 1:]: value.float() for key, value in tensors.items() if key.startswith(name + ".")}
        parts[name] = folded(fill(net, of_it))
    return Networks(parts["sense"], parts["painter"]).to(device, dtype, memory_format=torch.channels_last).eval()


def reference(device, dtype):
    stored = load_file(ROOT / "generator/training/reference/house.safetensors")
    on = lambda name: stored[name].to(device, dtype)
    step = torch.ones(1, 1, device=device, dtype=dtype)
    return (on("sense.frame").reshape(1, 3, 192, 256), on("painter.inputs").reshape(1, 13, 192, 256), step), stored["painter.maps"].float()


@torch.no_grad()
def off(net, inputs, want):
    """The greatest difference of the maps in their ranges from the stored ones, every eighth pixel."""
    maps = decode(net(*inputs)[2].float().cpu())
    ours = torch.cat([maps[name] for name in ("matte", "visible", "residual", "item_light", "person_gain", "person_lift")], 1)
    return (ours[0, :, ::8, ::8] - want.reshape(14, 24, 32)).abs().max().item()


def percentiles(each_ms):
    ordered = sorted(each_ms)
    at = lambda share: ordered[round(share * (len(ordered) - 1))]
    return {"frames": len(ordered), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99)}


@torch.no_grad()
def timed(work, frames, device):
    """Milliseconds on the device of each call; on a CPU, of the call."""
    for _ in range(min(frames, 30)):
        work()
    if device == "cpu":
        each = []
        for _ in range(frames):
            start = time.perf_counter()
            work()
            each.append((time.perf_counter() - start) * 1e3)
        return percentiles(each)
    marks = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(frames)]
    torch.cuda.synchronize()
    for before, after in marks:
        before.record()
        work()
        after.record()
    torch.cuda.synchronize()
    return percentiles([before.elapsed_time(after) for before, after in marks])


@torch.no_grad()
def end_to_end(whole, camera, frames, device):
    """Milliseconds from bytes in host memory to bytes in host memory."""
    pin = (lambda x: x.pin_memory()) if device != "cpu" else (lambda x: x)
    camera, out = pin(camera), pin(torch.empty(*camera.shape[:2], 4, dtype=torch.uint8))
    each = []
    for i in range(min(frames, 30) + frames):
        start = time.perf_counter()
        out.copy_(whole(camera.to(device, non_blocking=True)), non_blocking=True)
        if device != "cpu":
            torch.cuda.synchronize()
        if i >= min(frames, 30):
            each.append((time.perf_counter() - start) * 1e3)
    return percentiles(each)


@torch.no_grad()
def ceilings(device, dtype):
    side, values = (8192, 1 << 28) if device != "cpu" else (512, 1 << 20)
    a = torch.randn(side, side, device=device, dtype=dtype)
    product = timed(lambda: a @ a, 20, device)["p50_ms"]
    x = torch.empty(values, device=device, dtype=dtype)
    y = torch.empty_like(x)
    copy = timed(lambda: y.copy_(x), 20, device)["p50_ms"]
    return {"flops_per_second": 2 * side**3 / (product * 1e-3), "bytes_per_second": 2 * x.numel() * x.element_size() / (copy * 1e-3)}


@torch.no_grad()
def counted(net, inputs, element):
    """Operations, and bytes if every layer reads its inputs and weights and writes its outputs once."""
    total, hooks = 0, []

    def count(layer, given, output):
        nonlocal total
        total += element * (given[0].numel() + layer.weight.numel() + output.numel())

    for layer in net.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            hooks.append(layer.register_forward_hook(count))
    operations = flops(net, *inputs)
    for hook in hooks:
        hook.remove()
    return {"flops": operations, "bytes": total}


def size(text):
    """Width and height of a camera of the networks' shape."""
    try:
        width, height = (int(side) for side in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a camera's size is like 640x480, not {text}") from None
    rows, columns = PAINT_SIZE
    if width * rows != height * columns:
        raise argparse.ArgumentTypeError(f"the camera must be 4:3 as the networks' pictures are, such as 640x480; it is {text}")
    return width, height


def table(report, ours):
    """The rows side by side: ours from house_check.json, PyTorch's, and the roofline."""
    rows = []
    for what, times in report["times"].items():
        rows.append((what, times))
    if ours is None:
        note = "house_check.json is not there: ours is missing"
    elif ours.get("skipped"):
        note = f"ours was skipped: {ours['skipped']}"
    else:
        note = f"ours on {ours['device']['name']}; red: {len(ours['faults'])}"
        rows += [(f"ours: {times['what']}", times) for times in ours["times"]]
    lines = [f"{report['device']}, {report['dtype']}, camera {report['camera']}; {note}", f"{'p50 ms':>9} {'p95 ms':>9} {'p99 ms':>9} {'frames':>7}"]
    lines += [f"{t['p50_ms']:9.3f} {t['p95_ms']:9.3f} {t['p99_ms']:9.3f} {t['frames']:7}  {what}" for what, t in rows]
    work, most = report["work"], report["ceilings"]
    least = max(work["flops"] / most["flops_per_second"], work["bytes"] / most["bytes_per_second"]) * 1e3
    lines.append(f"{least:9.4f} roofline of the networks: {work['flops'] / 1e9:.3f} GFLOP, {work['bytes'] / 1e6:.1f} MB at {most['flops_per_second'] / 1e12:.1f} TFLOP/s, {most['bytes_per_second'] / 1e9:.0f} GB/s")
    named = {what: t["p50_ms"] for what, t in rows}
    compiled, net = named.get("torch.compile: networks"), named.get("ours: networks alone")
    if compiled and net:
        lines.append(f"ours is {compiled / net:.2f} times as fast as torch.compile on the networks; {least / net:.2f} of the roofline")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--camera", type=size, default="640x480", help="4:3")
    parser.add_argument("--compile", action="store_true", help="compile on a CPU too")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(f"skipped: {options.frames} frames of PyTorch in 6 ways: torch sees no GPU")
        return
    device, dtype = options.device, torch.float16 if options.device == "cuda" else torch.float32
    width, height = options.camera
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    net = networks(device, dtype)
    inputs, want = reference(device, dtype)
    # As the Rust networks are allowed to be: f16 through up to 24 layers; and a weight changed must show.
    tolerance = 0.01
    error = off(net, inputs, want)
    with torch.no_grad():
        weight = net.painter.level1[0].weight
        kept = weight.clone()
        weight.mul_(1.2)
        control = off(net, inputs, want)
        weight.copy_(kept)
    print(f"maps are {error:.5f} off what was exported; with a layer's weights changed {control:.5f}")
    if error > tolerance or control < tolerance:
        raise SystemExit(f"red: {error} must be below {tolerance}, the control {control} above")
    world = torch.rand(1, 3, height, width, device=device, dtype=dtype)
    noise = torch.randn(1, 3, *PAINT_SIZE, device=device, dtype=dtype)
    camera = torch.randint(16, 236, (height, width, 2), dtype=torch.uint8)
    on_device = camera.to(device)
    inputs = tuple(x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs)
    report = {"device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "torch": torch.__version__, "dtype": str(dtype).removeprefix("torch."), "camera": f"{width}x{height}",
              "error": error, "control": control, "work": counted(net, inputs, dtype.itemsize), "ceilings": ceilings(device, dtype), "times": {}}

    found = options.out / "house_check.json"
    ours = json.loads(found.read_text()) if found.exists() else None

    def measure(name, net, whole):
        parts = {
            "networks": lambda: timed(lambda: net(*inputs), options.frames, device),
            "a frame on the device, without items": lambda: timed(lambda: whole(on_device), options.frames, device),
            "YUYV in host memory to RGBA in host memory, without items": lambda: end_to_end(whole, camera, options.frames, device),
        }
        for what, part in parts.items():
            report["times"][f"{name}: {what}"] = part()
            (options.out / "peers.json").write_text(json.dumps(report, indent=2))
            (options.out / "bench_house.txt").write_text(table(report, ours) + "\n")

    measure("torch eager", net, Whole(net, noise, world).eval())
    if device == "cuda" or options.compile:
        compiled = torch.compile(net, mode="max-autotune")
        whole = torch.compile(Whole(net, noise, world).eval(), mode="max-autotune")
        with torch.no_grad():
            error = off(compiled, inputs, want)
        if error > tolerance:
            raise SystemExit(f"red: compiled, the maps are {error} off")
        measure("torch.compile", compiled, whole)
    print(table(report, ours))


if __name__ == "__main__":
    main()
