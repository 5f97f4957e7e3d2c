"""A shell in an empty folder, and small data to train on."""

import numpy as np
import pytest
from click.testing import CliRunner

from unstuck.cli import main


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def digits(tmp_path):
    """A Kaggle-style CSV of 200 images of 28 x 28 pixels: a bright row tells the class."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 200)
    images = generator.integers(0, 80, (200, 28, 28))
    images[np.arange(200), 2 * labels + 4] = 250
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    path = tmp_path / "digits.csv"
    rows = np.column_stack([labels, images.reshape(200, 784)])
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=header, comments="")
    return path
