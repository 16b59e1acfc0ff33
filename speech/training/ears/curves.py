"""Draws the curves of a run as a PNG."""
import csv

import numpy as np
from PIL import Image, ImageDraw

COLUMNS = (("written", 1), ("right", 2), ("norm", 3))


def draw(table, picture, size=(900, 240)):
    """One panel for each column of COLUMNS over the steps, scaled to what it holds; nothing for an empty table."""
    with open(table, newline="") as file:
        rows = np.array([[float(cell) for cell in row] for row in csv.reader(file)])
    if not len(rows):
        return
    image = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(image)
    width = size[0] // len(COLUMNS)
    for n, (name, column) in enumerate(COLUMNS):
        values, steps = rows[:, column], rows[:, 0]
        low, high = values.min(), values.max()
        x = n * width + 10 + (steps - steps[0]) / max(np.ptp(steps), 1) * (width - 20)
        y = size[1] - 20 - (values - low) / max(high - low, 1e-9) * (size[1] - 50)
        canvas.line(list(zip(x, y)), fill="black")
        canvas.text((n * width + 10, 5), f"{name}: {values[-1]:.3f} ({low:.3f} to {high:.3f}), step {steps[-1]:.0f}", fill="black")
    image.save(picture)
