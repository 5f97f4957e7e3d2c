from dataclasses import dataclass

import numpy as np
import pytest

from tests.nn.numerical import relative_error
from unstuck.errors import DataError, TrainingError
from unstuck.nn.engine import kernels
from unstuck.nn.history import Progress
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam
from unstuck.nn.training import train


def blobs(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes around three points of the square."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n)
    centres = np.array([[0.2, 0.2], [0.8, 0.3], [0.4, 0.8]])
    return centres[y] + 0.08 * generator.normal(size=(n, 2)), y


def bits(network: Network) -> bytes:
    return b"".join(parameter.tobytes() for parameter in network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 32, None])
def test_online_mini_batch_and_full_batch_training_learn(dtype: str, batch_size: int | None) -> None:
    x, y = blobs()
    network = Network([2, 8, 3], hidden="tanh", initializer="glorot_normal", dtype=dtype)
    epochs = 300 if batch_size is None else 10
    history = train(network, (x, y), epochs, batch_size, SGD(0.05 if batch_size == 1 else 0.5, momentum=0.9))
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert network.accuracy(*blobs(seed=1)) > 0.95
    assert history.updates == epochs * -(-300 // (batch_size or 300))
    assert history.examples_seen == 300 * epochs


def test_a_regression_learns() -> None:
    x = np.linspace(0, 1, 100)[:, None]
    t = np.sin(3 * x)
    network = Network([1, 16, 1], hidden="tanh", output="linear", loss="squared_error", initializer="glorot_normal")
    history = train(network, (x, t), epochs=200, batch_size=10, optimizer=Adam(0.01), validation=0.2)
    assert np.abs(network.predict(x) - t).max() < 0.1
    assert history.train_accuracy == [None] * 200
    assert history.validation_accuracy == [None] * 200


def test_tanh_outputs_learn_labels_and_plus_minus_one_alike() -> None:
    x, y = blobs()
    networks = []
    for targets in (y, 2 * np.eye(3)[y] - 1):
        network = Network([2, 8, 3], "tanh", "tanh", "squared_error", "glorot_normal", input_range=(-1, 1))
        train(network, (x, targets), epochs=20, batch_size=10, optimizer=SGD(0.1))
        networks.append(network)
    assert bits(networks[0]) == bits(networks[1])
    assert networks[0].accuracy(x, y) > 0.95


def test_exclusive_or_is_learned() -> None:
    x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    network = Network([2, 4, 1], "sigmoid", "sigmoid", "squared_error", "normal", seed=1)
    train(network, (x, t), epochs=2000, batch_size=None, optimizer=SGD(2.0, momentum=0.9))
    assert np.abs(network.scores(x)[:, 0] - t).max() < 0.1
    assert network.predict(x).tolist() == [0, 1, 1, 0]


@dataclass
class Images:
    """What training needs of a data set."""

    images_train: np.ndarray
    y_train: np.ndarray


def test_a_data_set_of_bytes_trains_like_the_same_numbers_as_floats() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 6), dtype=np.uint8)
    y = np.arange(50) % 3
    outcomes = []
    for data in (Images(pixels, y), (pixels, y), (pixels / 255, y)):
        network = Network([6, 5, 3], input_range=(-1, 1), dtype="float64")
        train(network, data, epochs=2, batch_size=8, optimizer=SGD(0.5))
        outcomes.append(network)
    assert bits(outcomes[0]) == bits(outcomes[1])
    assert relative_error(outcomes[2].parameters[0], outcomes[0].parameters[0]) < 1e-12


@pytest.mark.parametrize("seed", [None, 5])
def test_the_same_seed_gives_the_same_bits(seed: int | None) -> None:
    def outcome(seed: int | None) -> bytes:
        network = Network([2, 8, 3], dropout=0.2, seed=3)
        train(network, blobs(), epochs=2, batch_size=16, optimizer=Adam(), validation=50, seed=seed)
        return bits(network)

    assert outcome(seed) == outcome(seed)
    assert outcome(seed) != outcome(6)


