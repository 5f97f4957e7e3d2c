"""What every peer trains: networks of six sizes on MNIST."""

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Size:
    """ReLU hidden layers, softmax, cross-entropy, float32; plain gradient descent or momentum 0.9."""

    hidden: tuple[int, ...]
    batch_size: int
    learning_rate: float

    @property
    def layers(self) -> tuple[int, ...]:
        return 784, *self.hidden, 10

    @property
    def label(self) -> str:
        return "-".join(map(str, self.layers)) + f", batch {self.batch_size}"

    @property
    def operations(self) -> int:
        """Floating-point operations of one training example if no zero is skipped: forward, and backward twice that.

        Nobody needs the gradient with respect to the inputs.
        """
        products = [n_in * n_out for n_in, n_out in zip(self.layers, self.layers[1:])]
        return 2 * (3 * sum(products) - products[0])


SIZES = (
    Size((30,), 10, 0.01),
    Size((100,), 10, 0.01),
    Size((256, 256), 64, 0.01),
    Size((800,), 128, 0.01),
    Size((1024, 1024, 1024), 256, 0.01),
    Size((2500, 2000, 1500, 1000, 500), 512, 0.01),
)


@cache
def images_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """The training images of MNIST, (60000, 784) float32 in [0, 1], and their labels, int64."""
    from unstuck.data import load_mnist

    data = load_mnist()
    return data.x_train, data.y_train
