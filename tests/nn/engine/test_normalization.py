"""Hidden layers that are normalised over the batch while training leave a plain network with the same predictions."""

from pathlib import Path

import numpy as np
import pytest

from tests.nn.numerical import problem, relative_error, shake, slope
from unstuck.errors import TrainingError
from unstuck.nn.engine import normalization
from unstuck.nn.engine.normalization import BatchNormalization, normalize, normalize_backward
from unstuck.nn.files.model_file import load, save
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam, AdamW
from unstuck.nn.training import train


def build(hidden: str = "tanh", **settings) -> Network:
    settings = {"dtype": "float64", **settings}
    return shake(Network((5, 4, 7, 3), hidden, "softmax", "cross_entropy", "glorot_normal", seed=0, **settings))


def test_normalized_pre_activations_have_mean_0_and_deviation_1():
    z = np.random.default_rng(0).normal(3, 5, (40, 6))
    normalized, mean, variance = normalize(z)
    assert normalized.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert normalized.std(axis=0) == pytest.approx(1, rel=1e-5)
    assert mean == pytest.approx(z.mean(axis=0))
    assert variance == pytest.approx(z.var(axis=0))


def test_a_unit_that_never_changes_stays_finite():
    normalized, _, variance = normalize(np.full((4, 2), 7.0))
    assert not normalized.any()
    assert np.isfinite(normalize_backward(np.ones((4, 2)), normalized, variance)).all()


def test_the_backward_pass_is_the_derivative_of_the_forward_pass():
    z, upstream = np.random.default_rng(0).normal(size=(2, 5, 3))
    normalized, _, variance = normalize(z)
    expected = slope(lambda: float(np.vdot(upstream, normalize(z)[0])), z)
    assert relative_error(normalize_backward(upstream, normalized, variance), expected) < 1e-9


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("steps", [1, 3])
def test_updates_are_those_of_pytorch(hidden: str, steps: int):
    torch = pytest.importorskip("torch")
    network = build(hidden)
    x, targets = problem(network, 6)
    parameters = [torch.tensor(p, requires_grad=True) for p in network.parameters]
    statistics = [(torch.zeros(n, dtype=torch.float64), torch.ones(n, dtype=torch.float64)) for n in (4, 7)]
    optimizer = torch.optim.SGD(parameters, lr=0.1)

    def forward(training: bool):
        a = torch.tensor(x)
        for (mean, variance), w, b in zip(statistics, parameters[:-2:2], parameters[1:-2:2]):
            normalized = torch.nn.functional.batch_norm(
                a @ w, mean, variance, bias=b, training=training, momentum=1, eps=normalization.EPSILON
            )
            a = getattr(torch, hidden)(normalized)
        return a @ parameters[-2] + parameters[-1]

    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(forward(True), torch.tensor(targets)).backward()
        optimizer.step()
    settings = BatchNormalization(decay=0)
    train(network, (x, targets), steps, None, SGD(0.1), shuffle=False, normalization=settings)
    for _, variance in statistics:
        variance *= 5 / 6  # PyTorch keeps the variance that divides by n - 1
    expected = torch.softmax(forward(False), dim=1).detach().numpy()
    assert np.abs(network.scores(x) - expected).max() < 1e-10


def test_predictions_use_the_statistics_of_many_batches():
    network = build()
    x, targets = problem(network, 60)
    weights = network.layers[0].weights.copy()
    train(network, (x, targets), 1, 20, SGD(1e-12), shuffle=False, normalization=BatchNormalization(decay=0.75))
    means, variances = zip(*(normalize(batch @ weights)[1:] for batch in np.split(x, 3)), strict=True)
    mean = 0.75 * (0.75 * means[0] + 0.25 * means[1]) + 0.25 * means[2]
    variance = 0.75 * (0.75 * variances[0] + 0.25 * variances[1]) + 0.25 * variances[2]
    expected = (x @ weights - mean) / np.sqrt(variance + normalization.EPSILON)
    found = x @ network.layers[0].weights + network.layers[0].biases
    found -= found.mean(axis=0) - expected.mean(axis=0)  # apart from the biases, which were shaken
    assert relative_error(found, expected) < 1e-6


def test_units_that_never_change_are_folded_too():
    """Constant inputs: all that is left of the hidden units is their biases, which learn."""
    network = Network((3, 4, 2), "tanh")
    x, targets = np.zeros((20, 3)), np.zeros(20, int)
    train(network, (x, targets), 20, 5, SGD(0.5), normalization=BatchNormalization())
    assert network.loss_values(x, targets).mean() < 0.1
    assert network.layers[0].biases.all()


def test_noise_is_drawn_for_inputs_and_hidden_units_of_each_batch(monkeypatch):
    drawn = []
    add_noise = normalization.add_noise

    def add_and_note(x, deviation, buffer, generator):
        before = x.copy()
        add_noise(x, deviation, buffer, generator)
        drawn.append(x - before)

    monkeypatch.setattr(normalization, "add_noise", add_and_note)
    network = Network((200, 300, 100, 3))
    x = np.random.default_rng(0).random((64, 200))
    train(network, (x, np.arange(64) % 3), 1, 32, normalization=BatchNormalization(noise=0.4))
    assert [noise.shape for noise in drawn] == 2 * [(32, 200), (32, 300), (32, 100)]
    for noise in drawn:
        assert noise.std() == pytest.approx(0.4, rel=0.05)
        assert noise.mean() == pytest.approx(0, abs=0.02)


