import numpy as np
import pytest

from tests.nn.numerical import problem, relative_error, shake, slope
from unstuck.errors import DataError, TrainingError
from unstuck.nn.network import Network

ARCHITECTURES = {
    "sigmoid and squared error": {"hidden": "sigmoid", "output": "sigmoid", "loss": "squared_error"},
    "sigmoid and binary cross-entropy": {"hidden": "sigmoid", "output": "sigmoid", "loss": "binary_cross_entropy"},
    "tanh and squared error": {"hidden": "tanh", "output": "tanh", "loss": "squared_error"},
    "relu and cross-entropy": {"hidden": "relu"},
    "leaky relu and cross-entropy": {"hidden": "leaky_relu"},
    "softmax and squared error": {"hidden": "tanh", "output": "softmax", "loss": "squared_error"},
    "softmax within": {"hidden": "softmax", "output": "linear", "loss": "squared_error"},
    "regression": {"hidden": "linear", "output": "linear", "loss": "squared_error"},
    "relu outputs": {"hidden": "tanh", "output": "relu", "loss": "squared_error"},
    "mixed layers": {"hidden": ["relu", "tanh"], "output": "sigmoid", "loss": "binary_cross_entropy"},
    "without biases": {"hidden": "tanh", "biases": False},
    "l2": {"hidden": "tanh", "l2": 0.3},
    "inputs from -1 to 1": {"hidden": "tanh", "input_range": (-1, 1)},
}


def build(settings: dict, sizes=(5, 4, 7, 3), seed: int = 0) -> Network:
    return shake(Network(sizes, seed=seed, dtype="float64", initializer="glorot_normal", **settings))


@pytest.mark.parametrize("settings", ARCHITECTURES.values(), ids=ARCHITECTURES)
@pytest.mark.parametrize("n", [1, 6])
def test_gradients_are_central_differences(settings: dict, n: int) -> None:
    network = build(settings)
    x, targets = problem(network, n)
    for found, parameter in zip(network.gradients(x, targets), network.parameters):
        expected = slope(lambda: network.loss_values(x, targets).mean() + network.penalty(), parameter)
        assert relative_error(found, expected) <= 1e-7


@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (1, 1, 1), (2, 1, 3), (9, 2, 2, 2, 2)])
def test_gradients_of_odd_shapes(sizes: tuple[int, ...]) -> None:
    network = shake(Network(sizes, hidden="tanh", output="sigmoid", loss="squared_error", dtype="float64"))
    x, targets = problem(network, 3)
    for found, parameter in zip(network.gradients(x, targets), network.parameters):
        expected = slope(lambda: network.loss_values(x, targets).mean(), parameter)
        assert relative_error(found, expected) <= 1e-7


def test_sample_weights_multiply_the_loss_of_each_example() -> None:
    network = build({})
    x, targets = problem(network, 4)
    weight = np.array([0, 1, 2.5, 0.5])
    for found, parameter in zip(network.gradients(x, targets, weight), network.parameters):
        expected = slope(lambda: (weight * network.loss_values(x, targets)).mean(), parameter)
        assert relative_error(found, expected) <= 1e-7


def test_dropout_gradients_are_those_of_the_thinned_network() -> None:
    network = build({"dropout": [0.5, 0.25], "hidden": "tanh"})
    x, targets = problem(network, 6)
    t = network.encode(targets)

    def passes():
        return network.forward(x, np.random.default_rng(7))

    def loss() -> float:
        last = passes()[-1]
        return network.loss.per_example(network.output, last.z, last.a, t).mean()

    assert {0, 2} == set(np.unique(passes()[0].mask))
    for found, parameter in zip(network.backward(passes(), t), network.parameters):
        assert relative_error(found, slope(loss, parameter)) <= 1e-7


def test_one_step_by_hand() -> None:
    """A 2-1-1 network: x = (1, 2), h = sigmoid(0.5 - 0.5 + 0) = 0.5, a = sigmoid(2 * 0.5 - 1) = 0.5, target 1."""
    network = Network([2, 1, 1], hidden="sigmoid", output="sigmoid", loss="squared_error", dtype="float64")
    w1, b1, w2, b2 = network.parameters
    w1[...], b1[...], w2[...], b2[...] = [[0.5], [-0.25]], [0], [[2]], [-1]
    x, target = np.array([[1.0, 2.0]]), np.array([1.0])

    assert network.scores(x) == 0.5
    assert network.loss_values(x, target) == 0.125  # (0.5 - 1)^2 / 2
    # output delta: (0.5 - 1) * 0.5 * 0.5 = -0.125; hidden delta: -0.125 * 2 * 0.5 * 0.5 = -0.0625
    gradients = network.gradients(x, target)
    assert [g.ravel().tolist() for g in gradients] == [[-0.0625, -0.125], [-0.0625], [-0.0625], [-0.125]]


