"""Makes cases.safetensors: small inputs and what PyTorch computes from them in f64, for tests/reference.rs.

    python kernels/reference/make.py          needs torch and safetensors

The twins in src/ are the kernels' specification; this is what they are themselves held against. Tensors are named
case/tensor, in PyTorch's layouts (channels first). Inputs are rounded to f16 where the kernel's are.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

SEED = 20251125
tensors = {}


def normal(*shape, deviation=1.0, mean=0.0):
    return (torch.randn(*shape, dtype=torch.float64) * deviation + mean).half().double()


def keep(case, **values):
    for name, value in values.items():
        tensors[f"{case}/{name}"] = value.contiguous()


def conv_cases():
    def case(name, a, weights, compute, b=None, residual=None, activation=lambda x: x):
        bias = normal(weights.shape[0]).float().double()
        out = compute(a, b, weights, bias)
        if residual is not None:
            out = out + residual
        keep(name, a=a, weights=weights, bias=bias, out=activation(out), **({} if b is None else {"b": b}), **({} if residual is None else {"residual": residual}))

    case("conv.plain", normal(2, 13, 9, 11), normal(17, 13, 3, 3, deviation=0.1), lambda a, b, w, bias: F.conv2d(a, w, bias, padding=1), residual=normal(2, 17, 9, 11), activation=F.relu)
    case("conv.strided", normal(1, 5, 9, 7), normal(12, 5, 3, 3, deviation=0.2), lambda a, b, w, bias: F.conv2d(a, w, bias, stride=2, padding=1), activation=F.silu)
    case("conv.joined", normal(1, 12, 6, 8), normal(9, 22, 1, 1, deviation=0.2), lambda a, b, w, bias: F.conv2d(torch.cat([a, F.interpolate(b, scale_factor=2, mode="nearest")], 1), w, bias), b=normal(1, 10, 3, 4))
    for kernel in (1, 3):
        case(f"conv.unshuffled{kernel}", normal(1, 5, 8, 12), normal(12, 20, kernel, kernel, deviation=0.2), lambda a, b, w, bias: F.conv2d(F.pixel_unshuffle(a, 2), w, bias, padding=w.shape[-1] // 2), activation=F.relu)


def other_layers():
    a, weights, bias, residual = normal(10, 19), normal(21, 19, deviation=0.2), normal(21).float().double(), normal(10, 21)
    keep("linear", a=a, weights=weights, bias=bias, residual=residual, out=F.silu(F.linear(a, weights, bias) + residual))

    x, gamma, beta, scale, shift = normal(2, 40, 5, 7, mean=2.0), normal(40), normal(40), normal(2, 40, deviation=0.3), normal(2, 40)
    y = F.group_norm(x, 5, gamma, beta, 1e-5)
    keep("norm.group", x=x, gamma=gamma, beta=beta, scale=scale, shift=shift, out=F.silu(y * (1 + scale[:, :, None, None]) + shift[:, :, None, None]))
    x, gamma, beta, scale, shift = normal(2, 6, 24, mean=-1.0), normal(24), normal(24), normal(2, 24, deviation=0.3), normal(2, 24)
    y = F.layer_norm(x, (24,), gamma, beta, 1e-5)
    keep("norm.layer", x=x, gamma=gamma, beta=beta, scale=scale, shift=shift, out=y * (1 + scale[:, None]) + shift[:, None])

    q, k, v = normal(2, 3, 5, 40), normal(2, 3, 9, 40), normal(2, 3, 9, 40)
    keep("attention", q=q, k=k, v=v, out=F.scaled_dot_product_attention(q, k, v))

    clean, noise, levels = normal(7, 3), normal(7, 3), torch.tensor([0.75, 0.25], dtype=torch.float64)
    at = lambda level: (1 - level) * clean + level * noise
    keep("sampler", clean=clean, noised=at(levels[0]), levels=levels, out=at(levels[1]))


def frames():
    count, height, width = 3, 6, 8
    y = torch.randint(0, 256, (height, width)).double()
    u, v = torch.randint(0, 256, (2, height // 2, width // 2)).double()

    def rgb(y, u, v):
        y, u, v = (y - 16) * 255 / 219, (u - 128) * 255 / 224, (v - 128) * 255 / 224
        red, blue = y + 2 * (1 - 0.299) * v, y + 2 * (1 - 0.114) * u
        return torch.stack([red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue]).clamp(0, 255)

    whole = lambda plane: plane.repeat_interleave(2, 0).repeat_interleave(2, 1)
    keep("frame.nv12", bytes=torch.cat([y.flatten(), torch.stack([u, v], -1).flatten()]), out=rgb(y, whole(u), whole(v)))
    u, v = torch.randint(0, 256, (2, height, width // 2)).double()
    packed = torch.stack([y[:, ::2], u, y[:, 1::2], v], -1)
    keep("frame.yuyv", bytes=packed.flatten(), out=rgb(y, u.repeat_interleave(2, 1), v.repeat_interleave(2, 1)).flip(-1))

    picture = torch.randint(0, 256, (1, count, 18, 24)).double()
    keep("frame.shrink", rgb=picture, out=F.interpolate(picture, size=(6, 8), mode="area") / 255 * 2 - 1)
    # 25 to 8: every pixel eight times, then means of 25, which is the mean by area.
    picture = torch.randint(0, 256, (1, count, 25, 25)).double()
    keep("frame.uneven", rgb=picture, out=F.avg_pool2d(picture.repeat_interleave(8, 2).repeat_interleave(8, 3), 25) / 255)
    x = normal(1, count, 8, 6)
    keep("frame.unshuffle", x=x, out=F.pixel_unshuffle(x - 0.5, 2))


def composite():
    """The formulas of the training code's compose.py, with the matte guided by the camera's brightness."""
    height, width = 18, 24
    camera, world = torch.randint(0, 256, (2, 1, 3, height, width)).double()
    maps = torch.rand(1, 16, 6, 8, dtype=torch.float64).float().double()
    layers = []
    for _ in range(2):
        alpha = (torch.rand(1, 1, height, width, dtype=torch.float64) * 2 - 0.5).clamp(0, 1)
        layers.append(torch.cat([torch.rand(1, 3, height, width, dtype=torch.float64) * alpha, alpha], 1).half().double())
    front, behind = layers
    large = F.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)
    frame = camera / 255
    matte = (large[:, 0:1] * frame.mean(1, keepdim=True) + large[:, 1:2]).clamp(0, 1)
    visible, light, residual, gain, lift = large[:, 2:3], large[:, 3:6], large[:, 6:9], large[:, 9:12], large[:, 12:15]
    for on in (0, 1):
        backdrop = behind[:, :3] * light + (world / 255 if on else frame) * (1 - behind[:, 3:])
        person = frame * gain + lift if on else frame
        base = person * matte + backdrop * (1 - matte)
        out = front[:, :3] * visible * light + base * (1 - front[:, 3:] * visible) + residual
        keep(f"composite.{on}", camera=camera, world=world, maps=maps, front=front, behind=behind, out=out.clamp(0, 1) * 255)


def house_maps():
    """The training code's decode, the gate of its compose, and the guided matte by products as He and Sun write it."""
    logits = normal(1, 9, 4, 5, deviation=3.0)
    keep("softmax", x=logits, out=logits.softmax(1))
    raw, inputs = normal(1, 56, 6, 10, deviation=2.0), torch.rand(1, 7, 12, 20, dtype=torch.float64).half().double()
    cells, grips, covers = torch.rand(1, 2, 3, 5, dtype=torch.float64).float().double(), [(6.0, 5.0, 4.0), (15.0, 7.0, 3.5)], [(10.0, 6.0, 3.0)]
    rows, columns = torch.meshgrid(torch.arange(12) + 0.5, torch.arange(20) + 0.5, indexing="ij")
    inside = lambda circles: torch.stack([(r + 1 - torch.hypot(columns.double() - x, rows.double() - y)).clamp(0, 1) for x, y, r in circles]).amax(0)[None, None]
    floor = ((F.interpolate(cells[:, :1], scale_factor=4, mode="bilinear", align_corners=False) - 0.75) / 0.2).clamp(0, 1)
    r = F.pixel_shuffle(raw, 2)
    mean = lambda x: F.avg_pool2d(x, 7, 1, 3, count_include_pad=False)
    guide, matte = inputs[:, :3].mean(1, keepdim=True), torch.maximum(torch.sigmoid(r[:, 0:1]), floor)
    a = (mean(guide * matte) - mean(guide) * mean(matte)) / (mean(guide * guide) - mean(guide) ** 2 + 4e-4)
    b = mean(matte) - a * mean(guide)
    for on in (0, 1):
        gate = torch.ones_like(matte) if on else F.max_pool2d(inputs[:, 6:7], 9, 1, 4)
        # In a world something is worn on the head, so everything may be hidden; without, only what is at a grip.
        reach = (torch.ones_like(matte) if on else inside(grips)) * (1 - inside(covers))
        visible = 1 - (1 - torch.sigmoid(r[:, 1:2] + 2)) * F.interpolate(cells[:, 1:], scale_factor=4, mode="nearest") * reach
        parts = [mean(a), mean(b), visible, 2 ** torch.tanh(r[:, 5:8]), 0.25 * torch.tanh(r[:, 2:5]) * gate,
                 2 ** (1.5 * torch.tanh(r[:, 8:11])), 0.25 * torch.tanh(r[:, 11:14]), torch.zeros_like(matte)]
        limits = torch.tensor([on, len(grips), len(covers), 0] + [v for circle in grips + covers for v in (*circle, 0)]).double()
        keep(f"maps.{on}", raw=raw, inputs=inputs, cells=cells, limits=limits, out=torch.cat(parts, 1))


