"""The data set: its parts agree, and MNIST is MNIST."""

import hashlib

import numpy as np
import pytest

from unstuck.data import Dataset, dataset, load_mnist
from unstuck.errors import DataError

IMAGES = np.array([[0, 255, 51, 102], [1, 2, 3, 4]], np.uint8)
LABELS = np.array([1, 0])
NONE = np.empty((0, 4), np.uint8)
NO_LABELS = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def test_mnist_has_the_published_shape(mnist):
    assert mnist.images_train.shape == (60_000, 784)
    assert mnist.images_test.shape == (10_000, 784)
    assert mnist.images_train.dtype == np.uint8
    assert mnist.y_train.dtype == np.int64
    assert mnist.image_shape == (28, 28)
    assert mnist.n_classes == 10
    assert mnist.name == "MNIST"


def test_a_data_set_is_told_in_one_line(mnist):
    assert repr(mnist) == "Dataset MNIST: 60,000 training and 10,000 test examples of 784 features, 10 classes"


def test_mnist_has_the_published_classes(mnist):
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # Nielsen, mnist.pkl: by counting
    np.testing.assert_array_equal(np.bincount(mnist.y_train), counts)
    np.testing.assert_array_equal(mnist.y_train[:5], [5, 0, 4, 1, 9])
    np.testing.assert_array_equal(mnist.y_test[:5], [7, 2, 1, 0, 4])


def test_a_damaged_mnist_file_is_refused(monkeypatch, tmp_path):
    for name in dataset.MNIST_SHA256:
        content = (dataset.MNIST_FOLDER / f"{name}.gz").read_bytes()
        (tmp_path / f"{name}.gz").write_bytes(content)
    content = bytearray(dataset.read_idx(tmp_path / "t10k-labels-idx1-ubyte.gz").tobytes())
    content[7] ^= 1
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0x27, 0x10]) + content)
    monkeypatch.setattr(dataset, "MNIST_FOLDER", tmp_path)
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.gz"):
        load_mnist()


def test_the_digests_are_of_whole_files():
    assert all(len(bytes.fromhex(digest)) == hashlib.sha256().digest_size for digest in dataset.MNIST_SHA256.values())


def test_x_is_float32_in_the_unit_interval_and_made_once():
    data = Dataset(IMAGES, LABELS, NONE, NO_LABELS)
    assert data.x_train.dtype == np.float32
    np.testing.assert_array_equal(data.x_train[0], np.float32([0, 1, 0.2, 0.4]))
    assert data.x_train is data.x_train
    assert data.x_test.shape == (0, 4)


def test_floats_stay_as_they_are():
    x = np.array([[0.0, 0.25, 0.5, 1.0]])
    np.testing.assert_array_equal(Dataset(x, [0], x, [0]).x_train, x.astype(np.float32))


def test_an_empty_part_is_allowed_but_not_both():
    assert Dataset(NONE, NO_LABELS, IMAGES, NO_LABELS).n_classes == 0
    with pytest.raises(DataError, match="no images"):
        Dataset(NONE, NO_LABELS, NONE, NO_LABELS)


def test_only_square_rows_have_a_shape_by_themselves():
    assert Dataset(IMAGES, LABELS, NONE, NO_LABELS).image_shape == (2, 2)
    assert Dataset(IMAGES[:, :3], LABELS, NONE[:, :3], NO_LABELS).image_shape is None
    assert Dataset(IMAGES, LABELS, NONE, NO_LABELS, image_shape=(1, 4)).image_shape == (1, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"images_train": IMAGES[0]}, "images_train: expected an array of shape"),
        ({"images_train": IMAGES[:1]}, "1 images, but 2 labels in the train part"),
        ({"y_train": LABELS[:0]}, "2 images, but 0 labels in the train part"),
        ({"images_train": IMAGES.astype(int)}, "expected uint8 or floats, got int64"),
        ({"images_train": IMAGES / 100}, "row 0, column 1: 2.55 is not in"),
        ({"images_train": np.full((2, 4), np.nan)}, "row 0, column 0: nan is not in"),
        ({"images_test": NONE[:, :3]}, "training images have 4 pixels, test images 3"),
        ({"y_train": np.array([0, -1])}, "row 1: the label -1 is negative"),
        ({"y_train": np.array([0.5, 1])}, "expected integer labels, got float64"),
        ({"y_train": np.array([[0], [1]])}, "y_train: expected an array of shape"),
        ({"image_shape": (3, 3)}, "image_shape"),
    ],
)
def test_parts_that_disagree_are_refused(change, sentence):
    parts = {"images_train": IMAGES, "y_train": LABELS, "images_test": NONE, "y_test": NO_LABELS}
    with pytest.raises(DataError, match=sentence):
        Dataset(**{**parts, **change})
