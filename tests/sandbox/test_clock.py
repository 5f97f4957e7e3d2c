"""The clock of budgets: it goes with the processor, more slowly beside other programs, and never stands still."""

import pytest

from unstuck.sandbox import clock


@pytest.fixture
def times(monkeypatch):
    """Real seconds and seconds of the processor, to be set forward."""
    passed = {"real": 0.0, "processor": 0.0}
    monkeypatch.setattr("time.perf_counter", lambda: passed["real"])
    monkeypatch.setattr("time.process_time", lambda: passed["processor"])
    monkeypatch.setattr(clock, "_work", clock._Work())
    monkeypatch.setattr(clock, "SPEED", 1.0)
    return passed


@pytest.mark.parametrize(
    ("real", "processor", "seconds"),
    [
        (9.0, 9.0, 9.0),
        (9.0, 8.0, 8.0),
        (9.0, 3.0, 6.0),  # three programs on one core
        (9.0, 0.0, 6.0),  # it waits
        (9.0, 18.0, 9.0),  # two threads
    ],
)
def test_a_budget_goes_down_with_the_processor(times, real, processor, seconds):
    started = clock.now()
    times.update(real=real, processor=processor)
    assert clock.now() - started == pytest.approx(seconds)


def test_what_passed_before_does_not_count(times):
    times.update(real=1000.0)
    started = clock.now()
    times.update(real=1009.0, processor=9.0)
    assert clock.now() - started == pytest.approx(9.0)


def test_a_countdown_is_put_off_beside_other_programs_but_ends(times):
    countdown = clock.Countdown(6.0)
    assert countdown.lasts() == pytest.approx(6.0)
    times.update(real=6.0, processor=2.0)
    assert countdown.lasts() == pytest.approx(2.0)
    times.update(real=8.0, processor=2.5)
    assert countdown.lasts() == pytest.approx(2 / 3)
    times.update(real=9.0, processor=3.0)
    assert countdown.lasts() == pytest.approx(0.0, abs=1e-9)


def test_alone_a_countdown_ends_in_time(times):
    countdown = clock.Countdown(6.0)
    times.update(real=6.0, processor=6.0)
    assert countdown.lasts() <= 1e-9
