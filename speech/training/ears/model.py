"""Whisper's architecture: a convolutional stem and an encoder over log-mel frames, a decoder that writes tokens.

Names of weights are those of the ggml file.  Two things are ours: a head for the connectionist loss on phonemes, which is
dropped at export, and `BIAS`: the last norm sets that channel to 1, so the embedding's value there is the bias of a token, and an unused
token can be kept from ever winning.
"""
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

BIAS = 0


@dataclass
class Shape:
    width: int = 192
    heads: int = 3
    audio_layers: int = 4
    text_layers: int = 2
    audio_ctx: int = 1_500
    text_ctx: int = 128
    bands: int = 80

    def json(self):
        return asdict(self)


def gelu(x):
    return F.gelu(x, approximate="tanh")  # as ggml computes it


def sinusoids(length, channels):
    """(length, channels): sines, then cosines, of wavelengths up to 10000 * 2 pi."""
    scales = torch.exp(-torch.log(torch.tensor(10_000.0)) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * scales[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


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

    def forward(self, x, source=None, drop=0.0):
        def dropped(y):
            return F.dropout(y, drop, self.training) if drop else y

        x = x + dropped(self.attn(self.attn_ln(x), causal=self.cross))
        if self.cross:
            x = x + dropped(self.cross_attn(self.cross_attn_ln(x), source))
        return x + dropped(self.mlp(self.mlp_ln(x)))


class Encoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.conv1 = nn.Conv1d(shape.bands, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(shape.audio_ctx, shape.width), persistent=False)
        self.blocks = nn.ModuleList(Block(shape, cross=False) for _ in range(shape.audio_layers))
        self.ln_post = nn.LayerNorm(shape.width)

    def forward(self, mels, drop=0.0):
        """(B, bands, 2 T) -> (B, T, C)"""
        x = gelu(self.conv2(gelu(self.conv1(mels)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x, drop=drop)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, shape, tokens):
        super().__init__()
        self.token_embedding = nn.Embedding(tokens, shape.width)
        nn.init.normal_(self.token_embedding.weight, std=0.04)
        self.positional_embedding = nn.Parameter(torch.randn(shape.text_ctx, shape.width) * 0.02)
        self.blocks = nn.ModuleList(Block(shape, cross=True) for _ in range(shape.text_layers))
        self.ln = nn.LayerNorm(shape.width)

    def forward(self, tokens, audio, drop=0.0):
        """(B, N) ids and (B, T, C) -> logits (B, N, tokens)"""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, audio, drop=drop)
        x = self.ln(x)
        x = torch.cat([torch.ones_like(x[..., :1]), x[..., 1:]], -1)  # BIAS
        return F.linear(x, self.token_embedding.weight)


class Ears(nn.Module):
    def __init__(self, shape, tokens, phonemes):
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder = Encoder(shape), Decoder(shape, tokens)
        self.phonemes = nn.Linear(shape.width, phonemes + 1)  # 0 is the blank

    @torch.no_grad()
    def write(self, mels, vocabulary, most=40):
        """Greedy texts of (B, bands, 2 T), by whisper.cpp's rules: the first token is not the end."""
        audio = self.encoder(mels)
        start = torch.tensor([vocabulary.start, vocabulary.no_timestamps], device=mels.device)
        tokens = start.repeat(len(mels), 1)
        barred = torch.zeros(len(vocabulary), device=mels.device)
        barred[[vocabulary.start, vocabulary.no_timestamps]] = -torch.inf
        done = torch.zeros(len(mels), dtype=torch.bool, device=mels.device)
        for n in range(most):
            logits = self.decoder(tokens, audio)[:, -1].float() + barred
            if n == 0:
                logits[:, vocabulary.end] = -torch.inf
            following = logits.argmax(-1).masked_fill(done, vocabulary.end)
            tokens = torch.cat([tokens, following[:, None]], 1)
            done |= following == vocabulary.end
            if done.all():
                break
        return [vocabulary.decode(row[: row.index(vocabulary.end)] if vocabulary.end in row else row) for row in tokens[:, 2:].tolist()]
