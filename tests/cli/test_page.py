"""`unstuck serve` hands its options on; without what it needs, one sentence says so."""

import sys

import pytest

from tests.cli.answers import assert_one_sentence
from unstuck import web


@pytest.fixture
def served(monkeypatch):
    """The arguments of each call of `unstuck.web.serve`, which does nothing else."""
    calls = []
    monkeypatch.setattr(web, "serve", lambda **settings: calls.append(settings))
    return calls


def test_it_listens_on_this_machine_only_unless_told(shell, served):
    assert shell("serve").exit_code == 0
    assert served == [{"host": "127.0.0.1", "port": 8000, "model": None}]


def test_options_are_handed_on(shell, served):
    assert shell("serve", "--host", "::1", "--port", 0, "--model", "own.safetensors").exit_code == 0
    assert served == [{"host": "::1", "port": 0, "model": "own.safetensors"}]


def test_without_the_extra_one_sentence_names_it(shell, monkeypatch):
    monkeypatch.delitem(sys.modules, "unstuck.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert_one_sentence(shell("serve"), 'pip install "unstuck[web]"')


def test_a_model_that_there_is_none_of_is_one_sentence(shell):
    assert_one_sentence(shell("serve", "--model", "nowhere.safetensors"), "nowhere.safetensors")


def test_a_port_that_there_is_none_of_is_one_sentence(shell):
    assert_one_sentence(shell("serve", "--port", 70000), "--port", "65535")
