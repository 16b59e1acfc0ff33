"""What training asks of the two networks, and the same quantities as figures for people."""
import torch
import torch.nn.functional as F

from .data import BEYOND
from .model import PARTS, POINTS

TRUNK = ("head", "neck", "shoulder_r", "shoulder_l")     # present where the picture reaches, even if covered
# How far outside of the picture a point is still asked for, in its widths and heights.  Wings and capes hang on both shoulders,
# also on one beyond the border; what a hand beyond it holds is not shown.
MARGIN = torch.tensor([0.15 if name.startswith(("hand", "wrist")) else 0.5 for name in POINTS])[:, None]
PART_WEIGHT = torch.tensor([0.5, 1.5, 1.0, 1.0, 1.5, 4.0, 1.5, 4.0, 1.0])


def sense_targets(batch):
    """Labels in the form that `Sense` predicts: (xy (B,K,2), weight (B,K), present (B,K), pose (B,11), parts (B,48,64))."""
    points = batch["points"]
    xy = points[..., :2]
    inside = ((xy >= 0) & (xy <= 1)).all(-1)
    margin = MARGIN.to(xy.device)
    near = ((xy >= -margin) & (xy <= 1 + margin)).all(-1)
    visible = points[..., 3] > 0.5
    weight = torch.where(inside & visible, 1.0, torch.where(inside, 0.4, torch.where(near, 0.3, 0.0)))
    hands = torch.tensor([3.0 if name.startswith("hand") else 1.0 for name in POINTS], device=xy.device)
    head = batch["head_width"].clamp_min(0.02).log()[:, None]
    pose = torch.cat([batch["axes"].flatten(1), head, batch["torso_yaw"][:, None]], 1)
    parts = F.interpolate(batch["parts"][:, None].float(), size=(48, 64), mode="nearest-exact")[:, 0].long()
    # An arm before the face takes no crown away; a hand that is not to be seen holds nothing.
    trunk = torch.tensor([name in TRUNK for name in POINTS], device=xy.device)
    present = inside & (visible | trunk & (points[..., 3] > BEYOND))
    return xy.clamp(-margin, 1 + margin), weight * hands, present.float(), pose, parts


def sense_loss(out, batch):
    """The loss and its terms.  Position is asked both of the mean (smooth L1) and of the heat map (cross-entropy)."""
    points, pose, parts, logit = (value.float() for value in out)
    xy, weight, present, want_pose, want_parts = sense_targets(batch)
    scale = weight.sum().clamp_min(1)
    position = (F.smooth_l1_loss(points[..., :2], xy, beta=0.02, reduction="none").sum(-1) * weight).sum() / scale
    ys, xs = torch.meshgrid((torch.arange(24, device=xy.device) + 0.5) / 24, (torch.arange(32, device=xy.device) + 0.5) / 32, indexing="ij")
    d2 = (xs.reshape(1, 1, -1) - xy[..., :1].clamp(0, 1)) ** 2 + ((ys.reshape(1, 1, -1) - xy[..., 1:].clamp(0, 1)) * 0.75) ** 2
    want_heat = torch.softmax(-d2 / (2 * 0.03**2), -1)
    heat = (-(want_heat * torch.log_softmax(logit, -1)).sum(-1) * weight).sum() / scale
    presence = F.binary_cross_entropy_with_logits(points[..., 2], present)
    turn = (pose - want_pose).abs()
    terms = {
        "position": position * 10, "heat": heat * 1.0, "presence": presence, "rotation": turn[:, :9].mean() * 2,
        "head_width": turn[:, 9].mean() * 5, "torso_yaw": turn[:, 10].clamp(max=1.5).mean() * 3,
        "parts": F.cross_entropy(parts, want_parts, weight=PART_WEIGHT.to(parts.device)) * 1.5,
    }
    return sum(terms.values()), terms


@torch.no_grad()
def sense_figures(out, batch):
    """Errors in units that mean something: distances in picture widths, angles in degrees, IoU."""
    points, pose, parts, _ = out
    xy, weight, present, want_pose, want_parts = sense_targets(batch)
    error = torch.hypot(points[..., 0] - xy[..., 0], (points[..., 1] - xy[..., 1]) * 0.75)
    figures = {}
    for name in ("head", "neck", "shoulder_r", "elbow_r", "hand_r", "hand_l"):
        k = POINTS.index(name)
        seen = present[:, k] > 0.5
        if seen.any():
            figures[f"{name}_error_median"] = error[seen, k].median().item()
        figures[f"{name}_presence_accuracy"] = ((points[:, k, 2] > 0) == seen).float().mean().item()
    forward = F.normalize(pose[:, 6:9], dim=1)
    figures["forward_degrees"] = torch.rad2deg(torch.acos((forward * want_pose[:, 6:9]).sum(1).clamp(-1, 1))).median().item()
    figures["head_width_ratio"] = (pose[:, 9] - want_pose[:, 9]).abs().exp().median().item()
    guess = parts.argmax(1)
    person, want = guess > 0, want_parts > 0
    figures["person_iou"] = ((person & want).sum() / (person | want).sum().clamp_min(1)).item()
    for name in ("face", "hair", "hand_r"):
        k = PARTS.index(name)
        figures[f"{name}_iou"] = (((guess == k) & (want_parts == k)).sum() / ((guess == k) | (want_parts == k)).sum().clamp_min(1)).item()
    return figures
