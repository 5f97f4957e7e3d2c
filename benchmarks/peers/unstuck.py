"""unstuck: `train` as a user calls it, on the images as they come (uint8)."""

from collections.abc import Callable

import numpy as np

import unstuck
from benchmarks.kernels import openblas_of
from benchmarks.sizes import Size


def label() -> str:
    return f"unstuck {unstuck.__version__}"


def kernels() -> dict[str, str]:
    from unstuck.nn.engine.compiled.library import load_library

    level = getattr(load_library("float32"), "level", None)  # none where training takes its NumPy form
    return openblas_of("numpy") | ({"compiled step": level} if level else {})


def training(size: Size, momentum: float, n_images: int) -> Callable[[], object]:
    data = unstuck.load_mnist()
    examples = data.images_train[:n_images], data.y_train[:n_images]
    network = unstuck.Network(size.layers, seed=0)
    optimizer = unstuck.SGD(size.learning_rate, momentum)
    return lambda: unstuck.train(network, examples, 1, size.batch_size, optimizer)


def prediction(layers: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    return unstuck.Network(layers, seed=0).scores


def product(a: np.ndarray, b: np.ndarray) -> Callable[[], object]:
    """NumPy's product with all its threads: the machine's rate as unstuck could have it."""
    return lambda: a @ b
