import numpy as np
import pytest

from unstuck.errors import DataError
from unstuck.nn.targets import encode_targets

F8 = np.dtype("float64")


def encode(targets, n_outputs=3, output="softmax"):
    return encode_targets(np.asarray(targets), n_outputs, output, F8).tolist()


def test_labels_become_one_hot_rows() -> None:
    assert encode([2, 0]) == [[0, 0, 1], [1, 0, 0]]
    assert encode([2.0, 0.0]) == [[0, 0, 1], [1, 0, 0]]
    assert encode([[2], [0]]) == [[0, 0, 1], [1, 0, 0]]
    assert encode(np.array([2, 0], np.uint8)) == [[0, 0, 1], [1, 0, 0]]


def test_tanh_outputs_get_minus_one_and_one() -> None:
    assert encode([2, 0], output="tanh") == [[-1, -1, 1], [1, -1, -1]]
    assert encode([0, 1], 1, "tanh") == [[-1], [1]]
    assert encode([-1, 1], 1, "tanh") == [[-1], [1]]
    assert encode([0.0, 1.0], 1, "tanh") == [[0], [1]]  # reals are taken as they are


def test_rows_and_columns_are_taken_as_they_are() -> None:
    assert encode([[0.2, 0.3, 0.5]]) == [[0.2, 0.3, 0.5]]
    assert encode([[-1, 1, -1]], output="tanh") == [[-1, 1, -1]]
    assert encode([1.5, -2], 1, "linear") == [[1.5], [-2]]
    assert encode([[1.5], [-2]], 1, "linear") == [[1.5], [-2]]
    assert encode([True, False], 1, "sigmoid") == [[1], [0]]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 3], "the label of example 1 is 3: expected 0 to 2"),
        ([-1, 0], "the label of example 0 is -1"),
        ([0, 0.5], "the label of example 1 is 0.5: expected a whole number"),
        ([np.nan], "the label of example 0 is nan"),
        ([[1, 2]], r"shape \(1, 2\): expected \(n,\) or \(n, 3\)"),
        ([[1, np.inf, 0]], "the target of example 0 is not a finite float64"),
        (["a"], "expected numbers"),
    ],
)
def test_what_is_no_target_is_named(targets, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode(targets)
