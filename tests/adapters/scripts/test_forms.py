"""Examples in the place of a value have the type of what stood there, number by number."""

import numpy as np
import pytest

from unstuck.adapters.scripts.replay.forms import Batch, like, match

NUMBERS = np.array([[0.0, 1.0], [2.5, -3.0]])


@pytest.mark.parametrize("number", [0.5, 1, np.float32(0.5), np.longdouble(0.5), np.int64(2)])
@pytest.mark.parametrize("array", [NUMBERS, np.rint(NUMBERS), np.array([[1, 2], [3, 4]])])
@pytest.mark.parametrize("wrap", [list, tuple])
def test_nested_numbers_are_converted_one_like_the_other(array, number, wrap):
    found = like(array, wrap([wrap([number, number])]))
    assert type(found) is type(found[0]) is wrap
    for row, parts in zip(array, found, strict=True):
        for value, part in zip(row, parts, strict=True):
            alone = like(value, number)
            assert type(part) is type(alone)
            assert part == alone


def test_columns_are_lists_of_one_number():
    assert like(NUMBERS[:, :1], [[0.5], [0.5]]) == [[0.0], [2.5]]


ONE = Batch(np.array([[0.25, 0.5, 0.75]]), np.array([[0, 0, 1]]))
OTHER = Batch(np.array([[1.0, 2.0, 3.0]]), np.array([[0, 1, 0]]))


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ([0.25, 0.5, 0.75, 2], [1.0, 2.0, 3.0, 1]),
        ((2, 0.25, 0.5, 0.75), (1, 1.0, 2.0, 3.0)),
        (np.array([0.25, 0.5, 0.75, 2.0]), np.array([1.0, 2.0, 3.0, 1.0])),
    ],
)
def test_a_row_that_ends_or_begins_with_its_label_is_an_example(row, other):
    form = match(row, ONE)
    assert form.of == "both"
    found = form.made(OTHER)
    assert type(found) is type(row)
    assert np.array_equal(found, other)
    assert [type(value) for value in found] == [type(value) for value in other]


def test_a_row_with_another_number_beside_it_is_none():
    assert match([0.25, 0.5, 0.75, 0], ONE) is None
