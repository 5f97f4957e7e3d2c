"""`read_data`: every format people have MNIST in, told apart by itself; and what none of them is."""

import pickle
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.contents import idx, npz, packed, png_of
from tests.data.refusal import read_or_refuse, refusal
from unstuck.data import load_mnist, read_data
from unstuck.data.dataset import MNIST_FOLDER
from unstuck.errors import DataError

GENERATOR = np.random.default_rng(0)
IMAGES, IMAGES_TEST = (GENERATOR.integers(0, 256, (n, 4, 4), dtype=np.uint8) for n in (6, 3))
LABELS, LABELS_TEST = np.array([0, 1, 2, 3, 9, 9], np.uint8), np.array([4, 0, 9], np.uint8)
FILES = {
    "train-images-idx3-ubyte": idx(IMAGES),
    "train-labels-idx1-ubyte": idx(LABELS),
    "t10k-images-idx3-ubyte": idx(IMAGES_TEST),
    "t10k-labels-idx1-ubyte": idx(LABELS_TEST),
}


def csv(images, labels=None) -> bytes:
    rows = images.reshape(len(images), -1)
    columns = [f"pixel{i}" for i in range(rows.shape[1])]
    if labels is not None:
        rows, columns = np.c_[labels, rows], ["label", *columns]
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]).encode()


def folder(path, files: dict[str, bytes]):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def images_by_class(part: str) -> dict[str, bytes]:
    ink = np.pad(np.full((20, 6), 255, np.uint8), ((4, 4), (11, 11)))
    return {f"{part}{label}/{i}.png": png_of(ink) for label in "01" for i in range(2)}


BOTH = {
    "IDX": FILES,
    "IDX with dots": {name.replace("-idx", ".idx"): content for name, content in FILES.items()},
    "IDX, gzip": {f"{name}.gz": packed(content) for name, content in FILES.items()},
    "IDX, the larger half packed": {
        f"{name}.gz" if "train" in name else name: packed(content) if "train" in name else content
        for name, content in FILES.items()
    },
    "Kaggle": {"train.csv": csv(IMAGES, LABELS), "test.csv": csv(IMAGES_TEST, LABELS_TEST)},
    "npz": {"a.npz": npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES_TEST, y_test=LABELS_TEST)},
    "npz, compressed": {"a.npz": npz(True, x_train=IMAGES, y_train=LABELS, x_test=IMAGES_TEST, y_test=LABELS_TEST)},
    "npz, a channel axis": {
        "a.npz": npz(
            train_images=IMAGES[..., None],
            train_labels=LABELS[:, None],
            test_images=IMAGES_TEST[..., None],
            test_labels=LABELS_TEST[:, None],
        )
    },
    "npz, whole floats": {
        "a.npz": npz(
            X_train=IMAGES.astype(float),
            y_train=LABELS.astype(float),
            X_test=IMAGES_TEST.astype(float),
            y_test=LABELS_TEST.astype(float),
        )
    },
}


def where(tmp_path, files):
    """The folder with these files, or the only file."""
    path = folder(tmp_path / "data", files)
    return path / next(iter(files)) if len(files) == 1 else path


@pytest.mark.parametrize("files", BOTH.values(), ids=BOTH)
def test_every_format_gives_the_same_data_set(tmp_path, files):
    data = read_data(where(tmp_path, files))
    np.testing.assert_array_equal(data.images_train, IMAGES.reshape(6, 16))
    np.testing.assert_array_equal(data.images_test, IMAGES_TEST.reshape(3, 16))
    np.testing.assert_array_equal(data.y_train, LABELS)
    np.testing.assert_array_equal(data.y_test, LABELS_TEST)
    assert data.images_train.dtype == np.uint8
    assert data.image_shape == (4, 4)


ONE_PAIR = {
    "IDX": {name: content for name, content in FILES.items() if "train" in name},
    "CSV": {"a.csv": csv(IMAGES, LABELS)},
    "CSV without header": {"a.csv": csv(IMAGES, LABELS).split(b"\n", 1)[1]},
    "CSV, gzip": {"a.csv.gz": packed(csv(IMAGES, LABELS))},
    "Kaggle": {"train.csv": csv(IMAGES, LABELS), "sample_submission.csv": b"ImageId,Label\n1,0\n"},
    "npz": {"a.npz": npz(images=IMAGES, labels=LABELS)},
}


