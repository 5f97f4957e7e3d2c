"""Small handwritten digits: the first bundled MNIST images, averaged down so that a trial is quick."""

import functools
import gzip
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[3] / "src" / "unstuck" / "data" / "mnist"


@functools.cache
def read(name: str) -> np.ndarray:
    """The first 2,000 entries of an IDX file of bytes: images (2000, 28, 28) or labels (2000,)."""
    images = "idx3" in name
    with gzip.open(FOLDER / name) as file:
        content = file.read(16 + 2000 * 784 if images else 8 + 2000)
    return np.frombuffer(content[16:], np.uint8).reshape(-1, 28, 28) if images else np.frombuffer(content[8:], np.uint8)


@functools.cache
def small_images(name: str, side: int) -> np.ndarray:
    images = read(name)
    squares = images.reshape(len(images), side, 28 // side, side, 28 // side)
    return squares.mean(axis=(2, 4)).round().astype(np.uint8)


def load_digits(n_inputs: int = 49, n_classes: int = 10, n_train: int = 1500) -> tuple[np.ndarray, ...]:
    """Images (n, side, side) uint8 and labels (n,) uint8 for training, then for the test; fresh copies.

    `n_inputs` is 49, 196 or 784 (whole images, or averages over squares of 4 or 2 pixels).
    """
    small = small_images("train-images-idx3-ubyte.gz", {49: 7, 196: 14, 784: 28}[n_inputs])
    labels = read("train-labels-idx1-ubyte.gz")
    keep = labels < n_classes
    training, test = np.flatnonzero(keep[:n_train]), n_train + np.flatnonzero(keep[n_train:])
    return small[training], labels[training], small[test], labels[test]