def test_without_a_seed_the_network_goes_on_with_its_own_generator() -> None:
    network = Network([2, 3], seed=3)
    orders = []
    for _ in range(2):
        before = network.generator.bit_generator.state
        train(network, blobs(), epochs=1)
        orders.append(before != network.generator.bit_generator.state)
    assert orders == [True, True]


def test_without_shuffling_the_order_is_that_of_the_data() -> None:
    x, y = blobs(20)
    one, other = (Network([2, 3], seed=seed, initializer="zeros") for seed in (0, 1))
    for network in (one, other):
        train(network, (x, y), epochs=2, batch_size=3, shuffle=False)
    assert bits(one) == bits(other)


def test_fast_form_and_definition_train_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome() -> list[np.ndarray]:
        network = Network([2, 8, 5, 3], "sigmoid", dtype="float64", dropout=0.2, l2=0.01, max_norm=2.0)
        train(network, blobs(70), epochs=3, batch_size=16, optimizer=SGD(0.5, 0.9), class_weight={1: 2.0}, seed=0)
        return network.parameters

    fast = outcome()
    monkeypatch.setattr(kernels, "has_fast_form", lambda network: False)
    for one, other in zip(fast, outcome()):
        assert relative_error(one, other) < 1e-12


def test_training_keeps_the_parameter_arrays() -> None:
    network = Network([2, 4, 3])
    before = network.parameters
    train(network, blobs(), epochs=1)
    assert all(p is q for p, q in zip(before, network.parameters))


def test_validation_examples_are_held_out_and_not_trained_on() -> None:
    x, y = blobs(100)
    held_out = np.random.default_rng(5).permutation(100)[:25]
    altered = y.copy()
    altered[held_out] = (y[held_out] + 1) % 3
    trained = []
    for labels in (y, altered):
        network = Network([2, 3], dtype="float64")
        history = train(network, (x, labels), epochs=3, batch_size=7, validation=0.25, seed=5)
        assert history.examples_seen == 3 * 75
        assert len(history.validation_loss) == 3
        assert history.validation_accuracy[-1] == network.accuracy(x[held_out], labels[held_out])
        trained.append(network)
    assert bits(trained[0]) == bits(trained[1])


def test_a_validation_set_may_be_given() -> None:
    network = Network([2, 3], dtype="float64")
    held_out = blobs(40, seed=9)
    history = train(network, blobs(), epochs=2, validation=held_out)
    assert history.validation_loss[-1] == pytest.approx(network.loss_values(*held_out).mean())
    assert history.validation_accuracy[-1] == network.accuracy(*held_out)
    assert history.examples_seen == 600


def test_early_stopping_restores_the_best_weights() -> None:
    x, y = blobs(40)
    y[::3] = (y[::3] + 1) % 3  # noise to overfit
    network = Network([2, 64, 3], dtype="float64")
    held_out = blobs(200, seed=2)
    history = train(network, (x, y), 500, 10, Adam(0.05), validation=held_out, early_stopping=5)
    assert history.stopped_early
    assert history.epochs == history.best_epoch + 5
    assert min(history.validation_loss) == history.validation_loss[history.best_epoch - 1]
    assert network.loss_values(*held_out).mean() == pytest.approx(min(history.validation_loss), rel=1e-9)


def test_class_weights_shift_the_decision() -> None:
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(0.4, 0.15, (200, 2)), generator.normal(0.6, 0.15, (200, 2))])
    y = np.repeat([0, 1], 200)
    shares = []
    for weight in (0.1, 1.0, 10.0):
        network = Network([2, 2])
        train(network, (x, y), epochs=30, batch_size=20, optimizer=SGD(0.3), class_weight={1: weight})
        shares.append(network.predict(x).mean())
    assert shares[0] < shares[1] - 0.1 < shares[2] - 0.2


