"""The field: a small dense network from encoded chart coordinates to signed distances, light and highlight."""

import torch
from torch import nn
from torch.nn import functional


class Field(nn.Module):
    """sizes [inputs, hidden.., 4]; forward (N, inputs) -> raw (N, 4) = r0..r3 of charts.py."""

    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = functional.hardswish(layer(x))
        return self.layers[-1](x)


def outputs(raw: torch.Tensor, ppu, edge_unit: float, mask_unit: float):
    """raw (N, 4) -> alpha, D, S, M, each (N,), for edges as sharp as `ppu` pixels per unit ask."""
    alpha = (0.5 + raw[:, 0] * (edge_unit * ppu)).clamp(0, 1)
    mask = (0.5 + raw[:, 3] * (mask_unit * ppu)).clamp(0, 1)
    return alpha, raw[:, 1].clamp(0, 1.5), raw[:, 2].clamp(0, 1), mask


def colours(alpha, d, s, mask, tint, secondary) -> torch.Tensor:
    """(N, 4) premultiplied RGBA."""
    tint, secondary = (torch.as_tensor(c, dtype=torch.float32) for c in (tint, secondary))
    base = mask[:, None] * tint + (1 - mask[:, None]) * secondary
    rgb = (base * d[:, None] + s[:, None]).clamp(0, 1)
    return torch.cat([rgb * alpha[:, None], alpha[:, None]], -1)
