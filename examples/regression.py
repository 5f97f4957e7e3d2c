"""A network that draws a curve: real targets, one linear output, squared error."""

import numpy as np

import unstuck

x = np.linspace(0, 1, 200)[:, None]  # (n, 1)
targets = np.sin(6 * x) + 0.3 * x  # (n, 1)

network = unstuck.Network(
    [1, 30, 1],
    hidden="tanh",
    output="linear",
    loss="squared_error",
    initializer="lecun_normal",
    input_range=(-3, 3),
    seed=0,
)
unstuck.train(network, (x, targets), epochs=400, batch_size=20, optimizer=unstuck.Adam(0.01), schedule="cosine")
error = np.abs(network.predict(x) - targets)
print(f"largest error {error.max():.3f} on a curve that runs from {targets.min():.1f} to {targets.max():.1f}")