def test_the_history_measures_what_was_trained_on() -> None:
    x, y = blobs(30)
    network = Network([2, 3], dtype="float64", seed=1)
    before = network.loss_values(x, y).mean(), network.accuracy(x, y)
    history = train(network, (x, y), epochs=1, batch_size=None)
    assert (history.train_loss[0], history.train_accuracy[0]) == (pytest.approx(before[0]), before[1])
    assert history.seconds > 0
    assert history.images_per_second == 30 / history.seconds


def test_callbacks_see_each_epoch_and_may_end_the_training() -> None:
    seen: list[Progress] = []

    def watch(progress: Progress) -> bool:
        if progress.epoch_done:
            seen.append(progress)
        return progress.epoch == 3

    history = train(Network([2, 3]), blobs(), epochs=10, batch_size=100, callbacks=[watch])
    assert [(p.epoch, p.epochs, p.update, p.updates) for p in seen] == [(1, 10, 3, 30), (2, 10, 6, 30), (3, 10, 9, 30)]
    assert history.epochs == 3


def test_a_callback_that_raises_leaves_the_network_its_own_arrays() -> None:
    network = Network([2, 3])
    before = network.parameters

    def fail(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(network, blobs(), callbacks=[fail])
    assert all(p is q for p, q in zip(before, network.parameters))


@pytest.mark.parametrize("hidden", ["relu", "linear"])
def test_divergence_stops_training_with_update_layer_and_cause(hidden: str) -> None:
    network = Network([2, 8, 3], hidden, "linear", "squared_error")
    with pytest.raises(TrainingError) as caught:
        train(network, blobs(), epochs=50, batch_size=10, optimizer=SGD(1e4))
    sentence = str(caught.value)
    assert "training stopped at update" in sentence
    assert "of layer" in sentence
    assert "the learning rate 10000 is probably too high" in sentence


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_rate_that_is_too_high_at_the_first_update_is_named() -> None:
    network = Network([2, 8, 3], "relu", "linear", "squared_error")
    with pytest.raises(TrainingError, match=r"update 1: the parameters of layer 1 .* 1e\+308 is probably too high"):
        train(network, blobs(), epochs=1, batch_size=300, optimizer=SGD(1e308))


def test_initial_weights_that_overflow_are_named() -> None:
    network = Network([2, 8, 3], "linear", "linear", "squared_error")
    network.parameters[2][...] = 3e38
    with pytest.raises(
        TrainingError, match=r"update 1: the pre-activations of layer 2 .* initial weights are too large"
    ):
        train(network, blobs())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0: expected a whole number above 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
        ({"checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"schedule": "linear"}, "unknown schedule 'linear'"),
        ({"validation": 300}, "validation is 300: expected to hold out from 1 to 299"),
        ({"validation": 1.5}, "validation is 1.5"),
        ({"early_stopping": 3}, "early_stopping needs validation"),
        ({"sample_weight": np.ones(4)}, "sample_weight has shape (4,)"),
        ({"sample_weight": -np.ones(300)}, "expected 300 finite numbers"),
        ({"class_weight": {3: 1.0}}, "class_weight[3] is 1.0: expected labels 0 to 2"),
        ({"class_weight": {0: float("nan")}}, "class_weight[0] is nan"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_impossible_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        train(Network([2, 3]), blobs(), **settings)
    assert message in str(caught.value)


def test_data_that_do_not_fit_are_named() -> None:
    x, y = blobs()
    spoiled = x.copy()
    spoiled[7, 1] = np.nan
    for data, message in (
        ((x, y[:-1]), "300 inputs but 299 targets"),
        ((x[:0], y[:0]), "there are no examples"),
        ((spoiled, y), "input 1 of example 7 is nan"),
        ((x, y + 1), "expected 0 to 2"),
    ):
        with pytest.raises(DataError, match=message):
            train(Network([2, 3]), data)
