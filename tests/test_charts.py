"""Charts: marks lie where the numbers say, nothing falls out of the picture, every SVG is well-formed."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from unstuck.charts import (
    Axis,
    Frame,
    Series,
    bar_chart,
    histogram_chart,
    line_chart,
    matrix_chart,
    number,
    round_numbers,
    scatter_chart,
    spread,
)

X, Y = Axis(0, 100, "updates"), Axis(0, 1, "accuracy", percent=True)
LINE = Series("right & <wrong>", [0, 50, 100], [0.1, math.nan, 0.9], "before")


@pytest.mark.parametrize(
    "chart",
    [
        line_chart([LINE], X, Y, "a <title>"),
        line_chart([Series("dot", [3], [0.5], "after")], X, Y, "one point"),
        scatter_chart([LINE], X, Y, "points"),
        histogram_chart([("before", np.array([0.2, 0.8]))], Axis(-3, 2, "size", power=True), "shares"),
        bar_chart([("before", [3, 0]), ("after", [1, 2])], ["0", "1"], "class", "counts"),
        matrix_chart(np.array([[5, 1], [0, 9]]), "after", "true", "taken for", "confusions"),
    ],
    ids=["line", "dot", "scatter", "histogram", "bars", "matrix"],
)
def test_a_chart_is_well_formed_and_says_what_it_shows(chart):
    root = ElementTree.fromstring(chart)
    assert root.get("role") == "img"
    assert root.find("title").text == root.get("aria-label")
    assert "nan" not in chart


def test_corners_of_the_plane():
    frame = Frame(X, Y, 200, 100, left=10, right=20, top=5, bottom=15)
    assert (frame.at_x(0), frame.at_y(0)) == (10, 85)
    assert (frame.at_x(100), frame.at_y(1)) == (180, 5)


def test_points_outside_stand_at_the_edge_and_those_that_are_no_numbers_nowhere():
    frame = Frame(X, Y, 200, 100)
    points = frame.points([50, 50, 50], [7.0, -7.0, math.inf])
    assert [y for _, y in points] == [frame.at_y(1), frame.at_y(0)]


def test_names_at_the_ends_of_lines_do_not_overlap():
    lines = [Series(f"line {k}", [0, 100], [0, 0.5], "after") for k in range(4)]
    places = [float(y) for y in re.findall(r'name after" x="[\d.]+" y="([\d.]+)"', line_chart(lines, X, Y, ""))]
    assert len(places) == 4
    assert np.diff(sorted(places)).min() >= 15


def test_spread_keeps_the_order_and_the_borders():
    assert spread([5, 5, 100], 10, 0, 100) == [5, 15, 100]
    assert spread([99, 98], 10, 0, 100) == [100, 90]


def test_round_numbers():
    assert round_numbers(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert round_numbers(0, 1200) == [0, 500, 1000]
    assert round_numbers(-3.5, 1.2, whole=True) == [-3, -2, -1, 0, 1]
    assert round_numbers(4, 4) == [4]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (-0.02259, "−0.02259"),
        (1200, "1,200"),
        (3e-4, "3·10⁻⁴"),
        (-1e-17, "−10⁻¹⁷"),
        (2.5e9, "2.5·10⁹"),
    ],
)
def test_numbers_are_short(value, written):
    assert number(value) == written