def sketch():
    """The first lines of the training code's compose: what is worn, and what its residual is gated by."""
    front, behind = torch.rand(2, 1, 4, 3, 5, dtype=torch.float64).half().double()
    out = torch.cat([front + behind * (1 - front[:, 3:]), torch.maximum(front[:, 3:], behind[:, 3:])], 1)
    keep("sketch", front=front, behind=behind, out=out)


def points():
    """The heads of the training code's Sense."""
    k, height, width = 3, 8, 10
    heat, fine, coarse, whole, presence = normal(1, 4 * k, height, width, deviation=2.0), normal(1, 16, height, width), normal(1, 8, height // 2, width // 2), normal(1, 24, 2, 3), normal(k)
    grid_y, grid_x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    grid_x, grid_y = grid_x.reshape(1, 1, -1).double(), grid_y.reshape(1, 1, -1).double()
    logit, dx, dy, seen = heat.flatten(2).split(k, 1)
    p = logit.softmax(-1)
    at_head = p[:, 0:1]
    peak = logit.argmax(-1, keepdim=True)
    column, row = peak % width, peak // width
    p = p * (((grid_x * width - 0.5 - column).abs() < 3.5) & ((grid_y * height - 0.5 - row).abs() < 3.5))
    p = p / p.sum(-1, keepdim=True)
    x, y = (p * (grid_x + dx * 0.1)).sum(-1), (p * (grid_y + dy * 0.1)).sum(-1)
    spread = torch.sqrt((p * ((grid_x - x[..., None]) ** 2 + (grid_y - y[..., None]) ** 2)).sum(-1) + 1e-8)
    head = (fine.flatten(2) * at_head).sum(-1)
    around = (coarse.flatten(2) * F.avg_pool2d(at_head.reshape(1, 1, height, width), 2).flatten(2) * 4).sum(-1)
    keep("points", heat=heat, fine=fine, coarse=coarse, whole=whole, presence=presence, pooled=torch.cat([head, around, whole.mean((2, 3))], 1),
         out=torch.stack([x, y, presence + (p * seen).sum(-1), spread], -1))


def cells():
    """The CPU renderer's floor under the matte and its limits of hiding, as poolings."""
    parts, before = torch.rand(1, 9, 7, 11, dtype=torch.float64), torch.rand(1, 1, 7, 11, dtype=torch.float64).float().double()
    # Mostly background, so that neither hiding nor the body is certain everywhere.
    parts = (parts * 3 + torch.tensor([3.0] + [0.0] * 8).reshape(1, 9, 1, 1)).softmax(1).half().double()
    f32 = lambda x: torch.tensor(x, dtype=torch.float32).double()
    seen = 1 - parts[:, :1]
    body = torch.where(seen < f32(0.15), seen, torch.maximum(seen, f32(0.9) * before))
    dilated = lambda x, radius: F.max_pool2d(x, 2 * radius + 1, 1, radius)
    eroded = lambda x, radius: -dilated(-x, radius)
    sure = eroded(torch.maximum(torch.minimum(eroded(dilated(body, 2), 2), 2 * body), body), 1)
    hides = parts[:, [5, 7, 4, 6, 1, 2]].sum(1, keepdim=True)
    keep("cells", parts=parts, before=before, after=body, out=torch.cat([sure, dilated((hides / f32(0.35)).clamp(max=1), 1)], 1))


if __name__ == "__main__":
    torch.manual_seed(SEED)
    conv_cases()
    other_layers()
    frames()
    composite()
    house_maps()
    points()
    sketch()
    cells()
    path = Path(__file__).parent / "cases.safetensors"
    save_file({name: value.clone() for name, value in sorted(tensors.items())}, path)
    print(f"{len(tensors)} tensors, {path.stat().st_size // 1024} KB")
