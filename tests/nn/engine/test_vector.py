"""The parameters as one vector: an update shared by two threads is that of one."""

import numpy as np
import pytest

from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import WORTH_SHARING, ParameterVector
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam

LAYERS = (1500, 1500, 10)  # more blocks than are worth sharing


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, 0.9, nesterov=True), Adam()], ids=repr)
def test_two_threads_update_to_the_same_bits_as_one(optimizer):
    alone, shared = (ParameterVector(Network(LAYERS, seed=3, l2=0.01), optimizer) for _ in range(2))
    assert len(shared.blocks) >= WORTH_SHARING
    random = np.random.default_rng(5)
    with SecondThread() as second_thread:
        for update in (1, 2, 3):
            alone.gradient[...] = random.normal(size=alone.gradient.size)
            shared.gradient[...] = alone.gradient
            alone.update(0.1, update)
            shared.update(0.1, update, second_thread)
    np.testing.assert_array_equal(shared.values, alone.values)
    for name, kept in alone.memory.items():
        np.testing.assert_array_equal(shared.memory[name], kept)
