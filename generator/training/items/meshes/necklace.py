"""A necklace on the chest: a chain of large and small beads with two stones, and a pendant with an oval stone and a pearl.

Shoulder space as the cape's. The chain lies on a tilted cylinder that the chart knows, its beads at angles that the field's waves meet.
"""

import numpy as np

from .cape import trunk
from .solid import Mesh, Model, sphere, tube

CENTER = np.array([0.0, -0.10, 0.02])
TILT = -np.pi / 4  # of the cylinder's axis about x, as charts.py has it
RX, RZ = 0.235, 0.42
BEADS = 32  # in a whole turn, large and small by turns; a power of two
END = np.deg2rad(97)  # where the chain goes over the shoulders
HEART = CENTER + np.array([0.0, RZ * np.sin(TILT) - 0.150, RZ * np.cos(TILT)])  # of the pendant
GOLD = dict(metal=1.0, mask=1.0)
STONE = dict(metal=2.0, mask=-1.0, albedo=1.25)


def chain_at(theta):
    """(.., 3) points of the middle of the chain; theta 0 in front."""
    theta = np.asarray(theta, float)
    x, z = RX * np.sin(theta), RZ * np.cos(theta)
    return CENTER + np.stack([x, z * np.sin(TILT), z * np.cos(TILT)], -1)


def chain() -> list:
    parts = [tube(chain_at(np.linspace(-END, END, 160)), 0.0085, cols=12, albedo=0.9, **GOLD)]
    for k in range(-8, 9):
        at = chain_at(2 * np.pi * k / BEADS)
        if k == 0:
            continue
        if abs(k) == 4:
            parts += stone(at + [0, 0, 0.004], (0.034, 0.034), beads=0)
        elif k % 2:
            parts.append(sphere(at, 0.0155, rows=13, cols=20, albedo=1.0, **GOLD))
        else:
            parts.append(sphere(at, 0.0295, rows=19, cols=30, albedo=1.05, **GOLD))
    return parts


def stone(at, half, beads) -> list:
    """An oval stone that faces forward in its setting, ringed by small beads."""
    a, b = half
    circle = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    ring = np.stack([(a + 0.006) * np.sin(circle), (b + 0.006) * np.cos(circle), 0.006 + 0 * circle], -1) + at
    parts = [
        sphere(at, (a + 0.010, b + 0.010, 0.012), rows=15, cols=40, albedo=0.9, **GOLD),
        tube(ring, 0.0105, cols=12, closed=True, albedo=1.1, **GOLD),
        sphere(at + [0, 0, 0.004], (a, b, 0.030), rows=25, cols=40, **STONE),
    ]
    for k in range(beads):
        turn = 2 * np.pi * (k + 0.5) / beads
        parts.append(sphere(at + [(a + 0.026) * np.sin(turn), (b + 0.026) * np.cos(turn), 0.004], 0.0185, rows=11, cols=18, albedo=1.12, **GOLD))
    return parts


def pendant() -> list:
    top = chain_at(0.0)
    circle = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    bail = top + np.stack([0.021 * np.sin(circle), -0.014 + 0.030 * np.cos(circle), 0.012 + 0 * circle], -1)
    pearl = HEART + [0, -0.150, 0.0]
    parts = [tube(bail, 0.0095, cols=12, closed=True, albedo=1.1, **GOLD)]
    parts += stone(HEART, (0.060, 0.076), beads=10)
    parts += [sphere(pearl + [0, 0.035, 0], 0.013, rows=11, cols=18, albedo=1.1, **GOLD), sphere(pearl, (0.027, 0.034, 0.027), rows=19, cols=30, **STONE)]
    return parts


def build() -> dict:
    return {"necklace": Model(Mesh.merge(chain() + pendant()), trunk(), ao_strength=0.5)}
