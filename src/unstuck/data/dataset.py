"""A data set for classification: images as rows, labels beside them; and MNIST, which comes with the package."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from unstuck.data.idx import read_idx
from unstuck.errors import DataError

MNIST_FOLDER = Path(__file__).parent / "mnist"

MNIST_SHA256 = {  # of the unpacked bytes
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels, for training and for testing.

    images_train, images_test: (n, n_features), uint8 in 0..255 or floats in [0, 1], one image a row.
    y_train, y_test: (n,) int64, the class of each row, counted from 0.
    name: what to call it in reports.
    image_shape: (height, width), if the rows are images; found by itself if they are square.
    class_names: what the classes are called, in order of their labels; None where the labels are all there is.

    A part may be missing. Without a test set, images_test and y_test have no rows. Images to be classified whose
    labels are unknown are a test part with an empty y_test. At least one part has rows.

    Raises DataError if shapes, counts, types or ranges disagree with this.
    """

    images_train: np.ndarray
    y_train: np.ndarray
    images_test: np.ndarray
    y_test: np.ndarray
    name: str = "data"
    image_shape: tuple[int, int] | None = None
    class_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = getattr(self, f"images_{part}"), getattr(self, f"y_{part}")
            _check_images(images, f"{self.name}: images_{part}")
            object.__setattr__(self, f"y_{part}", _checked_labels(labels, f"{self.name}: y_{part}"))
            unlabelled = part == "test" and len(labels) == 0
            if len(images) != len(labels) and not unlabelled:
                raise DataError(f"{self.name}: {len(images)} images, but {len(labels)} labels in the {part} part")
        n_features = self.images_train.shape[1]
        if self.images_test.shape[1] != n_features:
            raise DataError(
                f"{self.name}: training images have {n_features} pixels, test images {self.images_test.shape[1]}"
            )
        if not len(self.images_train) and not len(self.images_test):
            raise DataError(f"{self.name}: no images, neither for training nor for testing")
        shape, side = self.image_shape, math.isqrt(n_features)
        if shape is None and side * side == n_features:
            object.__setattr__(self, "image_shape", (side, side))
        if shape is not None and math.prod(shape) != n_features:
            raise DataError(f"{self.name}: an image_shape of {shape} does not fit rows of {n_features} pixels")
        if self.class_names is not None and len(self.class_names) < self._labels_end:
            raise DataError(
                f"{self.name}: {len(self.class_names)} names of classes, but labels up to {self._labels_end - 1}"
            )

    def __repr__(self) -> str:
        counts = f"{len(self.images_train):,} training and {len(self.images_test):,} test examples"
        return f"Dataset {self.name}: {counts} of {self.images_train.shape[1]} features, {self.n_classes} classes"

    @cached_property
    def x_train(self) -> np.ndarray:
        """Training images as (n, n_features) float32 in [0, 1]; made at the first call, then kept."""
        return unit_interval(self.images_train)

    @cached_property
    def x_test(self) -> np.ndarray:
        """Test images as (n, n_features) float32 in [0, 1]; made at the first call, then kept."""
        return unit_interval(self.images_test)

    @property
    def n_classes(self) -> int:
        """As many as have names; without names one more than the largest label; 0 without labels."""
        return self._labels_end if self.class_names is None else len(self.class_names)

    @property
    def _labels_end(self) -> int:
        return 1 + max((int(labels.max()) for labels in (self.y_train, self.y_test) if len(labels)), default=-1)


def unit_interval(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [0, 1]: uint8 is divided by 255, floats are in [0, 1] already."""
    if images.dtype == np.uint8:
        return np.divide(images, np.float32(255), dtype=np.float32)
    return images.astype(np.float32, copy=False)


def load_mnist() -> Dataset:
    """Load MNIST: 60,000 training and 10,000 test images of 28 x 28 pixels, ink 255 on paper 0, labels 0 to 9.

    Raises DataError if a file is damaged: the SHA-256 of its unpacked bytes is compared with the published file's.
    """
    images_train, y_train, images_test, y_test = (
        read_idx(MNIST_FOLDER / f"{name}.gz", sha256) for name, sha256 in MNIST_SHA256.items()
    )
    return Dataset(images_train.reshape(60_000, 784), y_train, images_test.reshape(10_000, 784), y_test, name="MNIST")


def _check_images(images: np.ndarray, what: str) -> None:
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] == 0:
        raise DataError(f"{what}: expected an array of shape (n, n_features), got shape {np.shape(images)}")
    if images.dtype == np.uint8:
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise DataError(f"{what}: expected uint8 or floats, got {images.dtype}")
    bad = np.argwhere(~((images >= 0) & (images <= 1)))
    if len(bad):
        row, column = map(int, bad[0])
        raise DataError(f"{what}, row {row}, column {column}: {images[row, column]} is not in [0, 1]")


def _checked_labels(labels: np.ndarray, what: str) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise DataError(f"{what}: expected an array of shape (n,), got shape {labels.shape}")
    if labels.size and not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{what}: expected integer labels, got {labels.dtype}")
    if labels.size and labels.min() < 0:
        row = int(np.argmin(labels))
        raise DataError(f"{what}, row {row}: the label {labels[row]} is negative")
    return labels.astype(np.int64, copy=False)
