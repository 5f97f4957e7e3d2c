"""What torchrun starts: the model of one process, by two, and through ten kills."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import unstuck
from unstuck.distributed import is_restarted, ranks_of_torchrun
from unstuck.nn.ranks import ALONE

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--monitor-interval", "0.1"]
SETTINGS = ["--hidden", "30", "--optimizer", "adam", "--dropout", "0.1", "--validation", "10000"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


def start(folder, *arguments, launcher):
    command = [*launcher, "-m", "unstuck", "train", *map(str, arguments)]
    with open(folder / "out.txt", "w") as out, open(folder / "complaints.txt", "w") as complaints:
        return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=out, stderr=complaints)


def finish(process, folder):
    """What it printed and complained; it must succeed."""
    process.wait(timeout=1800)
    complaints = (folder / "complaints.txt").read_text()
    assert process.returncode == 0, complaints
    return (folder / "out.txt").read_text(), complaints


def train(folder, *arguments, launcher):
    return finish(start(folder, *arguments, launcher=launcher), folder)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def launcher(*options):
    return [*TORCHRUN, "--master-port", str(free_port()), *options]


def parameters(path):
    return np.concatenate([parameter.ravel() for parameter in unstuck.load(path).parameters])


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with ranks_of_torchrun() as ranks:
        assert ranks is ALONE


@pytest.mark.parametrize(("count", "restarted"), [(None, False), ("0", False), ("2", True)])
def test_a_restart_is_known(monkeypatch, count, restarted):
    monkeypatch.delenv("TORCHELASTIC_RESTART_COUNT", raising=False)
    if count is not None:
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", count)
    assert is_restarted() is restarted


def test_processes_that_cannot_meet_are_told_in_one_sentence(tmp_path):
    """One of two, whose first is not where it should be."""
    given = {"RANK": "7", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "x"}
    done = subprocess.run(
        [sys.executable, "-m", "unstuck", "train", "--recipe", "xor"],
        cwd=tmp_path,
        env={**ENVIRONMENT, **given},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("unstuck: process 7 cannot join the others: ")
    assert done.stderr.count("\n") == 1


def test_two_processes_train_the_network_of_one(tmp_path):
    """One report, one model, equal to rounding; nothing else is left."""
    arguments = ["--recipe", "xor", "--epochs", "200", "--dtype", "float64", "--json"]
    alone, _ = train(tmp_path, *arguments, "--out", "one.st", launcher=[sys.executable])
    out, _ = train(tmp_path, *arguments, "--out", "two.st", launcher=launcher())
    ours, theirs = json.loads(alone), json.loads(out)
    assert theirs["train_loss"] == pytest.approx(ours["train_loss"], rel=1e-12)
    one, two = parameters(tmp_path / "one.st"), parameters(tmp_path / "two.st")
    assert np.linalg.norm(one - two) / np.linalg.norm(one) < 1e-12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["complaints.txt", "one.st", "out.txt", "two.st"]


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-6)])
def test_two_hundred_updates_on_digits_agree(tmp_path, dtype, tolerance):
    data = unstuck.load_mnist()
    np.savez(tmp_path / "digits.npz", x_train=data.images_train[:20_000], y_train=data.y_train[:20_000])
    arguments = ["--data", "digits.npz", "--activation", "tanh", "--epochs", "1", "--dtype", dtype]
    train(tmp_path, *arguments, "--out", "one.st", launcher=[sys.executable])
    train(tmp_path, *arguments, "--out", "two.st", launcher=launcher())
    one, two = parameters(tmp_path / "one.st"), parameters(tmp_path / "two.st")
    assert np.linalg.norm(one - two) / np.linalg.norm(one) < tolerance


def children(process):
    """The processes that it started itself and that live."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == process.pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_ten_kills_at_random_moments_lose_nothing(tmp_path):
    """Each kills one of the two while it starts, joins, trains, validates or writes; the model is the same file."""
    arguments = [*SETTINGS, "--epochs", "40"]
    train(tmp_path, *arguments, "--out", "whole.st", launcher=launcher())
    moments, kills = random.Random(0), 0
    process = start(tmp_path, *arguments, "--out", "killed.st", launcher=launcher("--max-restarts", "50"))
    while kills < 10:
        time.sleep(moments.uniform(1, 12))
        ranks = children(process)
        assert process.poll() is None, "it was done before it was killed so often"
        if len(ranks) == 2:
            os.kill(moments.choice(ranks), signal.SIGKILL)
            kills += 1
    _, complaints = finish(process, tmp_path)
    assert complaints.count("going on from killed.st.checkpoint") >= 5
    assert (tmp_path / "killed.st").read_bytes() == (tmp_path / "whole.st").read_bytes()
