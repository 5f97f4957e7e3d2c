"""A shell in an empty folder."""

import pytest
from click.testing import CliRunner

from unstuck.cli import main


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])