@pytest.mark.parametrize("files", ONE_PAIR.values(), ids=ONE_PAIR)
def test_a_single_pair_is_the_training_part(tmp_path, files):
    data = read_data(where(tmp_path, files))
    np.testing.assert_array_equal(data.images_train, IMAGES.reshape(6, 16))
    np.testing.assert_array_equal(data.y_train, LABELS)
    assert data.images_test.shape == (0, 16)
    assert data.y_test.shape == (0,)


def test_images_without_labels_are_a_test_part(tmp_path):
    (tmp_path / "test.csv").write_bytes(csv(IMAGES_TEST))
    data = read_data(tmp_path / "test.csv")
    np.testing.assert_array_equal(data.images_test, IMAGES_TEST.reshape(3, 16))
    assert len(data.y_test) == len(data.images_train) == 0
    (tmp_path / "train.csv").write_bytes(csv(IMAGES, LABELS))
    assert [len(part) for part in (read_data(tmp_path).y_train, read_data(tmp_path).images_test)] == [6, 3]


def test_folders_of_images(tmp_path):
    data = read_data(folder(tmp_path, images_by_class("train/") | images_by_class("test/")))
    np.testing.assert_array_equal(data.y_train, [0, 0, 1, 1])
    np.testing.assert_array_equal(data.y_test, data.y_train)
    assert data.image_shape == (28, 28)
    assert len(read_data(tmp_path / "train").images_test) == 0


