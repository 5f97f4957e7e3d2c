"""Inputs that know nothing of where a pixel lies: principal components of the images, under noise that fades."""

from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray


class PrincipalComponents:
    """The first directions in which images (n, n_pixels, uint8) vary most: a linear map, fitted to these."""

    def __init__(self, images: Array, n_components: int) -> None:
        pixels = images / 255
        self.mean = pixels.mean(axis=0)
        centred = pixels - self.mean
        _, directions = np.linalg.eigh(centred.T @ centred)  # in the order of their variance
        self.directions = directions[:, ::-1][:, :n_components]

    def __call__(self, images: Array) -> Array:
        """(n, n_components) float32: one unit is the range of a pixel."""
        return np.ascontiguousarray((images / 255 - self.mean) @ self.directions, np.float32)


@dataclass
class FadingNoise:
    """Gaussian noise whose standard deviation goes in a straight line from `first` to `last`, epoch by epoch."""

    first: float
    last: float
    epochs: int
    epoch: int = field(default=0, init=False)

    def __call__(self, x: Array, generator: np.random.Generator) -> Array:
        """x (n, n_components) under noise, for one epoch."""
        share = self.epoch / max(self.epochs - 1, 1)
        self.epoch += 1
        spread = np.float32(self.first + (self.last - self.first) * share)
        return x + spread * generator.standard_normal(x.shape, np.float32)


def straight_down(done: float) -> float:
    """A learning rate that falls in a straight line to 0."""
    return 1 - done
