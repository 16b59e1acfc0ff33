"""Muon for the matrices of the blocks, AdamW for everything else.

Muon (K. Jordan, 2024): the momentum of a matrix is replaced by the nearest orthogonal one, found by five Newton-Schulz
iterations.  Matrices of one shape are handled together.
"""
import torch


def orthogonal(batch):
    """(N, rows, columns) -> nearly orthogonal, spectral norms about 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = batch.bfloat16()
    turned = x.shape[1] > x.shape[2]
    x = x.mT if turned else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if turned else x).to(batch.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(tuple(p.shape), []).append(p)
            for (rows, columns), params in shapes.items():
                updates = []
                for p in params:
                    momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                    momentum.lerp_(p.grad, 1 - group["momentum"])
                    updates.append(p.grad.lerp(momentum, group["momentum"]))
                for p, update in zip(params, orthogonal(torch.stack(updates))):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)


def optimisers(net):
    """[Muon, AdamW] over all weights of an Ears; `lr` of each group is its peak."""
    matrices, others = [], []
    for name, p in net.named_parameters():
        (matrices if ".blocks." in name and p.ndim == 2 else others).append(p)
    return [Muon(matrices, 0.01, weight_decay=0.01), torch.optim.AdamW(others, 1e-3, betas=(0.9, 0.98), weight_decay=0.01)]
