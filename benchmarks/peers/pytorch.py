"""PyTorch, eager: tensors in memory, batches by index, the fused form of SGD."""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from benchmarks.kernels import mkl_in, printed_by
from benchmarks.sizes import Size, images_and_labels


def label() -> str:
    return f"PyTorch {torch.__version__.split('+')[0]}"


def kernels() -> dict[str, str]:
    def multiply() -> None:
        with torch.backends.mkl.verbose(torch.backends.mkl.VERBOSE_ON):
            torch.ones(2, 2) @ torch.ones(2, 2)

    aten = {"ATen": torch.backends.cpu.get_cpu_capability()}
    return aten | mkl_in(printed_by(multiply)) if torch.backends.mkl.is_available() else aten


def build(layers: tuple[int, ...]) -> torch.nn.Sequential:
    torch.manual_seed(0)
    parts: list[torch.nn.Module] = []
    for n_in, n_out in pairwise(layers):
        parts += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


@lru_cache(maxsize=1)  # compiled once, whatever the number of images
def build_training(size: Size, momentum: float, compiled: bool) -> tuple[Callable[..., Any], torch.optim.Optimizer]:
    network = build(size.layers)
    if compiled:
        torch._dynamo.reset()  # it compiles only so many networks, and then takes the eager form without a word
    model = torch.compile(network) if compiled else network
    return model, torch.optim.SGD(network.parameters(), size.learning_rate, momentum, fused=True)


def training(size: Size, momentum: float, n_images: int, compiled: bool = False) -> Callable[[], object]:
    images, labels = images_and_labels()
    x, y = torch.from_numpy(images[:n_images]), torch.from_numpy(labels[:n_images])
    model, optimizer = build_training(size, momentum, compiled)
    cross_entropy = torch.nn.CrossEntropyLoss()

    def epoch() -> None:
        for rows in torch.randperm(n_images).split(size.batch_size):
            loss = cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def prediction(layers: tuple[int, ...], compiled: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    network = torch.nn.Sequential(build(layers), torch.nn.Softmax(dim=1)).eval()
    if compiled:
        torch._dynamo.reset()
    model = torch.compile(network) if compiled else network

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return predict


def product(a: np.ndarray, b: np.ndarray) -> Callable[[], object]:
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    return lambda: left @ right
