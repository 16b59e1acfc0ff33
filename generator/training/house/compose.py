"""From the painter's outputs to the picture, and from labels to the picture it should have painted.

    backdrop = world picture where a world is on, else the camera's own
    behind   = what is worn behind the body (cape, wings), over the backdrop
    person   = camera * gain + lift (both only where a world is on), over that by the matte
    out      = what is worn in front, by its visibility and light, over that; plus the residual near what changed

Where nothing is worn and no world is on, `out` is the camera's frame exactly: the copy path.  The same formulas run
in Rust (`render/house/compose.rs`) at the full resolution of the camera.
"""
import torch
import torch.nn.functional as F

from .data import _gaussian
from .model import PAINT, PARTS


def decode(raw):
    """Raw painter outputs (B, 14, H, W) -> dict of maps in their ranges."""
    part = {name: raw[:, a:b] for name, (a, b) in PAINT.items()}
    return {
        "matte": torch.sigmoid(part["matte"]),
        "visible": torch.sigmoid(part["visible"] + 2),
        "residual": 0.25 * torch.tanh(part["residual"]),
        "item_light": 2.0 ** torch.tanh(part["item_light"]),
        "person_gain": 2.0 ** (1.5 * torch.tanh(part["person_gain"])),
        "person_lift": 0.25 * torch.tanh(part["person_lift"]),
    }


def gate(front, behind, world_on):
    """Where the residual may change the picture (B, 1, H, W): near what is worn, or everywhere in a world."""
    near = F.max_pool2d(torch.maximum(front[:, 3:], behind[:, 3:]), 9, 1, 4)
    return torch.maximum(near, world_on)


def compose(frame, front, behind, world, world_on, maps):
    """frame, world (B,3,H,W); front, behind premultiplied RGBA (B,4,H,W); world_on (B,1,1,1) 0 or 1 -> (B,3,H,W)."""
    backdrop = torch.where(world_on > 0.5, world, frame)
    backdrop = behind[:, :3] * maps["item_light"] + backdrop * (1 - behind[:, 3:])
    person = torch.where(world_on > 0.5, frame * maps["person_gain"] + maps["person_lift"], frame)
    base = person * maps["matte"] + backdrop * (1 - maps["matte"])
    out = front[:, :3] * maps["visible"] * maps["item_light"] + base * (1 - front[:, 3:] * maps["visible"])
    return (out + maps["residual"] * gate(front, behind, world_on)).clamp(0, 1)


def true_maps(batch, world, visible):
    """The maps that make the target, from labels.  visible (B, 1, H, W): where nothing hides what is worn in front.

    Light on items follows the light on the visitor; the person takes half of the world's colour, some of its
    brightness, and its light around the edges (light wrap).
    """
    alpha, frame = batch["alpha"], batch["frame"]
    grey = (frame * alpha).sum((1, 2, 3), keepdim=True) / 3 / alpha.sum((1, 2, 3), keepdim=True).clamp_min(1)
    brightness = (0.55 + 1.0 * grey).clamp(0.6, 1.2)
    mean = world.mean((2, 3), keepdim=True)
    luminance = mean.mean(1, keepdim=True).clamp_min(0.02)
    gain = (1 + 0.5 * (mean / luminance - 1)).clamp(0.5, 1.6) * (0.86 + 0.42 * luminance)
    around = F.interpolate(_gaussian(F.avg_pool2d(world * (1 - alpha) + mean * alpha, 8), 1.5), scale_factor=8, mode="bilinear", align_corners=False)
    edge = (1 - _gaussian(alpha, 4.0)) * alpha
    lift = (0.05 * mean + edge * (around - 0.25).clamp_min(0) * 0.9).clamp(0, 0.25)
    return {
        "matte": alpha, "visible": visible, "residual": torch.zeros_like(frame),
        "item_light": brightness.expand_as(frame), "person_gain": gain.expand_as(frame), "person_lift": lift,
    }


def shadow(front, maps):
    """The soft shadow (B, 1, H, W) that what is worn throws down onto the visitor: a share of light taken away."""
    cover = front[:, 3:] * maps["visible"]
    fallen = torch.roll(_gaussian(cover, 2.5), (4, 1), (2, 3))
    return 0.45 * fallen * maps["matte"] * (1 - cover)


def target(frame, front, behind, world, world_on, maps):
    """The picture to paint: the composition with shadows."""
    clean = compose(frame, front, behind, world, world_on, maps)
    return clean * (1 - shadow(front, maps))
