"""Each theme's finish and light: how its picture is graded and how a visitor must be relit to stand in it.

Light is described for a renderer that works on display values (sRGB, 0..1): the person's pixel becomes
`(pixel * gain_rgb + lift_rgb) * exposure`, then light from `key` is added where the body faces it, and `rim_rgb` along
the outline. Directions point from the person to the light: x right in the picture, y up, z toward the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .finish import Grade

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """How the world lights a person. `key_from` is for a layout whose side is +1; x flips with the side."""

    key_rgb: Rgb
    key_from: Rgb
    rim_rgb: Rgb
    gain_rgb: Rgb
    lift_rgb: Rgb
    exposure: float


@dataclass(frozen=True)
class Theme:
    """One world. `seeds` are the layouts that ship, the first first; `samples` a pixel is what edges and noise need in each."""

    seeds: tuple[int, int]
    light: Light
    samples: tuple[int, int] = (8, 2)
    grade: Grade = field(default_factory=Grade)


def layout_random(seed: int, index: int) -> float:
    """`rnd(index)` of common.glsl: the index-th random number of a layout, 0..1."""
    mask = 0xFFFFFFFF
    h = (index * 747796405 + (seed & mask) * 2891336453 + 277803737) & mask
    h = ((h ^ (h >> 15)) * 2246822519) & mask
    h = ((h ^ (h >> 13)) * 3266489917) & mask
    h ^= h >> 16
    return (h >> 8) / 16777216.0


def layout_side(seed: int) -> float:
    """`side()` of the shaders: -1.0 or 1.0, which half of the picture holds the main motif."""
    return -1.0 if layout_random(seed, 1) < 0.5 else 1.0


def key_direction(theme: Theme, seed: int) -> list[float]:
    """Unit vector from the person to the key light, for this seed's layout."""
    direction = np.asarray(theme.light.key_from, dtype=np.float64) * (layout_side(seed), 1.0, 1.0)
    return [round(float(v), 4) for v in direction / np.linalg.norm(direction)]


