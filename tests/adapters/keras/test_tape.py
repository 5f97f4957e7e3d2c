"""TensorFlow's tape of derivatives and its data sets, as scripts with a loop of their own use them."""

import numpy as np
import torch

from unstuck.adapters.keras.tape import Data, GradientTape


def test_the_tape_gives_the_derivatives_and_leaves_no_gradient_behind():
    w, other = (torch.tensor(value, requires_grad=True) for value in ([2.0, 3.0], [1.0]))
    with GradientTape(persistent=True) as tape:
        y = (w**2).sum() + 0 * w[0]
    first, missing = tape.gradient(y, [w, other])
    assert first.tolist() == [4.0, 6.0]
    assert missing is None
    assert tape.gradient(y, w).tolist() == [4.0, 6.0]
    assert w.grad is None


def test_a_data_set_is_batched_shuffled_and_iterated_anew():
    x, y = np.arange(10), np.arange(10) * 2
    batches = list(Data.from_tensor_slices((x, y)).batch(4))
    assert [len(first) for first, _ in batches] == [4, 4, 2]
    assert len(Data.from_tensor_slices((x, y)).batch(4)) == 3
    shuffled = Data.from_tensor_slices((x, y)).shuffle(10, seed=1).batch(10)
    (a, b), (c, _) = next(iter(shuffled)), next(iter(shuffled))
    assert sorted(a.tolist()) == list(range(10))
    assert (2 * a).tolist() == b.tolist()
    assert a.tolist() != c.tolist()
    assert [int(one) for one in Data.from_tensor_slices(x).map(lambda v: v + 1).skip(7).repeat(2)] == [8, 9, 10] * 2
    assert len(list(Data.from_tensor_slices(x).take(3).prefetch(1).cache())) == 3


def test_minus_one_stands_for_all_elements_and_for_passes_without_end():
    data = Data.from_tensor_slices(np.arange(3))
    assert [len(list(data.take(-1))), len(data.take(-1)), len(list(data.skip(-1))), len(data.skip(-1))] == [3, 3, 0, 0]
    assert len(data.repeat(-1)) == len(data.repeat()) == 3
    assert [int(one) for one in data.repeat(-1).take(7)] == [0, 1, 2, 0, 1, 2, 0]
    assert list(data.repeat(0)) == []
    assert len(data.repeat(0)) == 0
