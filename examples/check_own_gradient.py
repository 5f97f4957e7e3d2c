"""Is my backward pass right? Compare hand-written gradients with central differences, array by array."""

import numpy as np

import unstuck

network = unstuck.Network([5, 4, 3], hidden="tanh", output="softmax", loss="cross_entropy", seed=0, dtype="float64")
generator = np.random.default_rng(0)
x, labels = generator.random((8, 5)), generator.integers(0, 3, 8)


def my_gradients(x: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """A backward pass with a mistake: the derivative of tanh is taken to be 1 - a instead of 1 - a²."""
    w1, b1, w2, b2 = network.parameters
    a1 = np.tanh(x @ w1 + b1)
    z2 = a1 @ w2 + b2
    a2 = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
    delta2 = (a2 - np.eye(3)[labels]) / len(x)
    delta1 = delta2 @ w2.T * (1 - a1)
    return [x.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0)]


for difference in unstuck.check_gradients(network, x, labels, my_gradients(x, labels)):
    print(difference)
