import pytest

from unstuck.autodiff.aliases import handed_on
from unstuck.autodiff.tape import Site

HERE = Site("a.py", 2, 9, 2, 14, "d + e")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def back(d, e):\n    s = d + e\n    g = s * 2\n    return g, s\n", 4),
        ("def back(d, e):\n    s = d + e\n    s *= 2\n    return s\n", None),
        ("def back(d, e):\n    s = d + e\n    return s * 2\n", None),
        ("def back(d, e):\n    return d + e\n", None),
    ],
)
def test_a_return_hands_on_what_was_assigned_where_nothing_changes_it(text, line):
    place = handed_on(text, HERE)
    assert (place and place.line) == line
