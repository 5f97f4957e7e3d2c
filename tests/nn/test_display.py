"""What terminals and notebooks show of networks and histories."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import unstuck
from unstuck.nn.activations import Activation
from unstuck.nn.display import round_ticks
from unstuck.nn.history import History

TABLE = """\
Network 784-256-10: 203,530 float32 parameters, cross_entropy loss
layer  inputs  units  activation  dropout  parameters
    1     784    256        relu      0.5     200,960
    2     256     10     softmax                2,570"""


def test_a_network_is_a_table_of_its_layers():
    assert repr(unstuck.Network([784, 256, 10], dropout=0.5)) == TABLE


def test_a_network_without_biases_counts_its_weights_only():
    network = unstuck.Network([4, 3, 2], biases=False)
    assert repr(network).startswith("Network 4-3-2: 18 float32 parameters")


def test_the_table_of_a_notebook_has_the_same_cells():
    network = unstuck.Network([784, 256, 10], dropout=0.5)
    table = ET.fromstring(network._repr_html_())
    cells = [[cell.text or "" for cell in row] for row in table.iter("tr")]
    assert cells == [line.split() for line in TABLE.splitlines()[1:3]] + [["2", "256", "10", "softmax", "", "2,570"]]


def test_names_of_ones_own_are_escaped():
    odd = Activation("<script>", lambda z: z, lambda z, a: np.ones_like(z))
    assert "<script>" not in unstuck.Network([3, 2, 2], hidden=odd)._repr_html_()


HISTORY = History(
    train_loss=[0.9, 0.3, 0.1],
    train_accuracy=[0.5, 0.9, 1.0],
    validation_loss=[0.8, 0.4, float("inf")],
    validation_accuracy=[0.6, 0.8, 0.9],
    seconds=1.26,
)


def test_a_history_is_one_line():
    assert repr(HISTORY) == (
        "History of 3 epochs in 1.3 s, loss 0.1000, training accuracy 100.00%, "
        "validation loss inf, validation accuracy 90.00%"
    )
    assert repr(History()) == "History of 0 epochs in 0.0 s"
    assert repr(History(train_loss=[2.0], train_accuracy=[None])) == "History of 1 epoch in 0.0 s, loss 2.0000"


def lines_of(history):
    """The points of each curve in each diagram of a history's picture."""
    image = ET.fromstring(f"<div>{history._repr_html_()}</div>").find("svg")
    return [
        [
            [tuple(map(float, point.split(","))) for point in line.get("points").split()]
            for line in part.iter("polyline")
        ]
        for part in image.findall("g")
    ]


def test_a_history_is_drawn_as_loss_and_accuracy():
    loss, accuracy = lines_of(HISTORY)
    assert [len(points) for points in (*loss, *accuracy)] == [3, 2, 3, 3]  # what is not finite is left out
    heights = [y for _, y in loss[0]]
    assert heights == sorted(heights)  # a falling loss runs down, and down is larger in SVG
    assert accuracy[0] == sorted(accuracy[0])
    assert all(0 < x < 320 and 0 < y < 190 for line in (*loss, *accuracy) for x, y in line)


def test_a_regression_has_no_diagram_of_accuracy():
    (loss,) = lines_of(History(train_loss=[0.5, 0.5], train_accuracy=[None, None]))
    assert [len(points) for points in loss] == [2]


@pytest.mark.parametrize("history", [History(), History(train_loss=[0.0], train_accuracy=[0.0])])
def test_the_shortest_histories_can_be_drawn(history):
    assert len(lines_of(history)) >= 1


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.03, 0.34, [0, 0.1, 0.2, 0.3, 0.4]),
        (0.9, 0.99, [0.9, 0.95, 1.0]),
        (-3, 12, [-5, 0, 5, 10, 15]),
        (2.0, 2.0, [2, 2.5]),
        (0.0, 0.0, [0, 0.5]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(low, high, ticks):
    assert round_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("seed", range(20))
def test_ticks_are_few_and_enclose_any_values(seed):
    low, high = sorted(np.random.default_rng(seed).normal(size=2) * 10.0 ** (seed - 10))
    ticks = round_ticks(low, high)
    slack = 1e-9 * (ticks[-1] - ticks[0])
    assert ticks[0] <= low + slack
    assert high <= ticks[-1] + slack
    assert 2 <= len(ticks) <= 6
