"""The two networks of the house renderer.

`Sense` looks at the camera frame alone and says where the body is: named points, the head's rotation, body parts.
`Painter` is the conditional diffusion model: from the frame (256x192), the body parts, a sketch of the scene in the
right places and a noised target it predicts the clean picture (x-prediction) in a form that keeps the camera's own
pixels: a matte of the person, the visibility and light of what is worn, the light the world throws on the person, and
a residual.

Both are plain convolutions with batch norm (folded at export) and ReLU: that is what CPUs run fastest, and what
the CUDA kernels need to know.
"""
import torch
from torch import nn
import torch.nn.functional as F

PAINT_SIZE = (192, 256)     # rows, columns, of what both networks look at
PARTS = ("background", "face", "hair", "torso", "arm_r", "hand_r", "arm_l", "hand_l", "legs")
POINTS = ("head", "neck", "shoulder_r", "shoulder_l", "elbow_r", "elbow_l", "wrist_r", "wrist_l", "hand_r", "hand_l")
POSE = ("right_x", "right_y", "right_z", "up_x", "up_y", "up_z", "forward_x", "forward_y", "forward_z",
        "log_head_width", "torso_yaw")


def _swapped(names):
    """Where in a mirror image each of them is: right is left."""
    other = {"_r": "_l", "_l": "_r"}
    return [names.index(name[:-2] + other[name[-2:]]) if name[-2:] in other else i for i, name in enumerate(names)]


SWAPPED_POINTS, SWAPPED_PARTS = _swapped(POINTS), _swapped(PARTS)
# What a mirror image does to the pose: an axis turns its x round, and right besides points the other way.
MIRRORED_POSE = torch.tensor([1.0, -1, -1, -1, 1, 1, -1, 1, 1, 1, -1])

# What the painter's output channels mean, at PAINT_SIZE.
PAINT = {"matte": (0, 1), "visible": (1, 2), "residual": (2, 5), "item_light": (5, 8), "person_gain": (8, 11), "person_lift": (11, 14)}
PAINT_CHANNELS = 14
# What goes in, at PAINT_SIZE, besides the parts and the step: frame, sketch (premultiplied RGB and alpha), world picture and flag, noised target.
PAINT_INPUT = {"frame": (0, 3), "sketch": (3, 7), "world": (7, 10), "noised": (10, 13)}
PAINT_INPUT_CHANNELS = 13


