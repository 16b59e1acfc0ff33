"""Runs a theme's fragment shader and returns linear HDR light.

Supersampling is done by repeated passes with sub-pixel offsets, so one frame buffer of the final size is enough.
Rendering on one software-rasteriser thread is deterministic: same theme, seed, size and sample count, same floats.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

SHADER_DIR = Path(__file__).parent / "shaders"


def theme_names() -> list[str]:
    """Themes that have a shader, in alphabetical order."""
    return sorted(p.stem for p in SHADER_DIR.glob("*.glsl") if p.stem not in ("common", "main"))


def shader_source(theme: str) -> str:
    """The complete fragment shader of one theme.

    Raises ValueError for a theme without a shader.
    """
    path = SHADER_DIR / f"{theme}.glsl"
    if theme in ("common", "main") or not path.is_file():
        raise ValueError(f"unknown theme {theme!r}: expected one of {', '.join(theme_names())}")
    parts = [(SHADER_DIR / "common.glsl").read_text(), path.read_text(), (SHADER_DIR / "main.glsl").read_text()]
    return "#version 450 core\n" + "\n".join(parts)


def sample_offsets(samples: int) -> np.ndarray:
    """Sub-pixel offsets, shape (samples, 2), in -0.5..0.5: an R2 low-discrepancy sequence."""
    index = np.arange(samples, dtype=np.float64)[:, None]
    steps = np.array([[0.7548776662466927, 0.5698402909980532]])
    return np.mod(0.5 + index * steps, 1.0) - 0.5


class Painter:
    """One GL context. Stateless between renders: each render compiles what it needs and releases it."""

    def __init__(self) -> None:
        os.environ.setdefault("LP_NUM_THREADS", "1")
        import moderngl

        self._context = moderngl.create_standalone_context(backend="egl")

    def render_hdr(self, theme: str, seed: int, width: int, height: int, samples: int = 4) -> tuple[np.ndarray, np.ndarray]:
        """Linear light (height, width, 3) f32, top row first, and depth in metres (height, width) f32 of the first sample."""
        if width < 1 or height < 1 or samples < 1:
            raise ValueError(f"expected a positive size and sample count, got {width}x{height}, {samples} samples")
        context = self._context
        program = context.program(
            vertex_shader="#version 450 core\nin vec2 at;\nvoid main() { gl_Position = vec4(at, 0.0, 1.0); }\n",
            fragment_shader=shader_source(theme),
        )
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype="f4").tobytes())
        triangle = context.vertex_array(program, [(corners, "2f", "at")])
        target = context.texture((width, height), 4, dtype="f4")
        frame_buffer = context.framebuffer([target])
        try:
            for name, value in {"uResolution": (float(width), float(height)), "uSeed": seed & 0xFFFFFFFF, "uZero": 0}.items():
                if name in program:
                    program[name].value = value
            light = np.zeros((height, width, 3), dtype=np.float64)
            weight_sum = np.zeros((height, width, 1), dtype=np.float64)
            depth_m = None
            for offset in sample_offsets(samples):
                program["uJitter"].value = (float(offset[0]), float(offset[1]))
                frame_buffer.use()
                triangle.render()
                raw = np.frombuffer(frame_buffer.read(components=4, dtype="f4"), dtype="f4").reshape(height, width, 4)
                color = raw[::-1, :, :3].astype(np.float64)
                # A lone very bright sample would leave a jagged dot: weigh samples by how bright they are.
                weight = 1.0 / (1.0 + color.max(axis=2, keepdims=True))
                light += color * weight
                weight_sum += weight
                if depth_m is None:
                    depth_m = raw[::-1, :, 3].copy()
            return (light / weight_sum).astype(np.float32), depth_m
        finally:
            for resource in (frame_buffer, target, triangle, corners, program):
                resource.release()
