"""Made photographs of handwritten digits: paper under uneven light, beside which a table may be seen."""

import numpy as np
from PIL import Image

KINDS = ("plain", "faint", "slope", "shadow", "vignette", "noise", "bright", "frame", "frame and slope", "side")


def photograph(kind: str, digit: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Brightness (height, width) in [0, 1] of a photograph of a digit (28, 28) uint8."""
    height, width = (int(generator.integers(220, 420)) for _ in range(2))
    side = int(min(height, width) * generator.uniform(0.45, 0.7))
    top, left = (int(generator.integers(n // 8, max(n // 8 + 1, n - side - n // 8))) for n in (height, width))
    ink = np.zeros((height, width))
    drawn = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)) / 255
    ink[top : top + side, left : left + side] = drawn[: height - top, : width - left]
    y, x = (axis / n - 0.5 for axis, n in zip(np.mgrid[:height, :width], (height, width), strict=True))
    angle = generator.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    light = generator.uniform(0.75, 0.95) * np.ones((height, width))
    if "slope" in kind:
        light *= 1 - 0.6 * np.clip(along + 0.5, 0, 1)
    if kind == "shadow":
        light *= 1 - 0.4 / (1 + np.exp(-(along + generator.uniform(-0.15, 0.15)) * generator.uniform(20, 60)))
    if kind == "vignette":
        light *= 1 - 0.5 * (x**2 + y**2) / 0.5
    strength = generator.uniform(0.06, 0.14) if kind == "faint" else generator.uniform(0.5, 0.8)
    image = 0.15 + 0.6 * ink if kind == "bright" else light * (1 - strength * ink)
    table = np.zeros((height, width), bool)
    if "frame" in kind:
        table[:] = True
        a, b, c, d = (int(generator.integers(4, min(height, width) // 10)) for _ in range(4))
        table[a : height - b, c : width - d] = False
    if kind == "side":
        table[:, : int(generator.integers(8, width // 7))] = True
    image = np.where(table, generator.uniform(0.05, 0.25), image)
    grain = {"noise": 0.05, "faint": 0.006}.get(kind, 0.01)
    return np.clip(image + generator.normal(size=image.shape) * grain, 0, 1).astype(np.float32)