THEMES: dict[str, Theme] = {
    "ice_kingdom": Theme(
        seeds=(1, 4),
        light=Light(
            key_rgb=(0.55, 0.78, 1.00), key_from=(0.5, 0.7, 0.5), rim_rgb=(0.55, 0.88, 1.00),
            gain_rgb=(0.74, 0.88, 1.06), lift_rgb=(0.01, 0.03, 0.07), exposure=0.92,
        ),
        grade=Grade(exposure=0.78, bloom=0.10, contrast=1.24, saturation=1.12, shadow_tint=(0.94, 0.98, 1.06)),
    ),
    "throne_hall": Theme(
        seeds=(1, 4),
        light=Light(
            key_rgb=(1.00, 0.62, 0.32), key_from=(-0.7, 0.1, 0.35), rim_rgb=(1.00, 0.66, 0.36),
            gain_rgb=(0.90, 0.76, 0.64), lift_rgb=(0.02, 0.015, 0.02), exposure=0.86,
        ),
        grade=Grade(exposure=0.68, bloom=0.11, contrast=1.18, saturation=1.08, shadow_tint=(0.93, 0.98, 1.08), highlight_tint=(1.03, 1.0, 0.95)),
    ),
    "underwater": Theme(
        seeds=(1, 4),
        light=Light(
            key_rgb=(0.62, 1.00, 0.95), key_from=(-0.2, 1.0, -0.3), rim_rgb=(0.45, 0.95, 0.95),
            gain_rgb=(0.58, 0.92, 0.98), lift_rgb=(0.00, 0.05, 0.08), exposure=0.92,
        ),
        grade=Grade(exposure=0.55, bloom=0.10, contrast=1.18, saturation=1.16, shadow_tint=(0.94, 0.99, 1.05)),
    ),
    "space": Theme(
        seeds=(1, 4), samples=(3, 2),
        light=Light(
            key_rgb=(1.00, 0.92, 0.80), key_from=(-0.85, 0.35, 0.35), rim_rgb=(0.62, 0.55, 1.00),
            gain_rgb=(0.80, 0.80, 0.92), lift_rgb=(0.00, 0.00, 0.02), exposure=0.90,
        ),
        grade=Grade(exposure=0.68, bloom=0.12, contrast=1.18, saturation=1.14, shadow_tint=(0.80, 0.86, 1.18), highlight_tint=(0.98, 0.98, 1.03)),
    ),
    "jungle": Theme(
        seeds=(5, 4), samples=(2, 2),
        light=Light(
            key_rgb=(1.00, 0.95, 0.66), key_from=(0.45, 0.85, 0.15), rim_rgb=(0.80, 1.00, 0.52),
            gain_rgb=(0.82, 0.94, 0.70), lift_rgb=(0.01, 0.03, 0.01), exposure=0.90,
        ),
        grade=Grade(exposure=0.80, bloom=0.10, contrast=1.18, saturation=1.10, shadow_tint=(0.94, 1.02, 1.00), highlight_tint=(1.02, 1.0, 0.95)),
    ),
    "desert": Theme(
        seeds=(2, 7), samples=(4, 2),
        light=Light(
            key_rgb=(1.00, 0.74, 0.42), key_from=(-0.85, 0.35, 0.25), rim_rgb=(1.00, 0.72, 0.40),
            gain_rgb=(1.06, 0.90, 0.72), lift_rgb=(0.03, 0.02, 0.01), exposure=0.98,
        ),
        grade=Grade(exposure=0.62, bloom=0.09, contrast=1.26, saturation=1.16, shadow_tint=(0.98, 0.98, 1.05), highlight_tint=(1.03, 1.0, 0.94)),
    ),
    "candy_land": Theme(
        seeds=(1, 4), samples=(3, 2),
        light=Light(
            key_rgb=(1.00, 0.93, 0.90), key_from=(-0.45, 0.75, 0.50), rim_rgb=(1.00, 0.78, 0.92),
            gain_rgb=(1.05, 0.97, 1.00), lift_rgb=(0.05, 0.02, 0.04), exposure=1.00,
        ),
        grade=Grade(exposure=0.50, bloom=0.07, contrast=1.24, saturation=1.20, shadow_tint=(1.03, 0.97, 1.04)),
    ),
    "neon_city": Theme(
        seeds=(1, 4), samples=(6, 4),
        light=Light(
            key_rgb=(1.00, 0.30, 0.78), key_from=(0.80, 0.25, 0.40), rim_rgb=(0.25, 0.85, 1.00),
            gain_rgb=(0.78, 0.70, 0.98), lift_rgb=(0.03, 0.01, 0.06), exposure=0.88,
        ),
        grade=Grade(exposure=0.85, bloom=0.16, contrast=1.14, saturation=1.12, shadow_tint=(0.94, 0.98, 1.08)),
    ),
    "volcano": Theme(
        seeds=(2, 4), samples=(4, 2),
        light=Light(
            key_rgb=(1.00, 0.42, 0.12), key_from=(0.60, -0.10, 0.40), rim_rgb=(1.00, 0.45, 0.14),
            gain_rgb=(0.98, 0.70, 0.58), lift_rgb=(0.03, 0.01, 0.00), exposure=0.88,
        ),
        grade=Grade(exposure=0.74, bloom=0.10, contrast=1.16, saturation=1.08, shadow_tint=(0.98, 0.98, 1.04)),
    ),
    "night_sky": Theme(
        seeds=(1, 4), samples=(5, 2),
        light=Light(
            key_rgb=(0.52, 0.68, 1.00), key_from=(-0.35, 0.85, 0.30), rim_rgb=(0.50, 0.70, 1.00),
            gain_rgb=(0.60, 0.70, 0.94), lift_rgb=(0.00, 0.01, 0.05), exposure=0.84,
        ),
        grade=Grade(exposure=0.85, bloom=0.12, contrast=1.16, saturation=1.12, shadow_tint=(0.94, 0.98, 1.08)),
    ),
}
