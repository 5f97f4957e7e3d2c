"""Folders of images, one per class."""

import numpy as np
import pytest
from PIL import Image

from tests.data.contents import png_of
from tests.data.refusal import refusal
from unstuck.data import load_mnist
from unstuck.data.image_folder import read_image_folder

INK = np.pad(np.full((20, 10), 200, np.uint8), ((4, 4), (9, 9)))  # 28 x 28


def folder(tmp_path, **files: bytes):
    for name, content in files.items():
        label, _, file = name.partition("__")
        (tmp_path / label).mkdir(exist_ok=True)
        if file:
            (tmp_path / label / f"{file}.png").write_bytes(content)
    return tmp_path


def test_images_of_mnist_come_back_as_they_are(tmp_path):
    data = load_mnist()
    for i in range(20):
        (tmp_path / str(data.y_test[i])).mkdir(exist_ok=True)
        Image.fromarray(data.images_test[i].reshape(28, 28)).save(tmp_path / str(data.y_test[i]) / f"{i:02}.png")
    images, labels, names = read_image_folder(tmp_path)
    order = np.lexsort((np.arange(20), data.y_test[:20]))
    np.testing.assert_array_equal(labels, data.y_test[:20][order])
    np.testing.assert_array_equal(images, data.images_test[:20][order])
    assert names is None  # the labels are all there is


def test_dark_ink_is_made_bright(tmp_path):
    images, _, _ = read_image_folder(folder(tmp_path, a__1=png_of(INK), b__1=png_of(255 - INK)))
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[0], INK.ravel())


def test_other_sizes_are_centred_as_mnist_was(tmp_path):
    images, _, _ = read_image_folder(folder(tmp_path, a__1=png_of(np.kron(INK, np.ones((5, 5), np.uint8)))))
    assert images.shape == (1, 784)
    rows, columns = np.nonzero(images[0].reshape(28, 28))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 10)


def test_names_that_are_no_numbers_are_counted_in_their_order(tmp_path):
    files = {"pear__1": png_of(INK), "apple__1": png_of(INK), "apple__2": png_of(INK)}
    _, labels, names = read_image_folder(folder(tmp_path, **files))
    assert names == ("apple", "pear")
    np.testing.assert_array_equal(labels, [0, 0, 1])


def test_names_that_are_numbers_are_the_labels(tmp_path):
    _, labels, names = read_image_folder(folder(tmp_path, **{f"{i}__1": png_of(INK) for i in (7, 2, 10, 9, 8)}))
    np.testing.assert_array_equal(labels, [2, 7, 8, 9, 10])
    assert names is None


def test_hidden_files_are_passed_over(tmp_path):
    folder(tmp_path, a__1=png_of(INK))
    (tmp_path / ".cache").mkdir()
    (tmp_path / "a" / ".DS_Store").touch()
    assert len(read_image_folder(tmp_path)[0]) == 1


BAD = {
    "no subfolders": ({}, "no subfolders, expected one per class"),
    "empty subfolder": ({"a": b""}, "no images"),
    "empty image": ({"a__1": b""}, "byte 0: no PNG or JPEG"),
    "text as an image": ({"a__1": b"text"}, "byte 0: no PNG or JPEG"),
    "cut short": ({"a__1": png_of(INK)[:-20]}, "1.png: the image is damaged"),
    "one damaged among good ones": ({"a__1": png_of(INK), "a__2": png_of(INK)[:60]}, "2.png: the image is damaged"),
    "nothing drawn": ({"a__1": png_of(np.zeros((30, 30), np.uint8))}, "1.png: nothing but paper"),
    "label out of range": ({"77__1": png_of(INK), "0__1": png_of(INK)}, "the label 77 is out of range"),
    "huge label": ({"999999999__1": png_of(INK)}, "the label 999999999 is out of range"),
    "two names for a number": ({"1__1": png_of(INK), "01__1": png_of(INK)}, "two subfolders mean the same number"),
}


@pytest.mark.parametrize(("files", "sentence"), BAD.values(), ids=BAD)
def test_bad_folders_are_refused_with_the_file(tmp_path, files, sentence):
    assert sentence in refusal(read_image_folder, folder(tmp_path, **files))


def test_a_file_that_is_no_image_is_refused(tmp_path):
    folder(tmp_path, a__1=png_of(INK))
    (tmp_path / "a" / "notes.txt").touch()
    assert "notes.txt: no image by its name" in refusal(read_image_folder, tmp_path)


def test_a_subfolder_instead_of_an_image_is_refused(tmp_path):
    folder(tmp_path, a__1=png_of(INK))
    (tmp_path / "a" / "2.png").mkdir()
    assert "2.png: is a folder" in refusal(read_image_folder, tmp_path)
