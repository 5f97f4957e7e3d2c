"""The worked examples of a cluster and of two hosts, run in network namespaces of their own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import unstuck
from tests.cli.test_scripts import FAULTY, LINES
from unstuck.many.isolation import why_no_isolation

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "cluster"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
LISTENS = "0A"  # as Linux writes it in /proc/net/tcp


def has_namespaces():
    return bool(shutil.which("ip")) and subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or not has_namespaces(), reason="no network namespace can be made here"),
]


@pytest.fixture
def environment(tmp_path):
    """The variables of a shell that finds this Python's commands, `unstuck` among them."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in {"unstuck": "unstuck", "dask": "dask", "torchrun": "torch.distributed.run"}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
        (commands / name).chmod(0o755)
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


def parameters(path):
    return np.concatenate([parameter.ravel() for parameter in unstuck.load(path).parameters])


def test_two_hosts_train_the_network_of_one_process(tmp_path, environment):
    settings = ["--hidden", "30", "--activation", "tanh", "--epochs", "1", "--dtype", "float64"]
    both = ["bash", EXAMPLES / "two-hosts.sh", *settings, "--out", "two.st"]
    alone = [sys.executable, "-m", "unstuck", "train", *settings, "--out", "one.st"]
    for command in (both, alone):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    one, two = (parameters(tmp_path / name) for name in ("one.st", "two.st"))
    assert np.linalg.norm(one - two) / np.linalg.norm(one) < 1e-10  # after 600 updates
    assert "unstuck-" not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout


def listeners(process):
    """The addresses on which anything in its network namespace listens; none while it is still in ours."""
    if os.readlink(f"/proc/{process}/ns/net") == os.readlink("/proc/self/ns/net"):
        return set()
    lines = [line for kind in ("tcp", "tcp6") for line in Path(f"/proc/{process}/net/{kind}").read_text().splitlines()]
    fields = [line.split() for line in lines if ":" in line.split()[1]]
    return {field[1].split(":")[0] for field in fields if field[3] == LISTENS}


@pytest.mark.skipif(bool(why_no_isolation()), reason=f"no wall can be had here: {why_no_isolation()}")
def test_a_dask_cluster_listens_on_loopback_only_and_gives_all_results(tmp_path, environment):
    (tmp_path / "class").mkdir()
    for name, text in {"ada.py": FAULTY, "bob.py": LINES, "eva.py": FAULTY}.items():
        (tmp_path / "class" / name).write_text(text)
    script = f"ip link set lo up && exec bash {EXAMPLES / 'dask-on-loopback.sh'} class --out reports --no-cures"
    found = set()
    with open(tmp_path / "said.txt", "w") as said:
        process = subprocess.Popen(
            ["unshare", "-n", "bash", "-c", script], cwd=tmp_path, env=environment, stdout=said, stderr=said
        )
        while process.poll() is None:
            try:
                found |= listeners(process.pid)
            except FileNotFoundError:  # it has just ended
                break
            time.sleep(0.2)
    assert process.wait() == 1, (tmp_path / "said.txt").read_text()
    assert found
    assert found <= LOOPBACK
    document = json.loads((tmp_path / "reports" / "results.json").read_text())
    assert document["verdicts"] == {"faulty": 2, "healthy": 1, "inconclusive": 0, "not examined": 0}
