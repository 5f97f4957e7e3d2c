"""PyTorch with torch.compile, which needs a C++ compiler."""

from collections.abc import Callable

import numpy as np

from benchmarks.peers import pytorch
from benchmarks.sizes import Size


def label() -> str:
    return pytorch.label() + " compiled"


def kernels() -> dict[str, str]:
    from torch._inductor.cpu_vec_isa import pick_vec_isa

    return pytorch.kernels() | {"torch.compile": str(pick_vec_isa()) or "default"}


def training(size: Size, momentum: float, n_images: int) -> Callable[[], object]:
    return pytorch.training(size, momentum, n_images, compiled=True)


def prediction(layers: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    return pytorch.prediction(layers, compiled=True)
