"""Random distortions of training images: affine maps and elastic deformations.

Source: P. Y. Simard, D. Steinkraus, J. C. Platt, "Best Practices for Convolutional Neural Networks Applied to Visual
Document Analysis", ICDAR 2003, section 2. Ranges for rotation, scaling and shear: D. C. Ciresan, U. Meier,
L. M. Gambardella, J. Schmidhuber, "Deep, Big, Simple Neural Nets for Handwritten Digit Recognition", Neural
Computation 22(12), 2010, section 2.

Each output pixel p takes the input at  c + A (p - c) + t + u(p)  with bilinear interpolation; c is the centre of the
image, A a random 2 x 2 matrix, t a random shift, u a smooth random field; outside the image there is paper, 0.
Drawing a field costs more than applying it, so a few images chosen at random share one. Their pixels are laid side by
side, so that applying a field is four gathers of whole rows and a weighted sum in 16-bit integers: displacements are
rounded to 1/16 pixel, the four weights are multiples of 1/256 and sum to 1.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.errors import DataError

GROUP = 32  # images sharing one field
BITS = 4
STEPS = 1 << BITS  # displacements are multiples of 1 / STEPS pixel; STEPS**2 * 255 fits 16 bits


@dataclass(frozen=True)
class Distortion:
    """A random distortion: `distortion(images, generator)` returns distorted copies.

    elastic: strength of the elastic field, Simard's alpha: it multiplies uniform noise in [-1, 1] that was smoothed.
        The typical displacement is 0.16 elastic / smoothness pixels.
    smoothness: standard deviation in pixels of the Gaussian that smooths the noise, Simard's sigma.
    rotation: largest angle, in degrees.
    scaling: largest relative change of size, for height and width apart.
    shear: largest horizontal shift per row, in pixels.
    shift: largest translation in pixels, for both directions apart.

    Angles, scalings, shears and shifts are drawn uniformly from minus the largest to the largest. The defaults were
    chosen by the accuracy of two hidden layers on the last 10,000 training images of MNIST.
    """

    elastic: float = 30.0
    smoothness: float = 5.0
    rotation: float = 10.0
    scaling: float = 0.12
    shear: float = 0.12
    shift: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise DataError(f"Distortion: {name} is {value}, expected a finite number that is not negative")
        if self.scaling >= 1:
            raise DataError(f"Distortion: scaling is {self.scaling}, expected less than 1")
        if self.smoothness == 0:
            raise DataError("Distortion: smoothness is 0, expected a positive number of pixels")

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Distort uint8 images (n, side * side), ink bright on dark paper; returns the same shape and type."""
        side = math.isqrt(images.shape[-1])
        if images.dtype != np.uint8 or images.ndim != 2 or side * side != images.shape[1] or side < 2:
            raise DataError(
                f"Distortion: expected uint8 images of shape (n, side * side), got {images.dtype} of {images.shape}"
            )
        order = generator.permutation(len(images))
        groups = [order[i : i + GROUP] for i in range(0, len(order), GROUP)]
        distorted = np.empty_like(images, order="C")
        paper = np.zeros((side + 2, side + 2, GROUP), np.uint16)  # a margin of paper on each side
        for group, (taps, weights) in zip(groups, self._samplings(generator, len(groups), side), strict=True):
            padded = paper[..., : len(group)]
            padded[1:-1, 1:-1] = images[group].T.reshape(side, side, len(group))
            distorted[group] = _sample(padded.reshape(-1, len(group)), taps, weights).T
        return distorted

    def _samplings(self, generator: np.random.Generator, n: int, side: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """n times: taps (4, side**2), indices into the padded image, and their weights (4, side**2), sum STEPS**2."""
        for i in range(0, n, 64):  # as many fields at a time as stay in the cache
            for y, x in self._fields(generator, min(64, n - i), side):
                (row, below), (column, right) = np.divmod(y, STEPS), np.divmod(x, STEPS)
                above, left = STEPS - below, STEPS - right
                corner = row * (side + 2) + column
                taps = np.stack([corner, corner + 1, corner + side + 2, corner + side + 3])
                yield taps, np.stack([above * left, above * right, below * left, below * right]).astype(np.uint16)

    def _fields(self, generator: np.random.Generator, n: int, side: int) -> np.ndarray:
        """Where each output pixel looks: (n, 2 for y and x, side**2), in 1/STEPS pixels of the padded image."""
        centred = np.indices((side, side), np.float32).reshape(2, -1) - (side - 1) / 2  # (2, side**2)
        where = self._matrices(generator, n) @ centred + self._shifts(generator, n)  # (n, 2, side**2)
        if self.elastic:
            where += self.elastic * self._noise(generator, n, side)
        where += (side - 1) / 2 + 1  # the margin
        return np.rint(np.clip(where, 0, side + 1 - 1 / STEPS) * STEPS).astype(np.intp)

    def _matrices(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Random scaling, then shear, then rotation: (n, 2, 2) float32, acting on (y, x)."""
        angle = np.deg2rad(self.rotation) * generator.uniform(-1, 1, n)
        height, width = 1 + self.scaling * generator.uniform(-1, 1, (2, n))
        shear = self.shear * generator.uniform(-1, 1, n)
        cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros(n)
        rotate = np.array([[cos, sin], [-sin, cos]])  # (2, 2, n)
        stretch = np.array([[height, zero], [shear, width]])
        return np.einsum("ijn,jkn->nik", rotate, stretch).astype(np.float32)

    def _shifts(self, generator: np.random.Generator, n: int) -> np.ndarray:
        return (self.shift * generator.uniform(-1, 1, (n, 2, 1))).astype(np.float32)

    def _noise(self, generator: np.random.Generator, n: int, side: int) -> np.ndarray:
        """Uniform noise in [-1, 1], smoothed by a Gaussian in both directions: (n, 2, side**2) float32."""
        margin = math.ceil(3 * self.smoothness)
        noise = 2 * generator.random((n, 2, side + 2 * margin, side + 2 * margin), np.float32) - 1
        offsets = np.arange(side + 2 * margin) - margin - np.arange(side)[:, None]  # (side, side + 2 margin)
        kernel = np.exp(-0.5 * (offsets / self.smoothness) ** 2)
        kernel = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
        return (kernel @ noise @ kernel.T).reshape(n, 2, -1)


def _sample(padded: np.ndarray, taps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of four neighbours of every pixel: (pixels, n) uint16 in, (side**2, n) uint8 out."""
    total = np.full((taps.shape[1], padded.shape[1]), STEPS**2 // 2, np.uint16)  # one half, for rounding
    for tap, weight in zip(taps, weights, strict=True):
        neighbours = padded.take(tap, axis=0)
        neighbours *= weight[:, None]
        total += neighbours
    total >>= 2 * BITS
    return total.astype(np.uint8)
