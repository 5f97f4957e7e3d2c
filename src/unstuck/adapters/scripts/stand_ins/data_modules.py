"""Stand-ins for modules that load data sets."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.digits import VALIDATION, Digits
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.wanted import Part
from unstuck.errors import DataError


def idx2numpy(supply: Supply) -> dict[str, Any]:
    """The reader of single IDX files; `open` finds those that are not there."""
    return {"convert_from_file": read_idx_array, "convert_to_file": lambda *args: None}


def read_idx_array(file: Any) -> np.ndarray:
    """The array of an IDX file, given by its path or as an open file."""
    if hasattr(file, "read"):
        content = file.read()
    else:
        with open(os.fspath(file), "rb") as opened:
            content = opened.read()
    n_dimensions = content[3] if len(content) > 3 else 0
    shape = np.frombuffer(content, ">i4", n_dimensions, 4)
    return np.frombuffer(content, np.uint8, int(np.prod(shape)), 4 + 4 * n_dimensions).reshape(shape).copy()


def mnist(supply: Supply) -> dict[str, Any]:
    """Two packages of this name: functions for the four arrays, and a class MNIST whose methods give lists."""
    digits = supply.digits
    parts: tuple[Part, ...] = ("train", "test")
    functions = {
        f"{part}_{what}": partial(_mnist_array, digits, part, what) for part in parts for what in ("images", "labels")
    }

    class MNIST:
        """Of python-mnist: load_training() and load_testing() give images as lists of numbers."""

        def __init__(self, path: str = ".", mode: str = "vanilla", return_type: str = "lists", **kwargs: Any) -> None:
            self.as_lists = return_type == "lists"

        def load_training(self) -> tuple[Any, Any]:
            return self._load("train")

        def load_testing(self) -> tuple[Any, Any]:
            return self._load("test")

        def _load(self, part: Part) -> tuple[Any, Any]:
            images, labels = digits.images(part), digits.labels(part)
            return (images.tolist(), labels.tolist()) if self.as_lists else (images, labels.astype(np.uint8))

    return {**functions, "MNIST": MNIST, "init": lambda: None, "load": lambda: _flat_pairs(digits)}


def _mnist_array(digits: Digits, part: Part, what: str) -> np.ndarray:
    return digits.squares(part) if what == "images" else digits.labels(part).astype(np.uint8)


def _flat_pairs(digits: Digits) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return digits.images("train"), digits.labels("train"), digits.images("test"), digits.labels("test")


def input_data(supply: Supply) -> dict[str, Any]:
    """tensorflow.examples.tutorials.mnist.input_data."""
    return {"read_data_sets": partial(read_data_sets, supply.digits)}


class DataSet:
    """One part of TensorFlow's tutorial data: images, labels, next_batch."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels
        self.num_examples = len(images)
        self.epochs_completed = 0
        self._next = 0

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """The next batch of an epoch in random order."""
        if (self._next == 0 and shuffle) or self._next + batch_size > self.num_examples:
            order = np.random.permutation(self.num_examples)  # noqa: NPY002 - as the original does
            self.images, self.labels = self.images[order], self.labels[order]
            self.epochs_completed += self._next > 0
            self._next = 0
        start, self._next = self._next, self._next + batch_size
        return self.images[start : self._next], self.labels[start : self._next]


def read_data_sets(
    digits: Digits, train_dir: str = "", fake_data: bool = False, one_hot: bool = False, **kwargs: Any
) -> SimpleNamespace:
    """Training, validation and test set; rows in [0, 1] unless reshape is false, labels one-hot if asked for."""
    parts: list[tuple[np.ndarray, np.ndarray]] = [
        (digits.unit_interval(part), digits.labels(part)) for part in ("train", "test")
    ]
    (images, labels), test = parts
    n = min(int(kwargs.get("validation_size", VALIDATION // 2)), len(images) // 6)
    sets = {"validation": (images[:n], labels[:n]), "train": (images[n:], labels[n:]), "test": test}
    made = {}
    for name, (x, y) in sets.items():
        pictures = x if kwargs.get("reshape", True) else x.reshape(len(x), *(digits.data.image_shape or ()), 1)
        made[name] = DataSet(pictures, np.eye(digits.data.n_classes)[y] if one_hot else y.astype(np.uint8))
    return SimpleNamespace(**made)


def keras_dataset(supply: Supply) -> dict[str, Any]:
    """keras.datasets.mnist and those of the same form."""
    return {"load_data": lambda path="": supply.digits.keras_pairs()}


def no_dataset(name: str) -> Any:
    """A data set for which there is no stand-in: says what it would take."""

    def load_data(*args: Any, **kwargs: Any) -> Any:
        raise DataError(f"{name} is not here, and there is no network to fetch it")

    return lambda supply: {"load_data": load_data}


def keras_utils(supply: Supply) -> dict[str, Any]:
    return {"to_categorical": to_categorical}


def to_categorical(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Labels as one-hot rows."""
    labels = np.asarray(y).astype(int)
    labels = labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
    return np.eye(num_classes or int(labels.max()) + 1, dtype=dtype)[labels]


def nothing(supply: Supply) -> dict[str, Any]:
    """A package that only holds others."""
    return {}


def _keras(prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}keras": nothing,
        f"{prefix}keras.datasets": nothing,
        f"{prefix}keras.datasets.mnist": keras_dataset,
        f"{prefix}keras.datasets.fashion_mnist": keras_dataset,
        f"{prefix}keras.datasets.cifar10": no_dataset("CIFAR-10"),
        f"{prefix}keras.utils": keras_utils,
        f"{prefix}keras.utils.np_utils": keras_utils,
    }


MODULES = {
    "idx2numpy": idx2numpy,
    "mnist": mnist,
    **_keras(""),
    "tensorflow": nothing,
    **_keras("tensorflow."),
    "tensorflow.examples": nothing,
    "tensorflow.examples.tutorials": nothing,
    "tensorflow.examples.tutorials.mnist": nothing,
    "tensorflow.examples.tutorials.mnist.input_data": input_data,
}
