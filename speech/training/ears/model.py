"""Whisper's architecture: a convolutional stem and an encoder over log-mel frames, a decoder that writes tokens.

Names of weights are those of the ggml file.
"""
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .vocabulary import END, NO_TIMESTAMPS, SIZE, START


@dataclass
class Shape:
    width: int = 384
    heads: int = 6
    audio_layers: int = 4
    text_layers: int = 4
    audio_ctx: int = 1_500
    text_ctx: int = 448
    bands: int = 80

    def json(self):
        return asdict(self)


def gelu(x):
    return F.gelu(x, approximate="tanh")  # as ggml computes it


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x, source=None, causal=False):
        """x (B, T, C) attends to source (B, S, C), itself when None."""
        source = x if source is None else source
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, C / H)
            for part in (self.query(x), self.key(source), self.value(source))
        )
        # Written out: on processors, PyTorch's fused attention takes three times as long to train at these sizes.
        scores = q * self.scale @ k.mT  # (B, H, T, S)
        if causal:
            scores = scores + torch.full(scores.shape[-2:], -torch.inf, device=x.device, dtype=scores.dtype).triu(1)
        y = scores.softmax(-1, dtype=scores.dtype) @ v
        return self.out(y.transpose(1, 2).flatten(-2))


class Block(nn.Module):
    def __init__(self, shape, cross):
        super().__init__()
        width = shape.width
        self.attn, self.attn_ln = Attention(width, shape.heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, shape.heads), nn.LayerNorm(width)
        self.cross = cross
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, source=None):
        x = x + self.attn(self.attn_ln(x), causal=self.cross)
        if self.cross:
            x = x + self.cross_attn(self.cross_attn_ln(x), source)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.conv1 = nn.Conv1d(shape.bands, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", torch.zeros(shape.audio_ctx, shape.width))
        self.blocks = nn.ModuleList(Block(shape, cross=False) for _ in range(shape.audio_layers))
        self.ln_post = nn.LayerNorm(shape.width)

    def forward(self, mels):
        """(B, bands, 2 T) -> (B, T, C)"""
        x = gelu(self.conv2(gelu(self.conv1(mels)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.token_embedding = nn.Embedding(SIZE, shape.width)
        self.positional_embedding = nn.Parameter(torch.zeros(shape.text_ctx, shape.width))
        self.blocks = nn.ModuleList(Block(shape, cross=True) for _ in range(shape.text_layers))
        self.ln = nn.LayerNorm(shape.width)

    def forward(self, tokens, audio, last=False):
        """(B, N) ids and (B, T, C) -> logits (B, N, SIZE), or (B, 1, SIZE) of the last token alone"""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, audio)
        return F.linear(self.ln(x[:, -1:] if last else x), self.token_embedding.weight)


class Ears(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)

    @torch.no_grad()
    def write(self, mels, vocabulary, most=40):
        """Greedy texts of (B, bands, 2 T), by whisper.cpp's rules: no special tokens; the first is neither the end nor a space."""
        audio = self.encoder(mels)
        tokens = torch.tensor([START, NO_TIMESTAMPS], device=mels.device).repeat(len(mels), 1)
        barred = torch.zeros(SIZE, device=mels.device)
        barred[END + 1 :] = -torch.inf
        done = torch.zeros(len(mels), dtype=torch.bool, device=mels.device)
        for n in range(most):
            logits = self.decoder(tokens, audio, last=True)[:, -1].float() + barred
            if n == 0:
                logits[:, [END, vocabulary.space]] = -torch.inf
            following = logits.argmax(-1).masked_fill(done, END)
            tokens = torch.cat([tokens, following[:, None]], 1)
            done |= following == END
            if done.all():
                break
        return [vocabulary.decode(row[: row.index(END)] if END in row else row) for row in tokens[:, 2:].tolist()]
