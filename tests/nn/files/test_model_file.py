import json
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unstuck.errors import ModelFileError
from unstuck.nn.files.model_file import load, save
from unstuck.nn.files.storage import write_arrays
from unstuck.nn.network import Network

NETWORKS = {
    "plain": Network([4, 3, 2]),
    "float64 with everything": Network(
        [4, 3, 5, 2], ["tanh", "relu"], "sigmoid", "binary_cross_entropy", "lecun_normal", 7, "float64",
        input_range=(-1, 1), dropout=[0.1, 0.2], l2=0.01, max_norm=2.0, bias_initializer="normal",
    ),
    "without biases": Network([4, 3], biases=False, output="linear", loss="squared_error"),
}  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_network_comes_back_as_it_was(network: Network, tmp_path: Path) -> None:
    save(network, tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.description == network.description
    assert all(np.array_equal(p, q) and p.dtype == q.dtype for p, q in zip(again.parameters, network.parameters))
    x = np.random.default_rng(0).random((3, 4))
    assert np.array_equal(again.scores(x), network.scores(x))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_equal_networks_make_equal_files(tmp_path: Path) -> None:
    for name in range(8):  # the order of metadata is drawn anew for each file by the library
        save(Network([4, 3, 2], seed=5), tmp_path / str(name))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_a_model_replaces_the_one_before(tmp_path: Path) -> None:
    for seed in (0, 1):
        save(Network([2, 2], seed=seed), tmp_path / "model")
    assert load(tmp_path / "model").seed == 1


def test_custom_initializers_are_only_named(tmp_path: Path) -> None:
    def tiny(generator, n_in, n_out, dtype):
        return np.full((n_in, n_out), 0.5, dtype)

    save(Network([2, 2], initializer=tiny), tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.description["initializer"] == "tiny"
    assert (again.parameters[0] == 0.5).all()


def test_cut_short_at_any_length_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save(NETWORKS["plain"], path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match="model"):
            load(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_bytes_give_a_network_or_one_clear_sentence(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "model"
    save(NETWORKS["plain"], path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    sentence = ""
    try:
        load(path)
    except ModelFileError as error:
        sentence = str(error)
    assert "\n" not in sentence


def test_any_single_flipped_bit_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save(NETWORKS["plain"], path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(ModelFileError):
            load(path)


def test_a_file_of_before_there_were_checksums_still_loads(tmp_path: Path) -> None:
    from safetensors.numpy import save as save_plainly

    network = NETWORKS["plain"]
    metadata = {"format": "unstuck network", "version": "1", "description": json.dumps(network.description)}
    content = save_plainly(dict(zip(network.parameter_names, network.parameters)), metadata)
    (tmp_path / "old").write_bytes(content)
    assert load(tmp_path / "old").description == network.description


def write(path: Path, arrays: dict | None = None, kind: str = "network", version: int = 1, **changes) -> None:
    network = NETWORKS["plain"]
    good = dict(zip(network.parameter_names, network.parameters))
    description = {name: value for name, value in (network.description | changes).items() if value != "absent"}
    write_arrays(path, kind, version, description, good if arrays is None else good | arrays)


DAMAGES = {
    "of another kind": (lambda path: write(path, kind="checkpoint"), "holds 'unstuck checkpoint'"),
    "of another version": (lambda path: write(path, version=2), "version '2': expected '1'"),
    "setting missing": (lambda path: write(path, l2="absent"), "describes no network"),
    "setting unknown": (lambda path: write(path, colour="red"), "describes no network"),
    "setting of another type": (lambda path: write(path, hidden="relu"), "the setting hidden is 'relu'"),
    "size not whole": (lambda path: write(path, sizes=[4, 3.5, 2]), "the setting sizes is [4, 3.5, 2]"),
    "size true": (lambda path: write(path, sizes=[4, True, 2]), "the setting sizes is [4, True, 2]"),
    "huge size": (lambda path: write(path, sizes=[4, 10**12, 2]), "expected float32 (4, 1000000000000)"),
    "entry of another type": (lambda path: write(path, dropout=["a"]), "impossible network"),
    "nested list": (lambda path: write(path, sizes=[[4], 3, 2]), "the setting sizes is [[4], 3, 2]"),
    "unknown activation": (lambda path: write(path, output="swish"), "unknown activation 'swish'"),
    "unfit loss": (lambda path: write(path, output="tanh"), "loss cross_entropy needs softmax"),
    "array too many": (lambda path: write(path, {"more": np.zeros(2)}), "arrays of its own description: more"),
    "array of another shape": (
        lambda path: write(path, {"biases_1": np.zeros(4, np.float32)}),
        r"biases_1 is float32 (4,), expected float32 (3,)",
    ),
    "array of another dtype": (lambda path: write(path, {"biases_1": np.zeros(3)}), "biases_1 is float64"),
    "not finite": (
        lambda path: write(path, {"biases_1": np.full(3, np.nan, np.float32)}),
        "biases_1 holds numbers that are not finite",
    ),
    "empty": (lambda path: path.write_bytes(b""), "has 0 bytes"),
    "huge header": (lambda path: path.write_bytes(b"\xff" * 8 + b"{}"), "declares a header of 18446744073709551615"),
    "header not JSON": (lambda path: path.write_bytes((4).to_bytes(8, "little") + b"oops"), "not JSON"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x04K\x01." + b"\0" * 20), "no safetensors file"),
    "no metadata": (lambda path: path.write_bytes((2).to_bytes(8, "little") + b"{}"), "was not written by unstuck"),
    "trailing bytes": (lambda path: (write(path), path.write_bytes(path.read_bytes() + b"\0")), "damaged"),
    "folder": (lambda path: path.mkdir(), "Is a directory"),
    "absent": (lambda path: None, "No such file"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damages_are_named_in_one_sentence(damage, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    damage(path)
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelFileError, match="cannot write"):
        save(NETWORKS["plain"], tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_nothing_but_json_and_numbers_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save(NETWORKS["plain"], path)
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["description"])["sizes"] == [4, 3, 2]
    assert header["weights_1"]["shape"] == [4, 3]
    assert path.stat().st_mode & stat.S_IXUSR == 0
