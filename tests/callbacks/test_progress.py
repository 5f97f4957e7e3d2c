"""Live progress: a bar in a terminal, growing curves in a notebook, silence elsewhere."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import unstuck

X = np.random.default_rng(0).random((40, 3))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def train(epochs):
    with unstuck.live_progress() as show:
        unstuck.train(unstuck.Network([3, 2]), (X, np.arange(40) % 2), epochs=epochs, callbacks=[show])


def test_a_terminal_gets_a_line_for_each_epoch(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    train(3)
    text = terminal.getvalue()
    for epoch in (1, 2, 3):
        assert f"epoch {epoch}/3  loss 0." in text
    assert "training accuracy" in text


def test_a_pipe_gets_nothing(capsys):
    train(2)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def notebook(monkeypatch):
    """The pages that a notebook shows one after the other in one place."""
    pages = []
    handle = SimpleNamespace(update=lambda page: pages.append(page))

    def display(page, display_id):
        pages.append(page)
        return handle

    shell = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=display))
    return pages


def test_a_notebook_sees_the_curves_grow(notebook):
    train(3)
    assert [f"epoch {i}/3" in page for i, page in enumerate(notebook, start=1)] == [True] * 3
    assert all("<svg" in page for page in notebook)
    assert 'value="1.000"' in notebook[-1]


def test_ipython_in_a_terminal_is_a_terminal(notebook, monkeypatch):
    del sys.modules["IPython"].get_ipython().kernel
    train(1)
    assert notebook == []
