"""Images and labels in the layouts that posts load: MNIST of this package, or the data that the user gives."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.shared import Shared
from unstuck.adapters.scripts.stand_ins.wanted import Part, Wanted
from unstuck.data import Dataset, load_mnist, read_data

KAGGLE_ROWS = 42_000  # of the training set of the competition "Digit Recognizer", a part of MNIST
VALIDATION = (
    10_000  # training images that TensorFlow's tutorial and mnist.pkl.gz set apart: the last, or first, of them
)
EXERCISE = 5_000  # digits of the course's exercise


class Digits:
    """The data set, read when it is first asked for.

    path   of the user's own data, or None for MNIST
    share  of the training examples that are given, where a script prepares them so slowly that fewer have to do
    """

    def __init__(self, path: Path | None = None, share: float = 1.0) -> None:
        self.path = path
        self.share = share
        self._shared = Shared()

    @cached_property
    def data(self) -> Dataset:
        """All of it. Raises DataError if the user's own cannot be read."""
        return load_mnist() if self.path is None else read_data(self.path)

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return "the MNIST of this package" if self.path is None else str(self.path)

    def images(self, part: Part) -> np.ndarray:
        """(n, n_features) uint8, or floats where the user's own are floats."""
        parts = {"train": self.data.images_train, "test": self.data.images_test}
        return parts[part][: self._count(part)] if part != "all" else np.concatenate([*parts.values()])

    def labels(self, part: Part) -> np.ndarray:
        """(n,) int64."""
        parts = {"train": self.data.y_train, "test": self.data.y_test}
        return parts[part][: self._count(part)] if part != "all" else np.concatenate([*parts.values()])

    def squares(self, part: Part) -> np.ndarray:
        """(n, height, width): images as pictures, where they are any; else as rows."""
        images = self.images(part)
        return images.reshape(len(images), *(self.data.image_shape or images.shape[1:]))

    def table(self, wanted: Wanted, dtype: Any = None) -> np.ndarray:
        """Rows of a CSV: (n, 1 + n_features) with the label first, or one part of that alone."""
        images, labels = self.images(wanted.part), self.labels(wanted.part)[:, None]
        rows = int(KAGGLE_ROWS * self.share) if wanted.table == "kaggle" and wanted.part == "train" else wanted.rows
        images, labels = images[:rows], labels[:rows]
        kaggle_test = wanted.table == "kaggle" and wanted.part == "test"
        if wanted.content == "images" or kaggle_test:
            return images
        if wanted.content == "labels":
            return labels
        kind = np.dtype(dtype or (np.int64 if images.dtype == np.uint8 else np.float64))

        def fill(table: np.ndarray) -> None:
            table[:, :1], table[:, 1:] = labels, images

        return self._shared.array((wanted, kind), (len(images), 1 + images.shape[1]), kind, fill)

    def columns(self, wanted: Wanted) -> list[str]:
        """The header of such a CSV."""
        pixels = [f"pixel{i}" for i in range(self.data.images_train.shape[1])]
        kaggle_test = wanted.table == "kaggle" and wanted.part == "test"
        if wanted.content == "images" or kaggle_test:
            return pixels
        return ["label"] if wanted.content == "labels" else ["label", *pixels]

    def keras_pairs(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """As keras.datasets.mnist.load_data: pictures and labels as bytes, for training and for testing."""
        train, test = ((self.squares(part), self.labels(part).astype(np.uint8)) for part in ("train", "test"))
        return (train[0].copy(), train[1]), (test[0].copy(), test[1])

    def pickled(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """As mnist.pkl.gz: training, validation and test set, rows in [0, 1) as float32 and labels."""
        images, labels = self.unit_interval("train"), self.labels("train")
        kept = len(images) - min(VALIDATION, len(images) // 6)
        return (
            (images[:kept], labels[:kept]),
            (images[kept:], labels[kept:]),
            (self.unit_interval("test"), self.labels("test")),
        )

    def unit_interval(self, part: Part) -> np.ndarray:
        """(n, n_features) float32 in [0, 1]."""
        images = self.images(part)
        return np.divide(images, np.float32(255), dtype=np.float32) if images.dtype == np.uint8 else images

    def matlab(self, exercise: bool) -> dict[str, Any]:
        """As mnist-original.mat: one example a column, sorted by label; or as the exercise, 20 x 20, 10 for a zero."""
        if not exercise:
            order = np.argsort(self.labels("all"), kind="stable")
            labels = self.labels("all")[order].astype(np.float64)
            return {"data": self.images("all")[order].T, "label": labels[None, :]}
        pictures, labels = self.squares("train")[:EXERCISE], self.labels("train")[:EXERCISE]
        order = np.argsort(labels, kind="stable")
        centre = pictures[order, 4:24, 4:24].transpose(0, 2, 1).reshape(len(order), -1)
        return {"X": centre / 255.0, "y": np.where(labels[order] == 0, 10, labels[order]).astype(np.uint8)[:, None]}

    def _count(self, part: Part) -> int | None:
        return max(int(self.share * len(self.data.images_train)), 1) if part == "train" and self.share < 1 else None
