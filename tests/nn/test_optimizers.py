import numpy as np
import pytest

from unstuck.errors import TrainingError
from unstuck.nn.optimizers import OPTIMIZERS, SGD, AdaGrad, Adam, AdamW, RMSProp, initial_memory

ALL = [
    SGD(0.1),
    SGD(0.1, momentum=0.5),
    SGD(0.1, momentum=0.5, nesterov=True),
    RMSProp(0.1, decay=0.75),
    Adam(0.1, beta1=0.5, beta2=0.75),
    AdamW(0.1, beta1=0.5, beta2=0.75, weight_decay=0.5),
    AdaGrad(1.0),
]


def run(optimizer, parameter, gradients, rate=None):
    parameter = np.array(parameter, float)
    memory = initial_memory(optimizer, parameter)
    trace = []
    for update, gradient in enumerate(gradients, start=1):
        optimizer.step(parameter, np.array(gradient, float), memory, rate or optimizer.learning_rate, update)
        trace.append(parameter.copy())
    return np.array(trace)


def test_two_steps_by_hand() -> None:
    """Parameter 1, gradient 2 twice, rate 0.1."""
    expected = {
        0: [0.8, 0.6],
        1: [0.8, 0.5],  # velocities -0.2, -0.3
        2: [0.7, 0.35],  # one velocity further: 1 - 0.1 - 0.2, then 0.7 - 0.15 - 0.2
        3: [0.8, 0.8 - 0.2 / np.sqrt(1.75)],  # mean squares 1, 1.75
        4: [0.9, 0.8],  # corrected means 2, mean squares 4: full steps of the rate
        5: [0.85, 0.7075],  # 1 * 0.95 - 0.1, then 0.85 * 0.95 - 0.1
        6: [0, -1 / np.sqrt(2)],  # sums of squares 4, 8
    }
    for i, optimizer in enumerate(ALL):
        assert run(optimizer, [1], [[2], [2]])[:, 0] == pytest.approx(expected[i], abs=1e-7), optimizer


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_blocks_give_the_same_bits_as_the_whole(optimizer) -> None:
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=10), generator.normal(size=(4, 10))
    whole = run(optimizer, start, gradients)
    parts = [run(optimizer, start[part], gradients[:, part]) for part in (slice(0, 3), slice(3, 10))]
    assert np.array_equal(whole, np.concatenate(parts, axis=1))


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_the_given_rate_counts_and_the_gradient_is_left_alone(optimizer) -> None:
    gradient = np.array([1.0, -2.0])
    parameter = np.array([1.0, 1.0])
    optimizer.step(parameter, gradient, initial_memory(optimizer, parameter), 1e-9, 1)
    assert parameter == pytest.approx([1, 1], abs=1e-7)
    assert gradient.tolist() == [1, -2]


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_all_descend_a_bowl_in_their_dtype(optimizer, dtype) -> None:
    parameter = np.array([3.0, -2.0], dtype)
    memory = initial_memory(optimizer, parameter)
    for update in range(1, 301):
        optimizer.step(parameter, parameter.copy(), memory, optimizer.learning_rate / update**0.5, update)
    assert np.abs(parameter).max() < 0.2
    assert all(array.dtype == dtype for array in [parameter, *memory.values()])


def test_impossible_settings_are_named() -> None:
    for build, message in (
        (lambda: SGD(0), "learning_rate is 0"),
        (lambda: SGD(float("nan")), "learning_rate is nan"),
        (lambda: SGD(0.1, momentum=1), "momentum is 1"),
        (lambda: RMSProp(epsilon=-1), "epsilon is -1"),
        (lambda: AdamW(beta2=1.5), "beta2 is 1.5"),
        (lambda: AdamW(weight_decay=-0.1), "weight_decay is -0.1"),
    ):
        with pytest.raises(TrainingError, match=message):
            build()


def test_every_optimizer_has_a_name() -> None:
    assert {type(optimizer) for optimizer in ALL} == set(OPTIMIZERS.values())


def test_every_optimizer_is_offered_by_the_shell_the_page_and_the_recipes() -> None:
    from click.testing import CliRunner

    from unstuck.cli.training import train
    from unstuck.recipes.recipes import OPTIMIZER_NAMES
    from unstuck.web.messages import TrainingRequest

    said = CliRunner().invoke(train, ["--help"], terminal_width=300).output
    for name in OPTIMIZERS:
        assert f" {name}" in said
        assert name in OPTIMIZER_NAMES
        assert TrainingRequest(optimizer=name).optimizer == name