def test_predictions_are_without_noise():
    network = Network((5, 4, 3))
    x, targets = problem(network, 30)
    train(network, (x, targets), 2, normalization=BatchNormalization(noise=0.5))
    assert np.array_equal(network.scores(x), network.scores(x))


def test_the_trained_network_is_a_plain_one(tmp_path: Path):
    network = Network((5, 4, 3))
    x, targets = problem(network, 30)
    train(network, (x, targets), 2, normalization=BatchNormalization())
    save(network, tmp_path / "model.st")
    assert np.array_equal(load(tmp_path / "model.st").scores(x), network.scores(x))


def test_callbacks_and_validation_see_the_plain_network():
    network = Network((5, 8, 3))
    x, targets = problem(network, 90)
    seen: list[float] = []
    history = train(
        network,
        (x[:60], targets[:60]),
        5,
        10,
        validation=(x[60:], targets[60:]),
        normalization=BatchNormalization(),
        callbacks=[lambda progress: seen.append(network.accuracy(x[60:], targets[60:]))],
    )
    assert seen[-5:] == history.validation_accuracy


def test_early_stopping_restores_the_network_that_was_best():
    network = Network((5, 30, 3))
    x, targets = problem(network, 90)  # random labels: the validation loss rises soon
    history = train(
        network,
        (x[:60], targets[:60]),
        100,
        10,
        Adam(0.01),
        validation=(x[60:], targets[60:]),
        early_stopping=5,
        normalization=BatchNormalization(),
    )
    assert history.stopped_early
    assert network.loss_values(x[60:], targets[60:]).mean() == pytest.approx(min(history.validation_loss), rel=1e-5)


@pytest.mark.parametrize("update", [7, 15])  # in the middle and at the end of an epoch of 15 updates
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path: Path, update: int):
    def interrupt(progress):
        if progress.update >= update:
            raise KeyboardInterrupt

    x, targets = problem(build(), 30)
    settings = {"epochs": 3, "batch_size": 2, "optimizer": Adam(), "normalization": BatchNormalization(noise=0.3)}
    whole = build()
    train(whole, (x, targets), **settings)
    halted = build()
    on_disk = {"checkpoint": tmp_path / "run", "checkpoint_every": 7}
    with pytest.raises(KeyboardInterrupt):
        train(halted, (x, targets), **settings, **on_disk, callbacks=[interrupt])
    resumed = build()
    train(resumed, (x, targets), **settings, **on_disk, resume=True)
    for expected, found in zip(whole.parameters, resumed.parameters, strict=True):
        np.testing.assert_array_equal(expected, found)


def test_weight_decay_leaves_the_statistics_alone():
    still, decayed = build(), build()
    x, targets = problem(still, 30)
    settings = {"epochs": 1, "batch_size": None, "normalization": BatchNormalization()}
    train(still, (x, targets), optimizer=Adam(1e-12), **settings)
    train(decayed, (x, targets), optimizer=AdamW(1e-12, weight_decay=0.9), **settings)
    assert relative_error(decayed.layers[0].weights, still.layers[0].weights) < 1e-9


def test_a_deep_network_learns_that_would_not_without_it():
    """Ten layers of sigmoids: next to nothing comes through, unless every layer spreads out again."""
    x = np.random.default_rng(0).random((400, 20))
    targets = (x[:, :10].sum(axis=1) > x[:, 10:].sum(axis=1)).astype(int)
    accuracies = []
    for settings in (None, BatchNormalization()):
        network = Network((20, *10 * [12], 2), "sigmoid", initializer="glorot_normal")
        train(network, (x, targets), 60, 20, SGD(0.2, momentum=0.9), normalization=settings)
        accuracies.append(network.accuracy(x, targets))
    assert accuracies[0] < 0.6
    assert accuracies[1] > 0.7


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"biases": False}, "needs biases"),
        ({"dropout": 0.5}, "neither dropout nor max_norm"),
        ({"max_norm": 2.0}, "neither dropout nor max_norm"),
    ],
    ids=["biases", "dropout", "max_norm"],
)
def test_networks_that_cannot_be_normalized_are_refused(settings: dict, reason: str):
    network = Network((5, 4, 3), **settings)
    with pytest.raises(TrainingError, match=reason):
        train(network, problem(network, 10), normalization=BatchNormalization())


@pytest.mark.parametrize("settings", [{"noise": -1}, {"noise": np.inf}, {"decay": 1.0}, {"decay": -0.1}], ids=str)
def test_impossible_settings_are_refused(settings: dict):
    with pytest.raises(TrainingError, match=next(iter(settings))):
        BatchNormalization(**settings)
