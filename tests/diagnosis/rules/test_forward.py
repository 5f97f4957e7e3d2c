"""Rules about the forward pass: what is proved of one formula is not said of another."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import Softmax, make_case, see


def predicting(function):
    """A case whose outputs are function(scores)."""

    class Program(Softmax):
        def predict(self, x):
            return function(x @ self.w + self.b)

    return make_case(Program)


def over(exponentials, axis):
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


SOFTMAXES = {
    "right": (lambda z: over(np.exp(z - z.max(axis=1, keepdims=True)), 1), set()),
    "not shifted": (lambda z: over(np.exp(z), 1), {"F03"}),
    "over the examples, not shifted": (lambda z: over(np.exp(z), 0), {"F02", "F03"}),
    "over the examples, shifted": (lambda z: over(np.exp(z - z.max(axis=1, keepdims=True)), 0), {"F02"}),
    "over the batch, shifted": (lambda z: over(np.exp(z - z.max(axis=1, keepdims=True)), None), {"F01"}),
    "shifted by the maximum of the examples": (lambda z: over(np.exp(z - z.max(axis=0, keepdims=True)), 1), {"F02"}),
}


def test_a_maximum_of_the_whole_batch_is_told_from_none():
    said = {
        name: see(predicting(function), "F03")["F03"].summary
        for name, function in {
            "none": lambda z: over(np.exp(z), 1),
            "of the batch": lambda z: over(np.exp(z - z.max()), 1),
        }.items()
    }
    assert "maximum of the whole batch is subtracted" not in said["none"]
    assert "maximum of the whole batch is subtracted" in said["of the batch"]


@pytest.mark.parametrize("name", SOFTMAXES)
def test_an_overflow_is_that_of_scores_that_were_not_shifted(name):
    function, expected = SOFTMAXES[name]
    with np.errstate(all="ignore"):
        assert set(see(predicting(function), "F01", "F02", "F03")) == expected
