"""Batch norms into the convolutions before them, as weights ship, and out of them again, as training needs them.

Needs torch alone.
"""
import torch
from torch import nn

WEIGHTS = "weights.safetensors"     # of both networks, folded, in assets/house


def normed(module):
    """Pairs (convolution, the batch norm behind it, the convolution's name) in the order of `named_modules`."""
    for name, child in module.named_modules():
        if isinstance(child, nn.Sequential):
            for i in range(len(child) - 1):
                if isinstance(child[i], nn.Conv2d) and isinstance(child[i + 1], nn.BatchNorm2d):
                    yield child[i], child[i + 1], f"{name}.{i}"


@torch.no_grad()
def fill(net, tensors):
    """Loads folded weights: biases of convolutions that have a batch norm become its shift.  Exact in evaluation mode."""
    known = dict(net.named_parameters())
    behind = {name: norm for _, norm, name in normed(net)}
    for key, value in tensors.items():
        name, _, kind = key.rpartition(".")
        if kind == "bias" and name in behind:
            norm = behind[name]
            norm.bias.copy_(value)
            norm.weight.fill_(1.0)
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
        elif key in known:
            known[key].copy_(value)
        else:
            raise ValueError(f"the shipped weights hold {key}, which the network does not have: is model.py of another version?")
    return net


def folded(module):
    """The module itself, in evaluation mode: every Sequential's convolution has swallowed the batch norm behind it."""
    module.eval()
    for child in module.modules():
        if isinstance(child, nn.Sequential):
            for i in range(len(child) - 1):
                if isinstance(child[i], nn.Conv2d) and isinstance(child[i + 1], nn.BatchNorm2d):
                    child[i] = torch.nn.utils.fuse_conv_bn_eval(child[i], child[i + 1])
                    child[i + 1] = nn.Identity()
    return module
