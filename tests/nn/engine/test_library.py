"""The best library that the processor can run is loaded, and only one that belongs to the sources."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.nn.numerical import problem
from unstuck.cli import main
from unstuck.errors import TrainingError
from unstuck.nn.engine.compiled import library
from unstuck.nn.engine.compiled.step import has_compiled_form
from unstuck.nn.network import Network
from unstuck.nn.training import train

LEVELS = library.processor_levels()

pytestmark = pytest.mark.skipif(not LEVELS, reason="the package was built without libraries for this machine")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch):
    """Nothing loaded yet, and nothing asked for."""
    monkeypatch.delenv("UNSTUCK_ISA", raising=False)
    monkeypatch.delenv("UNSTUCK_COMPILED", raising=False)
    library.load_library.cache_clear()
    yield
    library.load_library.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources with libraries of this machine's lowest level under the names of all levels."""
    for path in library.FOLDER.glob("*.[ch]"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    return tmp_path


def put(folder: Path, *levels: str, dtype: str = "float32", of: str = "float32") -> None:
    lowest = Path(library.__file__).parent / f"step-{LEVELS[-1]}-{of}.so"
    for level in levels:
        shutil.copy(lowest, folder / f"step-{level}-{dtype}.so")


@pytest.mark.parametrize(
    ("built", "processor", "expected"),
    [
        (("v2", "v3", "v4"), 4, ["v4", "v3", "v2"]),
        (("v2", "v3", "v4"), 3, ["v3", "v2"]),
        (("v2", "v3", "v4"), 2, ["v2"]),
        (("v2", "v3", "v4"), 0, []),
        (("v2", "v3"), 4, ["v3", "v2"]),
        (("generic",), 0, ["generic"]),
        ((), 4, []),
    ],
)
def test_the_best_that_is_built_and_that_the_processor_has(built, processor, expected, folder, monkeypatch) -> None:
    put(folder, *built)
    monkeypatch.setattr(library, "processor_level", lambda name: processor)
    assert library.processor_levels() == expected
    loaded = library.load_library("float32")
    assert (loaded.level if loaded else None) == (expected[0] if expected else None)


def test_the_processor_is_known_to_the_lowest_library() -> None:
    assert library.processor_level(LEVELS[-1]) == (0 if LEVELS == ["generic"] else int(LEVELS[0][1:]))


@pytest.mark.parametrize("level", LEVELS)
def test_one_can_be_asked_for(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSTUCK_ISA", level)
    loaded = library.load_library("float64")
    assert loaded is not None
    assert loaded.level == level
    assert loaded.vector_bytes == {"v4": 64, "v3": 32}.get(level, 16)


@pytest.mark.parametrize("name", ["v9", "AVX2"])
def test_one_that_is_not_there_is_an_error_in_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSTUCK_ISA", name)
    with pytest.raises(TrainingError, match=f"UNSTUCK_ISA is '{name}': expected one of {LEVELS[0]}.* on this machine"):
        library.load_library("float32")
    answer = CliRunner().invoke(main, ["train", "--epochs", "1"])
    assert answer.exit_code == 2
    assert answer.stderr.count("\n") == 1


def test_they_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSTUCK_COMPILED", "0")
    assert library.load_library("float32") is None


def damage(folder: Path) -> None:
    (folder / "step-v3-float32.so").write_bytes(b"no library")


def of_another_type(folder: Path) -> None:
    put(folder, "v3", of="float64")


def of_other_sources(folder: Path) -> None:
    put(folder, "v3")
    (folder / "sums.h").write_text("/* another */", encoding="ascii")


def with_another_field(folder: Path) -> None:
    put(folder, "v3")
    path = folder / "step-v3-float32.so"
    path.write_bytes(path.read_bytes().replace(b"vector_bytes", b"vector_words"))


@pytest.mark.parametrize("spoil", [damage, of_another_type, of_other_sources, with_another_field])
def test_one_that_does_not_state_what_is_expected_is_refused(spoil, folder: Path, monkeypatch) -> None:
    spoil(folder)
    monkeypatch.setattr(library, "processor_level", lambda name: 3)
    assert library.load_library("float32") is None
    network = Network([40, 70, 3])
    assert not has_compiled_form(network, np.zeros((2, 40), np.float32))
    train(network, problem(network, 20), 1, 10)  # in its NumPy form


def test_fields_beyond_the_stated_size_are_refused() -> None:
    fields = {"layer i8": {"n_in": 0, "n_out": 8}, "layer f8": {"kept_scale": 16}}
    assert library._structure({**fields, "size": {"layer": 24}}, "layer").itemsize == 24
    with pytest.raises(ValueError):
        library._structure({**fields, "size": {"layer": 23}}, "layer")


def test_a_better_one_that_is_refused_leaves_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "v2")
    damage(folder)
    monkeypatch.setattr(library, "processor_level", lambda name: 3)
    loaded = library.load_library("float32")
    assert loaded is not None
    assert loaded.level == "v2"


def test_all_that_are_installed_belong_to_the_sources() -> None:
    """If this fails after a change of the C sources: install the package again, which compiles them."""
    for level in LEVELS:
        for dtype in ("float32", "float64"):
            assert library.open_library(library.path_of(level, dtype), level, dtype) is not None, (level, dtype)
