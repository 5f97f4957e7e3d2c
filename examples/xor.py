"""Exclusive or, from four examples: why a hidden layer is needed, and what one learns."""

import numpy as np

import unstuck

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
targets = np.array([0, 1, 1, 0])

for sizes in ([2, 1], [2, 4, 1]):
    network = unstuck.Network(
        sizes, hidden="sigmoid", output="sigmoid", loss="squared_error", initializer="normal", seed=0, dtype="float64"
    )
    optimizer = unstuck.SGD(learning_rate=2.0, momentum=0.9)
    unstuck.train(network, (x, targets), epochs=2000, batch_size=None, optimizer=optimizer)
    print(f"{sizes}: {network.scores(x)[:, 0].round(2)}")
