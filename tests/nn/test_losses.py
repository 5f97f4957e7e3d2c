import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.nn.numerical import relative_error, slope
from unstuck.errors import TrainingError
from unstuck.nn.activations import ACTIVATIONS
from unstuck.nn.losses import LOSSES, find_loss

PAIRS = [(output, loss) for loss in LOSSES.values() for output in ACTIVATIONS.values() if loss.fits(output)]
NAMES = [f"{output.name}-{loss.name}" for output, loss in PAIRS]


def targets(n: int, k: int) -> np.ndarray:
    """Rows that are probabilities but not one-hot, so that no term vanishes."""
    rows = np.random.default_rng(2).random((n, k)) + 0.1
    return rows / rows.sum(axis=1, keepdims=True) if k > 1 else rows / 2


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (6, 4)])
def test_output_delta_is_the_derivative_of_the_value(output, loss, shape) -> None:
    z = np.random.default_rng(0).normal(size=shape)
    t = targets(*shape)
    expected = slope(lambda: loss.per_example(output, z, output.value(z), t).sum(), z)
    found = loss.output_delta(output, z, output.value(z), t)
    if output.name == "softmax" and shape[1] == 1:
        assert np.abs(found).max() < 1e-12
    else:
        assert relative_error(found, expected) <= 1e-7


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=NAMES)
def test_fused_and_plain_forms_agree(output, loss) -> None:
    z = np.random.default_rng(0).normal(size=(6, 4))
    a, t = output.value(z), targets(6, 4)
    assert np.allclose(loss.per_example(output, z, a, t), loss.value(a, t), rtol=1e-13)
    plain = output.backward(loss.gradient(a, t), z, a)
    assert np.allclose(loss.output_delta(output, z, a, t), plain, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
@given(z=arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32)))
def test_losses_on_logits_are_finite_and_not_negative(name: str, z: np.ndarray) -> None:
    loss = LOSSES[name]
    t = np.eye(4, dtype=np.float32)[[0, 1, 3]]
    assert np.isfinite(loss.logits_value(z, t)).all()
    assert (loss.logits_value(z, t) >= 0).all()
    assert np.isfinite(loss.logits_gradient(z, t)).all()


def test_known_values() -> None:
    a, t = np.array([[0.25, 0.75]]), np.array([[1.0, 0.0]])
    assert find_loss("squared_error").value(a, t)[0] == 0.5625
    assert find_loss("cross_entropy").value(a, t)[0] == pytest.approx(np.log(4))
    assert find_loss("binary_cross_entropy").value(a, t)[0] == pytest.approx(2 * np.log(4))


def test_a_certain_and_wrong_probability_costs_infinitely_much_and_a_right_one_nothing() -> None:
    a = np.array([[1.0, 0.0], [0.0, 1.0]])
    t = np.array([[1.0, 0.0], [1.0, 0.0]])
    for name in ("cross_entropy", "binary_cross_entropy"):
        assert list(find_loss(name).value(a, t)) == [0, np.inf]


def test_the_value_is_one_number_per_example() -> None:
    for loss in LOSSES.values():
        assert loss.value(np.full((5, 3), 0.5), np.eye(3)[[0, 1, 2, 0, 1]]).shape == (5,)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(TrainingError, match="unknown loss 'hinge'"):
        find_loss("hinge")
