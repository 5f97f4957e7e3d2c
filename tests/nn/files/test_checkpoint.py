import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.nn import interrupted
from tests.nn.interrupted import outcome, run
from unstuck.errors import ModelFileError, TrainingError
from unstuck.nn.engine import training_run
from unstuck.nn.files.storage import read_arrays, write_arrays
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD
from unstuck.nn.training import train

KILLS = 22


def test_killed_at_any_moment_and_resumed_a_run_ends_in_the_same_bits(tmp_path: Path) -> None:
    expected = outcome(*run(None, resume=False))
    checkpoint, result = tmp_path / "run.safetensors", tmp_path / "result"
    root = Path(interrupted.__file__).parents[2]
    command = [sys.executable, "-m", "tests.nn.interrupted", str(checkpoint), str(result)]
    moments = random.Random(0)
    kills = finished = 0
    while kills < KILLS or not finished:
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            if kills < KILLS:
                time.sleep(moments.uniform(0, 0.1))
                process.send_signal(signal.SIGKILL)
            process.wait()
        if process.returncode == -signal.SIGKILL:
            kills += 1
            if checkpoint.exists():
                read_arrays(checkpoint, "checkpoint", 1)  # whole, whatever the moment
        else:  # done before the signal came, or after all kills: begin anew if kills are missing
            assert process.returncode == 0
            assert result.read_bytes() == expected
            finished += 1
            assert sorted(path.name for path in tmp_path.iterdir()) == ["result", "run.safetensors"]
            checkpoint.unlink()


@pytest.mark.parametrize(("seconds", "files"), [(0, 20), (1000, 1)])
def test_epochs_shorter_than_the_pause_share_a_checkpoint(tmp_path: Path, monkeypatch, seconds, files) -> None:
    written = []
    write = training_run.write_checkpoint
    monkeypatch.setattr(training_run, "write_checkpoint", lambda *given: (written.append(given), write(*given)))
    monkeypatch.setattr(training_run, "SECONDS_BETWEEN_CHECKPOINTS", seconds)
    start(tmp_path / "run", epochs=20)
    assert len(written) == files


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    first = outcome(*run(path, resume=False))
    assert outcome(*run(path, resume=True)) == first


def data(n: int = 20):
    generator = np.random.default_rng(0)
    return generator.random((n, 4)), generator.integers(0, 2, n)


def start(path: Path, examples=None, resume: bool = True, seed: int = 0, **settings) -> None:
    settings = {"epochs": 2, "batch_size": 5, "optimizer": SGD(0.1)} | settings
    train(Network([4, 2], seed=seed), examples or data(), checkpoint=path, resume=resume, **settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 3}, "epochs is 2, here it is 3"),
        ({"batch_size": 4}, "batch_size is 5, here it is 4"),
        ({"optimizer": SGD(0.2)}, "optimizer is 'SGD"),
        ({"schedule": "cosine"}, "schedule is 'constant', here it is 'cosine'"),
        ({"seed": 1}, "seed is 0, here it is 1"),
        ({"examples": data(19)}, "data differs"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    start(tmp_path / "run")
    with pytest.raises(TrainingError, match="belongs to another run") as caught:
        start(tmp_path / "run", **change)
    assert message in str(caught.value)


def test_a_damaged_checkpoint_is_refused_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "run"
    start(path)
    whole = path.read_bytes()
    for length in (*range(40), *range(40, len(whole), 97), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            start(path)


def drop(name: str):
    def change(state: dict, arrays: dict) -> None:
        (state if name in state else arrays).pop(name)

    return change


def resize(state: dict, arrays: dict) -> None:
    arrays["values"] = arrays["values"][:-1]


def empty_generators(state: dict, arrays: dict) -> None:
    state["generators"] = {}


def foreign_generator(state: dict, arrays: dict) -> None:
    state["generators"]["now"] = {"bit_generator": "MT19937"}


@pytest.mark.parametrize(
    "damage",
    [drop("values"), drop("update"), drop("history"), resize, empty_generators, foreign_generator],
)
def test_a_checkpoint_without_a_whole_state_is_refused(tmp_path: Path, damage) -> None:
    path = tmp_path / "run"
    start(path)
    description, arrays = read_arrays(path, "checkpoint", 1)
    damage(description["state"], arrays)
    write_arrays(path, "checkpoint", 1, description, arrays)
    with pytest.raises(ModelFileError, match="holds no state of a training run"):
        start(path)


def test_without_resume_a_run_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_bytes(b"something else")
    start(path, resume=False)
    start(path, resume=True)


def test_resume_needs_a_checkpoint() -> None:
    with pytest.raises(TrainingError, match="resume needs a checkpoint file"):
        train(Network([4, 2]), data(), resume=True)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"cannot write .*nowhere"):
        start(tmp_path / "nowhere" / "run")
    assert not list(tmp_path.iterdir())
