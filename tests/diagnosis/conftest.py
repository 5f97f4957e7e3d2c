"""Diagnoses in these tests are whole, however busy the machine: their clock is slow, so that no budget ends one."""

import pytest

from unstuck.sandbox import clock


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch):
    monkeypatch.setattr(clock, "SPEED", 0.05)
