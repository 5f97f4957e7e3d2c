"""Counting right and wrong answers."""

import dataclasses

import numpy as np
import pytest

from unstuck.data import Dataset
from unstuck.errors import DataError
from unstuck.nn.network import Network
from unstuck.recipes.evaluation import evaluate, evaluate_dataset


@pytest.fixture
def identity():
    """A network whose largest output is its largest input."""
    network = Network([3, 3])
    network.parameters[0][...] = np.eye(3)
    return network


def test_counts_land_in_the_row_of_the_true_class(identity):
    evaluation = evaluate(identity, np.eye(3)[[0, 0, 1, 2]], np.array([0, 1, 1, 2]))
    np.testing.assert_array_equal(evaluation.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    assert evaluation.errors == 1
    assert evaluation.accuracy == 0.75


def test_a_single_output_tells_two_classes_apart():
    network = Network([1, 1], output="sigmoid", loss="binary_cross_entropy", initializer="zeros")
    network.parameters[0][...] = 4
    network.parameters[1][...] = -2
    evaluation = evaluate(network, np.array([[0.0], [1.0]]), np.array([0, 1]))
    np.testing.assert_array_equal(evaluation.confusion, [[1, 0], [0, 1]])


def test_a_data_set_without_test_labels_is_evaluated_on_its_training_part(identity):
    images = np.eye(3, dtype=np.float32)
    dataset = Dataset(images, np.array([0, 1, 1]), images, np.array([0, 1, 2]))
    assert evaluate_dataset(identity, dataset).errors == 0
    unlabelled = dataclasses.replace(dataset, y_test=dataset.y_test[:0])
    assert evaluate_dataset(identity, unlabelled).errors == 1


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (np.zeros((0, 3)), [], "no examples"),
        (np.zeros((2, 3)), [0], "2 examples but 1 labels"),
        (np.zeros((2, 3)), [0, 3], "label of example 1 is 3, but the network tells 3 classes apart"),
        (np.zeros((2, 4)), [0, 1], "expected"),
    ],
)
def test_examples_that_do_not_fit_are_errors(identity, x, y, sentence):
    with pytest.raises(DataError, match=sentence):
        evaluate(identity, x, np.array(y, int))


def test_a_regression_has_no_right_and_wrong():
    network = Network([3, 1], output="linear", loss="squared_error")
    with pytest.raises(DataError, match="predicts numbers, not classes"):
        evaluate(network, np.zeros((1, 3)), np.array([0]))
