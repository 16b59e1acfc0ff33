"""A glowing golden ring that floats above the head, its front raised so that it shows as an ellipse from the front.

Head space (see head.py). The glow is bright in the middle of the ring and deep towards its outline, so that it reads
against bright walls too.
"""

import numpy as np

from . import head
from .solid import Model, Mesh, tube

CENTER = np.array([0.0, 1.06, -0.03])
TILT_DEG = 17.0
RX, RZ, THICK = 0.52, 0.54, 0.058


def build() -> dict:
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    path = np.stack([RX * np.sin(turn), 0 * turn, RZ * np.cos(turn)], -1)
    ring = tube(path, THICK, closed=True, cols=48, albedo=1.0, mask=1.0, metal=4.0)
    return {"halo": Model(Mesh.merge([ring]).moved(head.tilt_about_x(TILT_DEG), CENTER), [head.skull(head.HAIR)], ao_strength=0.0)}