def test_an_empty_name_is_not_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_text("label,pixel0\n1,0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="the name of the data is empty"):
        read_data("")


def test_the_bundled_files_are_a_folder_like_any_other():
    read, loaded = read_data(MNIST_FOLDER), load_mnist()
    np.testing.assert_array_equal(read.images_train, loaded.images_train)
    np.testing.assert_array_equal(read.y_test, loaded.y_test)


def test_fractions_stay_fractions(tmp_path):
    (tmp_path / "a.npz").write_bytes(npz(x_train=IMAGES / 255, y_train=LABELS))
    data = read_data(tmp_path / "a.npz")
    np.testing.assert_allclose(data.x_train, IMAGES.reshape(6, 16) / 255, rtol=1e-6)


def test_a_path_may_be_a_string(tmp_path):
    assert read_data(str(folder(tmp_path, FILES))).name == tmp_path.name


def test_more_than_ten_classes_are_read_if_none_is_missing(tmp_path):
    labels = np.arange(26).repeat(2)
    (tmp_path / "a.npz").write_bytes(npz(images=np.zeros((52, 4, 4), np.uint8), labels=labels))
    assert read_data(tmp_path / "a.npz").n_classes == 26


BAD_FOLDERS = {
    "empty": ({}, "an empty folder; expected"),
    "unknown files": ({"notes.txt": b""}, "nothing known in this folder; expected"),
    "images without classes": ({"1.png": b""}, "images without labels; expected one subfolder per class"),
    "no labels": ({k: v for k, v in FILES.items() if "train-images" in k}, "train-labels-idx1-ubyte is missing"),
    "no images": ({k: v for k, v in FILES.items() if "train-labels" in k}, "train-images-idx3-ubyte is missing"),
    "counts that disagree": (
        FILES | {"train-labels-idx1-ubyte": idx(LABELS[:5])},
        "6 train images, but 5 train labels",
    ),
    "labels where images belong": (FILES | {"train-images-idx3-ubyte": idx(LABELS)}, "byte 3: 1 dimensions declared"),
    "images where labels belong": (FILES | {"train-labels-idx1-ubyte": idx(IMAGES)}, "byte 3: 3 dimensions declared"),
    "images of floats": (
        FILES | {"train-images-idx3-ubyte": idx(IMAGES.astype(">f4"), 0x0D)},
        "byte 2: elements of type float32",
    ),
    "label out of range": (FILES | {"train-labels-idx1-ubyte": idx(LABELS + np.uint8(70))}, "byte 8: the label 70"),
    "test label unknown": (
        {"train.csv": csv(IMAGES, LABELS), "test.csv": csv(IMAGES_TEST, [0, 10, 1])},
        "test example 1: the label 10 is out of range, expected 0 to 9",
    ),
    "sizes that disagree": (
        FILES | {"t10k-images-idx3-ubyte": idx(IMAGES_TEST[:, :3])},
        "training images of shape (4, 4)",
    ),
    "not gzip although named so": ({f"{k}.gz": v for k, v in FILES.items()}, "named .gz, but does not begin"),
    "trailing bytes": (FILES | {"t10k-labels-idx1-ubyte": idx(LABELS_TEST) + b"\0"}, "do not end here"),
    "train.csv without labels": ({"train.csv": csv(IMAGES)}, "line 1: no column of labels"),
    "test classes unknown": (
        images_by_class("train/") | {"test/9/1.png": images_by_class("")["0/1.png"]},
        "expected 0, 1",
    ),
    "test classes of other names": (
        images_by_class("train/") | {"test/nine/1.png": images_by_class("")["0/1.png"]},
        "test: the classes are names, expected numbers as in the training part",
    ),
    "a test class that was not trained on": (
        {"train.csv": b"one,0,0,9,9\ntwo,0,9,0,9\n", "test.csv": b"two,0,0,9,9\nsix,0,9,0,9\n"},
        "test.csv: the class 'six' is unknown, expected one of one, two",
    ),
}


def test_names_of_classes_are_kept_and_shared_by_both_parts(tmp_path):
    files = {"train.csv": b"two,0,0,9,9\none,0,9,0,9\none,0,8,0,8\n", "test.csv": b"label,a,b,c,d\ntwo,1,0,9,9\n"}
    data = read_data(folder(tmp_path, files))
    assert data.class_names == ("one", "two")
    np.testing.assert_array_equal(data.y_train, [1, 0, 0])
    np.testing.assert_array_equal(data.y_test, [1])
    assert data.n_classes == 2


def test_folders_of_words_are_classes_of_those_names(tmp_path):
    ink = images_by_class("")["0/1.png"]
    data = read_data(folder(tmp_path, {f"{part}/{name}/1.png": ink for part in ("train", "test") for name in "ba"}))
    assert data.class_names == ("a", "b")
    np.testing.assert_array_equal(data.y_test, [0, 1])


@pytest.mark.parametrize(("files", "sentence"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_bad_folders_are_refused(tmp_path, files, sentence):
    assert sentence in refusal(read_data, folder(tmp_path, files))


BAD_FILES = {
    "empty": (b"", "a.csv, line 1: the file is empty"),
    "noise": (bytes(range(128, 256)), "a pickle"),
    "other noise": (bytes(range(200, 256)), "not text"),
    "a single IDX file": (idx(IMAGES), "a single IDX file"),
    "a single image": (png_of(IMAGES[0]), "a single image, which has no label"),
    "npz, images alone": (npz(images=IMAGES), "expected images and labels"),
    "npz, labels alone": (npz(y_train=LABELS), "come in pairs"),
    "npz, both ways": (npz(images=IMAGES, labels=LABELS, x_train=IMAGES), "expected images and labels, or"),
    "npz, counts that disagree": (npz(images=IMAGES, labels=LABELS[:5]), "labels: shape (5,), expected (6,)"),
    "npz, one-hot": (npz(images=IMAGES, labels=np.eye(6)), "labels: shape (6, 6), expected (6,)"),
    "npz, colour": (npz(images=np.zeros((6, 4, 4, 3)), labels=LABELS), "images: shape (6, 4, 4, 3)"),
    "npz, no images": (npz(images=IMAGES[:0], labels=LABELS[:0]), "images: shape (0, 4, 4)"),
    "npz, one number": (npz(images=np.float64(3), labels=LABELS), "images: shape ()"),
    "npz, NaN": (npz(images=np.full((6, 4), np.nan), labels=LABELS), "image 0, pixel 0: nan is no pixel"),
    "npz, pixel too large": (npz(images=IMAGES.astype(int) + 300, labels=LABELS), "image 0, pixel 0"),
    "npz, label with a fraction": (npz(images=IMAGES, labels=LABELS + 0.5), "labels, index 0: 0.5 is no label"),
    "npz, label negative": (npz(images=IMAGES, labels=LABELS.astype(int) - 1), "labels, index 0: -1 is no label"),
    "npz, label out of range": (npz(images=IMAGES, labels=LABELS + np.uint8(100)), "index 0: the label 100"),
    "npz, label NaN": (npz(images=IMAGES, labels=LABELS * np.nan), "labels, index 0: nan is no label"),
    "npz, labels true or false": (npz(images=IMAGES, labels=LABELS > 0), "labels of type bool"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_refused(tmp_path, content, sentence):
    (tmp_path / "a.csv").write_bytes(content)
    assert sentence in refusal(read_data, tmp_path / "a.csv")


def test_what_is_named_npz_must_be_one(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"1,2,3,4,5\n")
    assert "named .npz, but" in refusal(read_data, tmp_path / "a.npz")


def test_a_missing_path(tmp_path):
    assert "no such file" in refusal(read_data, tmp_path / "missing")


def test_a_folder_that_may_not_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.listdir", refuse)
    assert "Permission denied" in refusal(read_data, tmp_path)


class Executed:
    """Fails the test if it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was executed",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("pack", [packed, bytes])
def test_a_pickle_is_refused_unread(tmp_path, protocol, pack):
    (tmp_path / "mnist.pkl.gz").write_bytes(pack(pickle.dumps(Executed(), protocol)))
    sentence = refusal(read_data, tmp_path / "mnist.pkl.gz")
    assert "pickle" in sentence or "named .gz" in sentence


def test_the_command_that_converts_a_pickle_works(tmp_path):
    part = (IMAGES.reshape(6, 16) / np.float32(256), LABELS.astype(np.int64))
    test = (IMAGES_TEST.reshape(3, 16) / np.float32(256), LABELS_TEST.astype(np.int64))
    (tmp_path / "mnist.pkl.gz").write_bytes(packed(pickle.dumps((part, part, test))))
    command = re.search(r'python -c "(.*)"', refusal(read_data, tmp_path / "mnist.pkl.gz"))
    subprocess.run([sys.executable, "-c", command.group(1)], cwd=tmp_path, check=True)
    data = read_data(tmp_path / "mnist.npz")
    np.testing.assert_array_equal(data.x_train, np.r_[part[0], part[0]])
    np.testing.assert_array_equal(data.y_test, LABELS_TEST)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_folders_never_raise_anything_else(tmp_path, data):
    files = dict(FILES)
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    at = data.draw(st.integers(0, len(content)))
    content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    read_or_refuse(read_data, folder(tmp_path, files | {name: bytes(content)}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200),
    begin=st.sampled_from([b"", b"PK\3\4", b"\0\0\x08\3", b"\x1f\x8b\x08", b"\x89PNG", b"1,2,", struct.pack("<I", 7)]),
)
def test_noise_never_raises_anything_else(tmp_path, content, begin):
    (tmp_path / "a").write_bytes(begin + content)
    read_or_refuse(read_data, tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", packed(("0," * 784 + "0\n").encode() * 3000)),
        ("a.npz", npz(True, images=np.zeros((3000, 784), np.uint8), labels=np.zeros(3000, np.uint8))),
    ],
)
def test_files_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch, name, content):
    monkeypatch.setattr("unstuck.data.files.LARGE", 1 << 20)  # in the place of a gigabyte
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"bytes that unpack to .* hold no data set"):
        read_data(tmp_path / name)


def test_idx_files_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("unstuck.data.files.LARGE", 1 << 20)
    files = {"train-images-idx3-ubyte.gz": packed(idx(np.zeros((3000, 28, 28), np.uint8)))}
    with pytest.raises(DataError, match=r"bytes that unpack to .* hold no data set"):
        read_data(folder(tmp_path, files))