def conv(cin, cout, kernel=3, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


def doubled(x):
    """Every pixel four times, (B, C, H, W) -> (B, C, 2H, 2W); as a copy, which is faster to run than a resampling."""
    b, c, h, w = x.shape
    return x[:, :, :, None, :, None].expand(b, c, h, 2, w, 2).reshape(b, c, 2 * h, 2 * w)


class Residual(nn.Module):
    """x + conv(conv(x)), the second without activation before the sum.  (B, C, H, W) -> the same.

    still: starts as x alone, so that a trained network can be given one more.
    """

    def __init__(self, channels, still=False):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        if still:
            nn.init.zeros_(self.second[1].weight)

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class Sense(nn.Module):
    """frame (B, 3, 192, 256), 0..1 -> points (B, 10, 4), pose (B, 11), parts (B, 9, 48, 64) logits.

    A point is x, y in picture units (0..1 inside, a margin outside is meaningful), a presence logit, and the
    spread of its heat map (standard deviation in picture units), which says how sure the position is.
    """

    def __init__(self, widths=(48, 80, 144, 208), fine=32):
        super().__init__()
        a, b, c, d = widths
        self.stem = conv(3 * 4, a, 3, 2)                                              # 48 x 64
        self.level1 = Residual(a)
        self.level2 = nn.Sequential(conv(a, b, 3, 2), Residual(b), Residual(b))       # 24 x 32
        self.level3 = nn.Sequential(conv(b, c, 3, 2), Residual(c), Residual(c), Residual(c, still=True))   # 12 x 16
        self.level4 = nn.Sequential(conv(c, d, 3, 2), Residual(d), Residual(d), Residual(d, still=True))   # 6 x 8
        self.up3 = nn.Sequential(conv(c + d, c, 1), Residual(c))
        self.up2 = nn.Sequential(conv(b + c, b, 1), Residual(b))
        self.up1 = nn.Sequential(conv(a + b, fine, 1), conv(fine, fine))
        self.heat = nn.Conv2d(b, len(POINTS) * 4, 1)                                  # logit, dx, dy, presence
        self.parts = nn.Conv2d(fine, len(PARTS), 1)
        self.pose = nn.Sequential(nn.Linear(b + c + d, 128), nn.ReLU(inplace=True), nn.Linear(128, len(POSE) + len(POINTS)))
        ys, xs = torch.meshgrid((torch.arange(24) + 0.5) / 24, (torch.arange(32) + 0.5) / 32, indexing="ij")
        self.register_buffer("grid_x", xs.reshape(1, 1, -1).contiguous(), persistent=False)
        self.register_buffer("grid_y", ys.reshape(1, 1, -1).contiguous(), persistent=False)

    def around_the_peak(self, logit, p):
        """The heat map near its highest cell alone: of two likely hands one, not the point between them."""
        peak = logit.argmax(-1, keepdim=True)
        column, row = peak % 32, peak // 32
        near = (((self.grid_x * 32 - 0.5) - column).abs() < 3.5) & (((self.grid_y * 24 - 0.5) - row).abs() < 3.5)
        p = p * near.float()
        return p / p.sum(-1, keepdim=True)

    def forward(self, frame):
        x1 = self.level1(self.stem(F.pixel_unshuffle(frame - 0.5, 2)))                # 12 channels, 96 x 128
        x2 = self.level2(x1)
        x3 = self.level3(x2)
        x4 = self.level4(x3)
        y3 = self.up3(torch.cat([x3, doubled(x4)], 1))
        y2 = self.up2(torch.cat([x2, doubled(y3)], 1))
        y1 = self.up1(torch.cat([x1, doubled(y2)], 1))
        k = len(POINTS)
        heat = self.heat(y2).flatten(2).float()               # (B, 4K, 768)
        logit, dx, dy, seen = heat[:, :k], heat[:, k:2 * k], heat[:, 2 * k:3 * k], heat[:, 3 * k:]
        p = torch.softmax(logit, -1)
        at_head = p[:, 0:1]                                   # (B, 1, 768)
        p = self.around_the_peak(logit, p)
        x = (p * (self.grid_x + dx * 0.1)).sum(-1)            # (B, K)
        y = (p * (self.grid_y + dy * 0.1)).sum(-1)
        spread = torch.sqrt((p * ((self.grid_x - x[..., None]) ** 2 + (self.grid_y - y[..., None]) ** 2)).sum(-1) + 1e-8)
        head = (y2.flatten(2) * at_head).sum(-1)              # (B, b)
        coarse = F.avg_pool2d(at_head.reshape(-1, 1, 24, 32), 2).flatten(2) * 4
        around = (y3.flatten(2) * coarse).sum(-1)             # (B, c)
        out = self.pose(torch.cat([head, around, x4.mean((2, 3))], 1))
        presence = out[:, len(POSE):] + (p * seen).sum(-1)    # what the whole picture says, and what is seen at the point
        points = torch.stack([x, y, presence, spread], -1)
        return points, out[:, :len(POSE)], self.parts(y1), logit


def look(sense, frame):
    """What `sense`, in evaluation mode, says of a frame: points (B, 10, 4) and pose (B, 11), on average with what it says of the mirror
    image, since what it errs by is only partly the same in both; and parts (B, 9, 48, 64) as probabilities, of the frame alone: the
    painter, which was taught with those, makes worse masks of the mean."""
    points, pose, parts, _ = sense(frame)
    there, turned, _, _ = sense(frame.flip(3))
    there = there[:, SWAPPED_POINTS]
    there = torch.cat([1 - there[..., :1], there[..., 1:]], -1)
    return (points + there) / 2, (pose + turned * MIRRORED_POSE.to(pose)) / 2, torch.softmax(parts, 1)


class Painter(nn.Module):
    """inputs (B, 13, 192, 256), parts (B, 9, 48, 64) probabilities, step (B, 1) noise level 0..1 -> (B, 14, 192, 256).

    The outputs are raw: `compose.decode` gives them their ranges.
    """

    def __init__(self, widths=(16, 40, 64, 24)):
        super().__init__()
        a, b, c, d = widths
        self.enter = conv(PAINT_INPUT_CHANNELS * 4 + 1, a, 1)
        self.level1 = conv(a, a)                                     # 96 x 128
        self.down2 = conv(a, b, 3, 2)                                # 48 x 64
        self.meet = conv(b + len(PARTS), b, 1)
        self.level2 = Residual(b)
        self.level3 = nn.Sequential(conv(b, c, 3, 2), Residual(c))   # 24 x 32
        self.up2 = nn.Sequential(conv(b + c, b, 1), Residual(b))
        self.up1 = nn.Sequential(conv(a + b, d, 1), conv(d, d))
        self.leave = nn.Conv2d(d, PAINT_CHANNELS * 4, 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, inputs, parts, step):
        x = F.pixel_unshuffle(inputs, 2)                              # (B, 52, 96, 128)
        x = torch.cat([x, step[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])], 1)
        x1 = self.level1(self.enter(x))
        x2 = self.level2(self.meet(torch.cat([self.down2(x1), parts], 1)))
        x3 = self.level3(x2)
        y2 = self.up2(torch.cat([x2, doubled(x3)], 1))
        y1 = self.up1(torch.cat([x1, doubled(y2)], 1))
        return F.pixel_shuffle(self.leave(y1), 2)


def flops(module, *inputs):
    """Multiply-adds times two of the convolutions and linear layers of one forward pass."""
    total = 0
    hooks = []

    def count(layer, _, output):
        nonlocal total
        per = layer.weight[0].numel()
        total += 2 * per * output.numel()

    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            hooks.append(layer.register_forward_hook(count))
    with torch.no_grad():
        module(*inputs)
    for hook in hooks:
        hook.remove()
    return total
