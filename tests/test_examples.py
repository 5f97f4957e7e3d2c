"""Every example runs, and says what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SAYS = {
    "train_mnist.py": ["test accuracy: 9", "the first test images show [7 2 1 0 4], truly [7 2 1 0 4]"],
    "xor.py": ["[2, 4, 1]: [0.0"],
    "regression.py": ["largest error 0.0"],
    "check_own_gradient.py": ["weights_1: different", "weights_2: equal", "biases_2: equal"],
}


@pytest.mark.parametrize("name", SAYS)
def test_example(name, tmp_path):
    command = [sys.executable, "-W", "error", EXAMPLES / name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    for part in SAYS[name]:
        assert part in done.stdout


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAYS)
