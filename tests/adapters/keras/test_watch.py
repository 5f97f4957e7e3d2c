"""What is seen of Keras: where it stands in for TensorFlow, and what its data are."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

from tests.adapters.running import runner, written
from unstuck.adapters.keras import tensorflow
from unstuck.adapters.keras.data import count_learnt
from unstuck.adapters.keras.watch import KERAS


@pytest.mark.skipif(not tensorflow.is_missing(), reason="TensorFlow is installed")
@pytest.mark.parametrize(
    ("text", "said"),
    [("from tensorflow.keras.layers import Dense\n", (tensorflow.SERVED,)), ("from keras.layers import Dense\n", ())],
)
def test_it_is_said_where_keras_serves_as_tensorflow(tmp_path, text, said):
    watch = KERAS.watch(10, {}, 0, False)
    with watch.at_work():
        outcome = runner(written(tmp_path, text))(watch)
    assert outcome.error is None
    assert watch.remarks == said


def test_examples_that_are_learnt_from_are_counted_among_those_of_the_validation():
    x = np.random.default_rng(0).normal(size=(50, 4))
    assert count_learnt((x[:10], None), x) == (10, 10)
    assert count_learnt((np.concatenate([x[:3], x[:5] + 1]), None), x) == (8, 3)
    assert count_learnt((x[:10, :2], None), x) is None
    assert count_learnt(None, x) is None
