from types import SimpleNamespace

import numpy as np
import pytest

from unstuck.errors import DataError, TrainingError
from unstuck.nn.engine.examples import Batch, as_examples
from unstuck.nn.network import Network

GENERATOR = np.random.default_rng(0)
BYTES = GENERATOR.integers(0, 256, (10, 4), dtype=np.uint8)
Y = np.arange(10) % 3
FORMS = {
    "bytes": BYTES,
    "images": BYTES.reshape(10, 2, 2),
    "float32": (BYTES / 255).astype(np.float32),
    "float64": BYTES / 255,
    "whole numbers": BYTES.astype(np.int64),
    "every second column of more": np.repeat(BYTES, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("x", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("input_range", [(0, 1), (-1, 1), (0.25, 3)])
def test_a_batch_holds_its_rows_as_the_network_prepares_them(x: np.ndarray, dtype: str, input_range) -> None:
    network = Network([4, 3], dtype=dtype, input_range=input_range)
    examples = as_examples(network, (x, Y), sample_weight=np.arange(10))
    batch, rows = Batch(examples, 3), np.array([7, 0, 7])
    examples.gather(rows, batch)
    assert batch.x.dtype == batch.t.dtype == dtype
    assert np.allclose(batch.x, network.prepare(network.as_rows(x))[rows], rtol=1e-6)
    assert np.array_equal(batch.t, np.eye(3)[Y[rows]])
    assert batch.weight is not None
    assert batch.weight.tolist() == [7, 0, 7]


def test_images_stay_bytes_and_are_not_copied() -> None:
    examples = as_examples(Network([4, 3]), (BYTES, Y))
    assert np.shares_memory(examples.x, BYTES)


def test_a_data_set_is_read_by_its_attributes() -> None:
    examples = as_examples(Network([4, 3]), SimpleNamespace(images_train=BYTES, y_train=Y))
    assert len(examples) == 10


def test_weights_of_examples_and_classes_multiply() -> None:
    examples = as_examples(Network([4, 3]), (BYTES, Y), np.full(10, 2.0), {0: 5.0})
    assert examples.weight is not None
    assert examples.weight.tolist() == [10, 2, 2] * 3 + [10]


def test_class_weights_need_classes() -> None:
    network = Network([4, 1], output="linear", loss="squared_error")
    with pytest.raises(TrainingError, match="a network with linear outputs has none"):
        as_examples(network, (BYTES, Y), class_weight={0: 2.0})


@pytest.mark.parametrize(("t", "expected"), [(Y, True), (np.eye(3)[Y], True), (np.full((10, 3), 0.5), False)])
def test_whether_targets_sum_to_one_is_known(t: np.ndarray, expected: bool) -> None:
    assert as_examples(Network([4, 3]), (BYTES, t)).sum_to_one is expected


def test_the_first_input_that_is_not_finite_is_named_even_far_down() -> None:
    x = np.zeros((9000, 4))
    x[8999, 2] = np.inf
    with pytest.raises(DataError, match="input 2 of example 8999 is inf"):
        as_examples(Network([4, 3]), (x, np.zeros(9000, int)))
