"""An exported archive is enough to compute the network's scores with NumPy alone."""

import json

import numpy as np

import unstuck


def test_numpy_alone_gives_the_same_scores(tmp_path):
    settings = {"hidden": "tanh", "output": "linear", "loss": "squared_error", "input_range": (-2, 1)}
    network = unstuck.Network([6, 5, 4, 2], seed=2, dtype="float64", bias_initializer="normal", **settings)
    unstuck.export(network, tmp_path / "network.npz", "npz")
    x = np.random.default_rng(0).random((7, 6))
    with np.load(tmp_path / "network.npz") as arrays:
        low, high = json.loads(str(arrays["description"]))["input_range"]
        a = low + (high - low) * x
        for i in (1, 2):
            a = np.tanh(a @ arrays[f"weights_{i}"] + arrays[f"biases_{i}"])
        scores = a @ arrays["weights_3"] + arrays["biases_3"]
    np.testing.assert_allclose(scores, network.scores(x), rtol=1e-14)
    assert [path.name for path in tmp_path.iterdir()] == ["network.npz"]
