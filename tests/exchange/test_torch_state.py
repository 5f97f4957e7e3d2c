"""Dense layers trained by PyTorch give the same answers here, and what is no chain of dense layers is refused."""

from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

import unstuck
from unstuck.errors import ModelFileError, TrainingError, UnstuckError

X = np.random.default_rng(0).random((20, 6))


def saved(path, module):
    save_file(module.state_dict(), path)
    return path


def torch_outputs(module, x, dtype=torch.float32):
    with torch.no_grad():
        return module(torch.tensor(x, dtype=dtype)).numpy()


def test_logits_of_pytorch_are_softmax_scores_here(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    network = unstuck.load_state_dict(saved(tmp_path / "net.safetensors", module))
    assert network.sizes == (6, 5, 4, 3)
    expected = torch_outputs(nn.Sequential(module, nn.Softmax(dim=1)), X)
    np.testing.assert_allclose(network.scores(X), expected, atol=1e-6)


def test_normalised_inputs_are_an_input_range(tmp_path):
    module = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    mean, std = 0.1307, 0.3081
    path = saved(tmp_path / "net", module)
    settings = {"hidden": "tanh", "output": "linear", "input_range": (-mean / std, (1 - mean) / std)}
    network = unstuck.load_state_dict(path, **settings)
    assert (network.dtype, network.loss.name) == (np.float64, "squared_error")
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, (X - mean) / std, torch.float64), atol=1e-12)


def test_numbers_in_names_order_the_layers_as_numbers(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(*(part for _ in range(12) for part in (nn.Linear(6, 6), nn.Sigmoid())))
    network = unstuck.load_state_dict(saved(tmp_path / "net", module), hidden="sigmoid", output="sigmoid")
    assert network.loss.name == "binary_cross_entropy"
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, X), atol=1e-6)


def test_shapes_order_layers_that_have_names(tmp_path):
    module = nn.Sequential(OrderedDict(read=nn.Linear(6, 5), think=nn.Linear(5, 4), answer=nn.Linear(4, 3)))
    network = unstuck.load_state_dict(saved(tmp_path / "net", module), hidden="linear", output="linear")
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, X), atol=1e-6)


def test_an_order_that_cannot_be_told_is_asked_for(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(OrderedDict(zebra=nn.Linear(6, 6), ant=nn.Linear(6, 6)))
    path = saved(tmp_path / "net", module)
    with pytest.raises(ModelFileError, match=r"order of the layers .* cannot be told .* layers=\[…\]"):
        unstuck.load_state_dict(path)
    network = unstuck.load_state_dict(path, hidden="linear", output="linear", layers=["zebra", "ant"])
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, X), atol=1e-6)
    with pytest.raises(ModelFileError, match=r"holds the layers .*, not zebra, bee"):
        unstuck.load_state_dict(path, layers=["zebra", "bee"])


def test_a_layer_without_biases_among_others_gets_zeros(tmp_path):
    module = nn.Sequential(nn.Linear(6, 4, bias=False), nn.ReLU(), nn.Linear(4, 3))
    network = unstuck.load_state_dict(saved(tmp_path / "net", module), output="linear")
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, X), atol=1e-6)


def test_a_bare_linear_layer(tmp_path):
    module = nn.Linear(6, 3)
    network = unstuck.load_state_dict(saved(tmp_path / "net", module), output="linear")
    np.testing.assert_allclose(network.scores(X), torch_outputs(module, X), atol=1e-6)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 3)), r"0\.(weight|bias) is .*expected dense layers only"),
        (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), r"1\.\w+ is .*expected dense layers only"),
        (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 3)), r"2\.weight is \(3, 4\), .* has 3 units"),
        (nn.Linear(2, 3, dtype=torch.bfloat16), "numbers that NumPy has"),
        (nn.ReLU(), "holds no arrays"),
    ],
)
def test_what_is_no_chain_of_dense_layers_is_refused(tmp_path, module, message):
    with pytest.raises(ModelFileError, match=message):
        unstuck.load_state_dict(saved(tmp_path / "net", module))


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    module = nn.Linear(2, 3)
    nn.init.constant_(module.bias, float("nan"))
    with pytest.raises(ModelFileError, match="bias holds numbers that are not finite"):
        unstuck.load_state_dict(saved(tmp_path / "net", module))


def test_a_damaged_file_is_refused_at_every_length(tmp_path):
    path = saved(tmp_path / "net", nn.Linear(2, 3))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match="net"):
            unstuck.load_state_dict(path)
    with pytest.raises(ModelFileError, match="cannot read"):
        unstuck.load_state_dict(tmp_path / "nowhere")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.integers(0, 250), st.integers(0, 255), min_size=1, max_size=4))
def test_changed_bytes_give_a_network_or_a_refusal(tmp_path, changes):
    whole = bytearray(
        saved(tmp_path / "whole", nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))).read_bytes()
    )
    for place, value in changes.items():
        whole[place % len(whole)] = value
    (tmp_path / "changed").write_bytes(whole)
    with suppress(UnstuckError):  # nothing else may be raised
        network = unstuck.load_state_dict(tmp_path / "changed")
        assert all(np.isfinite(parameter).all() for parameter in network.parameters)


def test_an_impossible_setting_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="unknown activation 'gelu'"):
        unstuck.load_state_dict(saved(tmp_path / "net", nn.Linear(2, 3)), output="gelu")


def test_a_network_goes_to_pytorch_and_comes_back_to_the_same_bits(tmp_path):
    from safetensors.torch import load_file

    network = unstuck.Network([6, 5, 3], seed=4, bias_initializer="normal")
    unstuck.save(network, tmp_path / "ours.safetensors")
    arrays = load_file(tmp_path / "ours.safetensors")
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    state = {}
    for i, name in ((1, "0"), (2, "2")):
        state |= {f"{name}.weight": arrays[f"weights_{i}"].T.contiguous(), f"{name}.bias": arrays[f"biases_{i}"]}
    module.load_state_dict(state)
    back = unstuck.load_state_dict(saved(tmp_path / "theirs.safetensors", module))
    for ours, returned in zip(network.parameters, back.parameters, strict=True):
        np.testing.assert_array_equal(ours, returned)
