"""Data that are not there: what a name promises, and that each form reads as the real thing would."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from unstuck import load_mnist
from unstuck.adapters.scripts.stand_ins import data_modules, frames, learning
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.wanted import recognise

PLAIN, DIGITAL = "import numpy", "sizes = [784, 30, 10]"


@pytest.fixture(scope="module")
def digits():
    return Digits()


@pytest.fixture
def supply(tmp_path, digits, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Supply(DIGITAL, digits, tmp_path / "data")


@pytest.mark.parametrize(
    ("path", "program", "expected"),
    [
        ("C:\\Users\\me\\MNIST\\train-images.idx3-ubyte", PLAIN, ("train", "images", "idx", False)),
        ("data/t10k-labels-idx1-ubyte.gz", PLAIN, ("test", "labels", "idx", True)),
        ("../input/digit-recognizer/train.csv", PLAIN, ("train", "both", "csv", False)),
        ("train.csv", DIGITAL, ("train", "both", "csv", False)),
        ("mnist_test.csv", PLAIN, ("test", "both", "csv", False)),
        ("mnist.pkl.gz", PLAIN, ("all", "both", "pickle", True)),
        ("mnist.npz", PLAIN, ("all", "both", "npz", False)),
        ("x_train.npy", DIGITAL, ("train", "images", "npy", False)),
        ("y_test.npy", DIGITAL, ("test", "labels", "npy", False)),
        ("mnist-original.mat", PLAIN, ("all", "both", "mat", False)),
        ("ex3data1.mat", PLAIN, ("all", "both", "mat", False)),
    ],
)
def test_names_say_what_is_in_a_file(path, program, expected):
    wanted = recognise(path, program)
    assert wanted is not None
    assert (wanted.part, wanted.content, wanted.form, wanted.packed) == expected


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("train.csv", PLAIN),
        ("housepricedata.csv", DIGITAL),
        ("trained_weights.npy", DIGITAL),
        ("training_log.csv", DIGITAL),
        ("mnist_model.pkl", DIGITAL),
        ("sample_submission.csv", DIGITAL),
        ("notes.txt", DIGITAL),
        ("script.py", DIGITAL),
    ],
)
def test_other_files_are_not_stood_in_for(path, program):
    assert recognise(path, program) is None


def test_a_number_in_the_name_is_the_number_of_rows(supply):
    assert supply.recognised("mnist_train_100.csv").rows == 100
    with open(supply.file("mnist_train_100.csv")) as file:
        assert len(file.readlines()) == 100


def test_idx_files_have_the_published_bytes(supply):
    with open(supply.file("train-images.idx3-ubyte"), "rb") as file:
        magic, n, rows, columns = struct.unpack(">IIII", file.read(16))
        assert (magic, n, rows, columns) == (2051, 60_000, 28, 28)
        assert file.read() == load_mnist().images_train.tobytes()
    with gzip.open(supply.file("t10k-labels-idx1-ubyte.gz")) as file:
        assert struct.unpack(">II", file.read(8)) == (2049, 10_000)
        assert list(file.read(3)) == [7, 2, 1]


def test_a_table_is_handed_out_as_new_whatever_was_written_into_the_last(digits):
    wanted = recognise("mnist_test.csv", PLAIN)
    first = digits.table(wanted, np.float32)
    first[:] = -1
    second = digits.table(wanted, np.float32)
    assert (second[:, 0] == digits.labels("test")).all()
    assert np.array_equal(second[:, 1:], digits.images("test"))
    assert (first == -1).all()
    assert digits.table(wanted).dtype == np.int64


def test_a_csv_read_line_by_line_has_a_header_if_the_program_skips_one(tmp_path, digits):
    for program, header in (("f = open('mnist_test_10.csv')", False), ("next(open('mnist_test_10.csv'))", True)):
        supply = Supply(program, digits, tmp_path / str(header))
        with open(supply.file("mnist_test_10.csv")) as file:
            lines = file.readlines()
        assert lines[0].startswith("label,pixel0") is header
        row = np.array(lines[-1].split(","), int)
        assert (len(row), row[0]) == (785, digits.labels("test")[9])


def test_pickle_and_npz_hold_what_posts_unpack(supply):
    with gzip.open(supply.file("mnist.pkl.gz")) as file:
        (x, y), (x_valid, _), (x_test, _) = pickle.load(file, encoding="latin1")
    assert (x.shape, x.dtype, x_valid.shape, x_test.shape) == ((50_000, 784), np.float32, (10_000, 784), (10_000, 784))
    assert (x.min(), x.max()) == (0, 1)
    assert y[:3].tolist() == [5, 0, 4]
    with np.load(supply.file("mnist.npz")) as file:
        assert file["x_train"].shape == (60_000, 28, 28)
        assert file["y_test"].dtype == np.uint8


def test_every_stand_in_is_said_once(supply):
    for _ in range(2):
        supply.file("mnist.npz")
    (sentence,) = supply.given.sentences()
    assert sentence.startswith("it reads mnist.npz, which is not there: given the MNIST of this package")


def test_without_stand_ins_nothing_is_given_but_remembered(tmp_path, digits):
    supply = Supply(DIGITAL, digits, tmp_path, allowed=False)
    assert supply.file("mnist.npz") is None
    assert supply.given.sentences() == ()
    assert "mnist.npz" in supply.wanted.sentences()[0]


def test_files_that_exist_are_left_alone(tmp_path, supply):
    (tmp_path / "mnist.npz").write_bytes(b"mine")
    assert supply.recognised("mnist.npz") is None


def test_the_users_own_data_are_given_instead(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "own.npz",
        x_train=rng.integers(0, 255, (20, 28, 28), np.uint8),
        y_train=np.arange(20) % 10,
        x_test=rng.integers(0, 255, (5, 28, 28), np.uint8),
        y_test=np.arange(5),
    )
    supply = Supply(DIGITAL, Digits(tmp_path / "own.npz"), tmp_path / "data")
    with open(supply.file("nowhere/train-labels.idx1-ubyte"), "rb") as file:
        assert struct.unpack(">II", file.read(8)) == (2049, 20)
    assert "own.npz" in supply.given.sentences()[0]


def test_users_file_of_the_same_kind_is_read_as_it_is(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("a,b\n1,2\n")
    supply = Supply(PLAIN, Digits(own), tmp_path / "data")
    assert supply.file("housepricedata.csv") == str(own)


def test_tutorial_data_have_batches_and_parts(digits):
    sets = data_modules.read_data_sets(digits, "MNIST_data/", one_hot=True)
    assert (len(sets.train.images), len(sets.validation.images), len(sets.test.images)) == (55_000, 5_000, 10_000)
    x, y = sets.train.next_batch(100)
    assert (x.shape, y.shape) == ((100, 784), (100, 10))
    assert y.sum(axis=1).tolist() == [1.0] * 100


def test_both_packages_called_mnist(supply):
    names = data_modules.mnist(supply)
    assert names["train_images"]().shape == (60_000, 28, 28)
    images, labels = names["MNIST"]("folder").load_testing()
    assert (type(images), len(images[0]), labels[:3]) == (list, 784, [7, 2, 1])


def test_to_categorical():
    assert data_modules.to_categorical([[1], [0]], 3).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_small_digits_are_like_those_of_scikit_learn(digits):
    sets = learning.small_digits(digits)
    assert sets.data.shape == (1797, 64)
    assert (sets.data.min(), sets.data.max()) == (0, 16)


def test_helpers_agree_with_scikit_learn_and_scipy():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    special = pytest.importorskip("scipy.special")
    table = np.random.default_rng(0).normal(size=(20, 3)) * [1, 10, 100]
    for name in ("StandardScaler", "MinMaxScaler"):
        expected = getattr(preprocessing, name)().fit_transform(table)
        np.testing.assert_allclose(getattr(learning, name)().fit_transform(table), expected, rtol=1e-12, atol=1e-12)
    classes = np.array([[2], [0], [5]])
    expected = preprocessing.OneHotEncoder().fit_transform(classes).toarray()
    np.testing.assert_array_equal(learning.OneHotEncoder().fit_transform(classes).toarray(), expected)
    names = learning.scipy_special(None)
    for name in ("expit", "softmax"):
        np.testing.assert_allclose(names[name](table / 100), getattr(special, name)(table / 100), rtol=1e-12)


def test_splits_keep_rows_together():
    x = np.arange(20).reshape(10, 2)
    kept, held_out, y_kept, y_held_out = learning.train_test_split(x, x[:, 0], test_size=0.3, random_state=0)
    assert (len(kept), len(held_out)) == (7, 3)
    assert (kept[:, 0] == y_kept).all()
    assert (held_out[:, 0] == y_held_out).all()


def test_blocks_are_reduced():
    image = np.arange(16).reshape(4, 4)
    assert learning.block_reduce(image, (2, 2), np.max).tolist() == [[5, 7], [13, 15]]


def test_frames_take_tables_apart(tmp_path):
    (tmp_path / "t.csv").write_text("label,a,b\n1,2,3\n0,5,6\n")
    frame = frames.read_csv(tmp_path / "t.csv")
    assert frame.shape == (2, 3)
    assert frame["label"].values.tolist() == [1, 0]
    assert frame.drop("label", axis=1).to_numpy().tolist() == [[2, 3], [5, 6]]
    assert frame.iloc[:, 1:].values.tolist() == [[2, 3], [5, 6]]
    assert np.array(frame).T.shape == (3, 2)
    assert frame.label[0] == 1
