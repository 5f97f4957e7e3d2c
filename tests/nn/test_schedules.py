import numpy as np
import pytest

from unstuck.errors import TrainingError
from unstuck.nn.schedules import SCHEDULES, find_schedule


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_factors_lie_between_0_and_1_and_reach_1(name: str) -> None:
    factors = [SCHEDULES[name](done) for done in np.linspace(0, 1, 1001)[:-1]]
    assert min(factors) >= 0
    assert max(factors) == pytest.approx(1)


def test_known_points() -> None:
    assert [SCHEDULES["constant"](done) for done in (0, 0.7)] == [1, 1]
    assert [SCHEDULES["step"](done) for done in (0, 0.49, 0.5, 0.75)] == [1, 1, 0.1, 0.01]
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.5)
    assert SCHEDULES["one_cycle"](0) == pytest.approx(0.04)
    assert SCHEDULES["one_cycle"](0.15) == pytest.approx(0.52)
    assert SCHEDULES["one_cycle"](0.3) == pytest.approx(1)
    assert SCHEDULES["one_cycle"](0.65) == pytest.approx(0.5)


def test_cosine_and_one_cycle_end_at_0() -> None:
    assert SCHEDULES["cosine"](1) == pytest.approx(0)
    assert SCHEDULES["one_cycle"](1) == pytest.approx(0)


def test_a_schedule_is_found_by_name_or_is_any_function() -> None:
    def halved(done: float) -> float:
        return 0.5

    assert find_schedule("cosine") is SCHEDULES["cosine"]
    assert find_schedule(halved) is halved
    with pytest.raises(TrainingError, match="unknown schedule 'warm'"):
        find_schedule("warm")