def test_prediction_forms() -> None:
    x = np.random.default_rng(0).random((9, 4))
    labels = Network([4, 3, 5]).predict(x)
    assert labels.shape == (9,)
    assert set(labels) <= set(range(5))
    assert Network([4, 3, 1], output="sigmoid", loss="squared_error").predict(x).shape == (9,)
    assert Network([4, 3, 2], output="linear", loss="squared_error").predict(x).shape == (9, 2)


def test_accuracy_counts_labels_given_in_any_form() -> None:
    network = Network([2, 2], output="tanh", loss="squared_error", input_range=(-1, 1))
    network.parameters[0][...] = np.eye(2)
    x, y = np.array([[1.0, 0], [0, 1], [1, 0.5], [0, 1]]), np.array([0, 1, 0, 0])
    assert network.accuracy(x, y) == 0.75
    assert network.accuracy(x, np.eye(2)[y]) == 0.75
    assert network.accuracy(x, 2 * np.eye(2)[y] - 1) == 0.75


def test_bytes_and_shares_of_one_are_the_same_inputs() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6), dtype=np.uint8)
    for input_range in ((0, 1), (-1, 1), (-0.5, 2)):
        network = Network([6, 3], dtype="float64", input_range=input_range)
        assert np.allclose(network.scores(pixels), network.scores(pixels / 255), rtol=1e-12)


def test_images_may_keep_their_two_axes() -> None:
    network = Network([6, 3])
    x = np.random.default_rng(0).random((5, 2, 3))
    assert np.array_equal(network.scores(x), network.scores(x.reshape(5, 6)))


def test_many_examples_are_predicted_as_few() -> None:
    network = Network([3, 2], dtype="float64")
    x = np.random.default_rng(0).random((9000, 3))
    assert np.allclose(network.scores(x)[4090:4100], network.scores(x[4090:4100]), rtol=1e-14)


def test_the_seed_decides_the_parameters() -> None:
    same, again, other = (Network([5, 4, 3], seed=seed, bias_initializer="normal") for seed in (1, 1, 2))
    assert all(np.array_equal(p, q) for p, q in zip(same.parameters, again.parameters))
    assert not any(np.array_equal(p, q) for p, q in zip(same.parameters, other.parameters))


def test_large_sigmoid_layers_neither_overflow_nor_warn() -> None:
    network = Network([784, 800, 10], hidden="sigmoid", output="sigmoid", loss="squared_error", initializer="normal")
    x = np.full((4, 784), 255.0)
    assert np.isfinite(network.scores(x)).all()
    assert all(np.isfinite(g).all() for g in network.gradients(x, np.arange(4)))


IMPOSSIBLE = {
    "sizes are": {"sizes": [5]},
    "sizes are [5, 0, 2]": {"sizes": [5, 0, 2]},
    "sizes are [5.5, 2]": {"sizes": [5.5, 2]},
    "unknown activation 'swish'": {"hidden": "swish"},
    "unknown loss 'hinge'": {"loss": "hinge"},
    "loss cross_entropy needs softmax outputs, not sigmoid": {"output": "sigmoid"},
    "softmax over a single output": {"sizes": [5, 1]},
    "hidden has 1 entries": {"sizes": [5, 4, 3, 2], "hidden": ["relu"]},
    "dropout is 1": {"dropout": 1},
    "l2 is -1": {"l2": -1},
    "max_norm is 0": {"max_norm": 0},
    "dtype is 'int8'": {"dtype": "int8"},
    "input_range is (1, 1)": {"input_range": (1, 1)},
    "unknown initializer 'best'": {"initializer": "best"},
}


@pytest.mark.parametrize(("message", "settings"), IMPOSSIBLE.items(), ids=IMPOSSIBLE)
def test_impossible_settings_are_named(message: str, settings: dict) -> None:
    with pytest.raises(TrainingError) as caught:
        Network(**{"sizes": [5, 4, 3], **settings})
    assert message in str(caught.value)


def test_inputs_of_another_shape_or_type_are_refused() -> None:
    network = Network([4, 2])
    for x, message in (
        (np.zeros((3, 5)), r"shape \(3, 5\): expected \(n, 4\)"),
        (np.zeros(4), r"shape \(4,\)"),
        (np.array([["a"] * 4]), "expected numbers"),
    ):
        with pytest.raises(DataError, match=message):
            network.scores(x)
    with pytest.raises(DataError, match="3 inputs but 2 targets"):
        network.gradients(np.zeros((3, 4)), [0, 1])
