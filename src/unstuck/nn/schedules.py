"""Learning-rate schedules: which share of the optimiser's learning rate an update uses.

A schedule is any function of `done`, the share of all updates made before this one (0 <= done < 1).
"""

from collections.abc import Callable
from math import cos, pi

from unstuck.errors import TrainingError

Schedule = Callable[[float], float]

WARM_UP = 0.3  # share of the updates in which one_cycle rises
START = 1 / 25  # where one_cycle starts, relative to its peak


def constant(done: float) -> float:
    """The same rate throughout."""
    return 1.0


def step(done: float) -> float:
    """A tenth of the rate from half of the updates on, a hundredth from three quarters on (He et al. 2016, 4.2)."""
    return 1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01


def cosine(done: float) -> float:
    """Half a period of a cosine, from 1 down to 0 (Loshchilov and Hutter 2017, eq. 5)."""
    return (1 + cos(pi * done)) / 2


def one_cycle(done: float) -> float:
    """A straight rise to the full rate, then half a cosine down to 0 (after Smith and Topin 2018)."""
    if done < WARM_UP:
        return START + (1 - START) * done / WARM_UP
    return cosine((done - WARM_UP) / (1 - WARM_UP))


SCHEDULES: dict[str, Schedule] = {"constant": constant, "step": step, "cosine": cosine, "one_cycle": one_cycle}


def find_schedule(schedule: str | Schedule) -> Schedule:
    """The schedule of that name, or the function itself; TrainingError if there is none."""
    if callable(schedule):
        return schedule
    if schedule not in SCHEDULES:
        raise TrainingError(f"unknown schedule {schedule!r}: expected one of {', '.join(SCHEDULES)}")
    return SCHEDULES[schedule]
