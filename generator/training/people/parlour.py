"""The room behind the demo visitor, painted: a bright wall, a window with daylight, a shelf, a picture, a plant.

Everything is painted at twice the size in linear light, blurred as a webcam's lens blurs what lies behind, lit from
the window, and returned as linear light (H,W,3) so that the visitor's shadow can be cast on it.
"""

from __future__ import annotations

import cv2
import numpy as np

from .paint import linear


def paint_room(width: int, height: int, seed: int) -> np.ndarray:
    """The room (height, width, 3) float32, linear light."""
    rng = np.random.default_rng([seed, 12])
    w, h = width * 2, height * 2
    u = h / 960.0  # one pixel of the plan, which is 1280 x 960
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / u
    wall = linear((216, 206, 192)).astype(np.float32)
    room = np.tile(wall, (h, w, 1))

    def box(x0, y0, x1, y1, color) -> None:
        cv2.rectangle(room, (int(x0 * u), int(y0 * u)), (int(x1 * u) - 1, int(y1 * u) - 1), [float(c) for c in linear(color)], -1)

    _window(room, u, box)
    _picture(room, u, box)
    _shelf(room, u, box, rng)
    box(0, 905, 1280, 960, (232, 228, 220))
    light = 0.62 + 0.55 * np.exp(-(((x - 150) / 620) ** 2 + ((y - 330) / 640) ** 2)) + 0.16 * np.exp(-(((x - 1150) / 260) ** 2 + ((y - 250) / 300) ** 2))
    tint = np.stack([1.03 - 0.05 * np.exp(-(((x - 150) / 500) ** 2)), np.ones_like(x), 0.95 + 0.07 * np.exp(-(((x - 150) / 500) ** 2))], 2)
    room = room * light[..., None] * tint
    glow = np.zeros_like(room)
    _panes(glow, u)
    glow = cv2.GaussianBlur(glow, (0, 0), 2 * u)
    cover = np.clip(glow.max(2, keepdims=True) * 1.2, 0, 1)
    room = room * (1 - cover) + glow
    _plant(room, u, rng)
    room += cv2.GaussianBlur(glow, (0, 0), 70 * u) * 0.16
    room = cv2.GaussianBlur(room, (0, 0), 5.5 * u)
    return cv2.resize(room, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)


def _window(room, u, box) -> None:
    box(40, 70, 330, 640, (240, 238, 232))
    box(20, 640, 350, 668, (246, 244, 238))


def _panes(glow, u) -> None:
    """Daylight: sky above, far trees below, four panes."""
    top, low = np.array([0.80, 0.90, 1.0], np.float32), np.array([0.62, 0.74, 0.52], np.float32)
    for x0, x1 in ((60, 178), (192, 310)):
        for y0, y1 in ((90, 345), (361, 620)):
            rows = np.linspace(y0, y1, max(2, int((y1 - y0) * u)))
            mix = np.clip((rows - 330) / 210, 0, 1)[:, None, None]
            patch = (top * (1 - mix) + low * mix) * (1.0 - 0.12 * mix)
            a, b = int(y0 * u), int(x0 * u)
            glow[a : a + len(rows), b : int(x1 * u)] = patch


def _picture(room, u, box) -> None:
    box(800, 96, 1000, 366, (92, 72, 54))
    box(810, 106, 990, 356, (244, 240, 232))
    box(836, 140, 964, 322, (226, 170, 120))
    cv2.circle(room, (int(912 * u), int(212 * u)), int(36 * u), [float(c) for c in linear((240, 214, 160))], -1, cv2.LINE_AA)
    points = np.array([(836, 322), (836, 268), (872, 244), (912, 274), (940, 250), (964, 268), (964, 322)], float) * u
    cv2.fillPoly(room, [np.int32(points)], [float(c) for c in linear((62, 104, 112))], cv2.LINE_AA)


def _shelf(room, u, box, rng) -> None:
    """Two boards with books and pots at the right."""
    colors = [(196, 92, 70), (66, 106, 132), (222, 186, 108), (86, 128, 96), (238, 230, 214), (150, 86, 92), (58, 66, 92), (214, 148, 96)]
    order = rng.permutation(len(colors))
    for row, board in enumerate((470, 690)):
        box(1000, board, 1280, board + 16, (150, 108, 70))
        box(1000, board + 16, 1280, board + 30, (176, 164, 150))
        x, k = 1016.0, row * 3
        while x < 1180:
            wide, tall = rng.uniform(17, 32), rng.uniform(100, 150)
            box(x, board - tall, x + wide - 2, board, colors[order[k % len(colors)]])
            x, k = x + wide, k + 1
    box(1196, 410, 1256, 470, (228, 220, 206))
    box(1200, 630, 1270, 690, (92, 124, 132))


def _plant(room, u, rng) -> None:
    """A plant in a basket at the lower left, clear of the visitor's elbow: leaves of nearly the dress's colour that touch it
    are taken for sleeves.
    """
    pot = np.array([(20, 830), (170, 830), (154, 960), (36, 960)], float) * u
    cv2.fillPoly(room, [np.int32(pot)], [float(c) for c in linear((198, 158, 116))], cv2.LINE_AA)
    for _ in range(46):
        a = rng.normal(-np.pi / 2 - 0.2, 0.6)
        root = np.array([95 + rng.normal(0, 18), 830.0])
        long = rng.uniform(80, 175)
        tip = root + long * np.array([np.cos(a), np.sin(a)])
        tip[1] += 0.12 * abs(tip[0] - 95)
        middle = root * 0.45 + tip * 0.55 + np.array([0, -12])
        across = np.array([-np.sin(a), np.cos(a)]) * rng.uniform(9, 19)
        green = linear(np.array([58, 116, 66]) * rng.uniform(0.6, 1.35))
        cv2.fillPoly(room, [np.int32(np.array([root, middle + across, tip, middle - across]) * u)], [float(c) for c in green], cv2.LINE_AA)
