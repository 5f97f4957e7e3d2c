"""Exported graphs compute what the network computes, in a runtime that knows nothing of unstuck."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

import unstuck
from unstuck.errors import ModelFileError, UnstuckError
from unstuck.exchange.onnx import metadata, onnx_model
from unstuck.nn.activations import ACTIVATIONS, Activation

NETWORKS = {
    "default": {},
    "two hidden layers": {"sizes": [784, 24, 16, 10], "hidden": ["tanh", "sigmoid"]},
    "inputs in [-1, 1]": {"hidden": "tanh", "output": "tanh", "loss": "squared_error", "input_range": (-1, 1)},
    "leaky units": {"hidden": "leaky_relu", "output": "sigmoid", "loss": "binary_cross_entropy"},
    "without biases": {"biases": False},
    "no hidden layer": {"sizes": [784, 10]},
    "float64": {"hidden": ["leaky_relu", "sigmoid"], "sizes": [784, 12, 8, 10], "dtype": "float64"},
    "regression": {"output": "linear", "loss": "squared_error", "dtype": "float64"},
    "one sigmoid output": {"sizes": [784, 8, 1], "output": "sigmoid", "loss": "binary_cross_entropy"},
    "one tanh output": {"sizes": [784, 8, 1], "output": "tanh", "loss": "squared_error", "hidden": "linear"},
}


@pytest.fixture(scope="module")
def mnist():
    return unstuck.load_mnist()


def run(model, x):
    """The outputs by name that onnxruntime gives for the rows x."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, {"x": x})))


@pytest.mark.parametrize("settings", NETWORKS.values(), ids=NETWORKS)
def test_onnxruntime_gives_the_same_outputs_on_the_whole_test_set(settings, mnist):
    network = unstuck.Network(**{"sizes": [784, 32, 10], "seed": 1} | settings)
    targets = mnist.y_train[:3000] % max(2, network.sizes[-1])
    if not network.is_classifier:
        targets = np.eye(10)[targets]
    unstuck.train(network, (mnist.images_train[:3000], targets), epochs=1, optimizer=unstuck.SGD(0.05))
    model = onnx_model(network)
    onnx.checker.check_model(model, full_check=True)
    x = mnist.x_test.astype(network.dtype)
    outputs = run(model, x)
    assert outputs["scores"].dtype == network.dtype
    np.testing.assert_allclose(outputs["scores"], network.scores(x), rtol=0, atol=1e-5)
    if network.is_classifier:
        assert np.mean(outputs["labels"] == network.predict(x)) >= 0.9999  # two scores may be equal to rounding
        assert outputs["labels"].shape == (10_000,)
    else:
        assert "labels" not in outputs


def test_scores_of_saturated_units_stay_finite():
    network = unstuck.Network([4, 5, 3], hidden="sigmoid", seed=0)
    for parameter in network.parameters:
        parameter *= 1e4
    x = np.eye(4, dtype=np.float32)
    np.testing.assert_allclose(run(onnx_model(network), x)["scores"], network.scores(x), atol=1e-5)


def test_metadata_tell_classes_and_preprocessing(tmp_path):
    network = unstuck.Network([784, 10], input_range=(-1, 1))
    unstuck.export(network, tmp_path / "a.onnx", "onnx")
    facts = {entry.key: json.loads(entry.value) for entry in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert facts["classes"] == list(range(10))
    assert facts["description"] == network.description
    assert facts["preprocessing"]["range"] == [0.0, 1.0]
    assert facts["preprocessing"]["bytes"] == "divide by 255"
    assert "28 x 28 pixels" in facts["preprocessing"]["images"]
    assert "onto [-1.0, 1.0]" in facts["preprocessing"]["inside"]


def test_a_regression_has_no_classes():
    network = unstuck.Network([3, 2], output="linear", loss="squared_error")
    assert "classes" not in metadata(network)


def test_equal_networks_make_equal_files(tmp_path):
    for name in ("a", "b"):
        unstuck.export(unstuck.Network([9, 4, 2], seed=3), tmp_path / name, "onnx")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_activation_of_ones_own_is_refused(tmp_path):
    square = Activation("relu", lambda z: z * z, lambda z, a: 2 * z)
    network = unstuck.Network([3, 4, 2], hidden=square)
    with pytest.raises(UnstuckError, match="activation 'relu' has no form in ONNX: expected one of linear, "):
        unstuck.export(network, tmp_path / "a.onnx", "onnx")
    assert not list(tmp_path.iterdir())


def test_every_activation_has_been_tried():
    networks = [unstuck.Network(**{"sizes": [784, 32, 10]} | settings) for settings in NETWORKS.values()]
    assert {layer.activation.name for network in networks for layer in network.layers} == set(ACTIVATIONS)


def test_without_onnx_one_sentence_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UnstuckError, match=r'pip install "unstuck\[onnx\]"'):
        unstuck.export(unstuck.Network([3, 2]), tmp_path / "a.onnx", "onnx")


def test_another_form_is_refused(tmp_path):
    with pytest.raises(UnstuckError, match="cannot export to 'pickle': expected one of onnx, npz"):
        unstuck.export(unstuck.Network([3, 2]), tmp_path / "a", "pickle")


@pytest.mark.parametrize("form", ["onnx", "npz"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, form):
    with pytest.raises(ModelFileError, match=r"cannot write .*nowhere"):
        unstuck.export(unstuck.Network([3, 2]), tmp_path / "nowhere" / "a", form)
