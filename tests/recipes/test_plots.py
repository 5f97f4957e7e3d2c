"""Pictures of a training run."""

import sys

import numpy as np
import pytest

from unstuck.errors import UnstuckError
from unstuck.recipes import plots


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_learning_curves_draw_each_named_curve_on_its_side():
    curves = {
        "train_loss": [2, 1],
        "train_accuracy": [0.5, 0.9],
        "validation_accuracy": [0.4, 0.8],
        "validation_loss": [],
    }
    losses, accuracies = plots.learning_curves(curves).axes
    assert [line.get_label() for line in losses.lines] == ["train"]
    assert [line.get_label() for line in accuracies.lines] == ["train", "validation"]
    np.testing.assert_array_equal(accuracies.lines[1].get_xydata(), [[1, 0.4], [2, 0.8]])


def test_confusion_matrix_shows_every_count():
    (axes,) = plots.confusion_matrix(np.array([[5, 1], [2, 7]])).axes
    assert texts_of(axes) == ["5", "1", "2", "7"]


def test_worst_mistakes_come_first_and_right_answers_not_at_all():
    labels = np.array([0, 1, 1, 0])
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.99, 0.01], [0.8, 0.2]])  # examples 1 and 2 are wrong, 2 worse
    figure = plots.worst_mistakes(np.zeros((4, 9)), labels, scores.argmax(axis=1), scores, (3, 3))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["1, not 0\nimage 2", "1, not 0\nimage 1"]


def test_first_layer_weights_draw_the_strongest_units_first():
    weights = np.zeros((9, 3))
    weights[4] = [1, -3, 2]
    figure = plots.first_layer_weights(weights, (3, 3))
    assert [axes.images[0].get_array()[1, 1] for axes in figure.axes if axes.images] == [-3, 2, 1]


def test_rows_that_are_no_images_are_drawn_as_strips():
    figure = plots.first_layer_weights(np.ones((2, 4)), None)
    assert figure.axes[0].images[0].get_array().shape == (1, 2)


def test_a_missing_matplotlib_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UnstuckError, match=r'pip install "unstuck\[plot\]"'):
        plots.new_figure(1, 1)
