"""The line on which a value first appears, in variables, lists, dicts and objects, and in functions that are called."""

import inspect
import sys

import numpy as np
import pytest

from unstuck.sandbox.values import FirstAppearance


class Holder:
    def __init__(self):
        self.kept = {"first": [np.zeros(3)]}


def doubled(x):
    return 2 * x


def in_a_variable(x, holder):
    a = x + 1
    b = a * 2  # here
    return b.sum()


def in_a_container(x, holder):
    holder.kept["first"][0] = 2 * (x + 1)  # here
    return holder


def in_another_function(x, holder):
    return doubled(x + 1)


def as_an_argument(x, holder):
    return doubled(2 * (x + 1))[0]  # here


KEPT = Holder()


def with_one_kept(x, holder):
    return with_another_made(x, KEPT)


def with_another_made(x, holder):
    a = x + 1
    return a * 2  # here


def never(x, holder):
    return 3 * x


def is_wanted(array):
    return np.array_equal(array, [4.0, 6.0, 8.0])


@pytest.mark.parametrize("function", [in_a_variable, in_a_container, as_an_argument])
def test_the_line_that_made_a_value_is_found(function):
    watched = FirstAppearance(function, is_wanted)
    watched(np.array([1.0, 2.0, 3.0]), Holder())
    lines, start = inspect.getsourcelines(function)
    assert watched.place == (__file__, start + next(i for i, line in enumerate(lines) if "# here" in line))


def test_what_a_function_returns_was_made_by_its_last_line():
    watched = FirstAppearance(in_another_function, is_wanted)
    watched(np.array([1.0, 2.0, 3.0]), Holder())
    assert watched.place == (__file__, inspect.getsourcelines(doubled)[1] + 1)


@pytest.mark.parametrize("function", [with_one_kept, with_another_made])
@pytest.mark.parametrize("made", [True, False])
def test_an_array_that_was_wanted_before_the_call_is_not_made_by_its_first_line(function, made, monkeypatch):
    monkeypatch.setitem(KEPT.kept, "second", np.array([4.0, 6.0, 8.0]))
    watched = FirstAppearance(function, is_wanted)
    watched(np.array([1.0, 2.0, 3.0]) if made else np.zeros(3), KEPT)
    line = inspect.getsourcelines(with_another_made)[1] + 2
    assert watched.place == ((__file__, line) if made else None)


def test_nothing_is_said_of_values_that_never_appear_and_tracing_is_put_back():
    before = sys.gettrace()
    watched = FirstAppearance(never, is_wanted)
    assert watched(np.ones(3), Holder()).sum() == 9
    assert watched.place is None
    assert sys.gettrace() is before
