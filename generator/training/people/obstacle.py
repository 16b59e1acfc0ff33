"""Where an arm may not go: inside the trunk, the head, or the other arm.

The trunk and head are taken as one star-shaped solid: for every height a centre and, for every direction
around it, the outermost distance of the posed points. A point nearer to the centre than that is inside.
"""

from __future__ import annotations

import numpy as np

_ROW_M = 0.025
_SECTORS = 48


class Obstacle:
    def __init__(self, points: np.ndarray):
        """points (T,3) m: posed trunk and head vertices."""
        self.low = points[:, 1].min()
        rows = ((points[:, 1] - self.low) / _ROW_M).astype(int)
        count = rows.max() + 1
        weight = np.bincount(rows, minlength=count).astype(float)
        centre = np.stack([np.bincount(rows, points[:, k], count) / np.maximum(weight, 1) for k in (0, 2)], 1)
        for row in range(1, count):
            if weight[row] == 0:
                centre[row] = centre[row - 1]
        kernel = np.ones(5) / 5
        padded = np.pad(centre, ((2, 2), (0, 0)), mode="edge")
        self.centre = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], 1)
        offset = points[:, [0, 2]] - self.centre[rows]
        radius = np.linalg.norm(offset, axis=1)
        sector = self._sector(offset)
        table = np.zeros((count, _SECTORS))
        np.maximum.at(table, (rows, sector), radius)
        for _ in range(3):  # fill the empty cells from their neighbours round the body, then from above and below
            around = np.maximum(np.roll(table, 1, 1), np.roll(table, -1, 1))
            table = np.where(table == 0, around, table)
        for _ in range(2):
            up, down = np.vstack([table[1:], table[-1:]]), np.vstack([table[:1], table[:-1]])
            table = np.where(table == 0, np.maximum(up, down), table)
        self.table = table

    @staticmethod
    def _sector(offset: np.ndarray) -> np.ndarray:
        return (np.floor((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi)) * _SECTORS).astype(int)) % _SECTORS

    def penetration(self, points: np.ndarray) -> tuple[float, np.ndarray]:
        """Deepest penetration (m) of points (A,3) and the horizontal direction that leads out."""
        rows = np.floor((points[:, 1] - self.low) / _ROW_M).astype(int)
        inside = (rows >= 0) & (rows < len(self.table))
        if not inside.any():
            return 0.0, np.zeros(3)
        rows, p = rows[inside], points[inside]
        offset = p[:, [0, 2]] - self.centre[rows]
        depth = self.table[rows, self._sector(offset)] - np.linalg.norm(offset, axis=1)
        k = int(depth.argmax())
        if depth[k] <= 0:
            return 0.0, np.zeros(3)
        bad = depth > depth[k] * 0.5
        way = offset[bad].mean(0)
        way = way / max(np.linalg.norm(way), 1e-9)
        return float(depth[k]), np.array([way[0], 0, way[1]])


def arm_points(weights: np.ndarray, names: list[str], side: str) -> np.ndarray:
    """Indices of the vertices of one arm from the lower half of the upper arm on, thinned to about 400."""
    wanted = [k for k, n in enumerate(names) if n.endswith("." + side) and n.startswith(("lowerarm", "wrist", "finger", "metacarpal"))]
    upper = names.index(f"upperarm02.{side}")
    share = weights[:, wanted].sum(1)
    chosen = np.where((share > 0.7) | ((share > 0.25) & (weights[:, upper] > 0.3)))[0]
    return chosen[:: max(1, len(chosen) // 400)]


def arms_cross(points: np.ndarray, segments: list) -> bool:
    """True when points (A,3) lie more than a centimetre inside one of the capsules (start, end, radius m)."""
    for start, end, radius in segments:
        axis = end - start
        t = np.clip((points - start) @ axis / max(axis @ axis, 1e-9), 0, 1)
        gap = np.linalg.norm(points - start - t[:, None] * axis, axis=1)
        if (gap < radius - 0.004).any():
            return True
    return False
