# ruff: noqa: NPY002 - users draw from NumPy's global generator
"""Programs that print, warn, draw at random and touch global state."""

import random
import sys

import numpy as np

from .hostile import before, hostile, warn


@hostile
def everything_prints(case):
    for name in ("predict", "step", "train", "loss", "accuracy"):
        setattr(case, name, before(getattr(case, name), lambda: print("epoch 1, loss 0.5")))


@hostile
def prints_to_the_descriptor(case):
    case.step = before(case.step, lambda: (sys.stderr.write("progress"), sys.stdout.flush()))


@hostile
def everything_warns(case):
    for name in ("predict", "step", "loss"):
        setattr(case, name, before(getattr(case, name), lambda: warn()))


@hostile
def draws_at_random(case):
    case.predict = before(case.predict, lambda: (np.random.rand(3), random.random()))
    case.step = before(case.step, lambda: (np.random.rand(3), random.random()))


@hostile
def seeds_the_global_generators(case):
    case.step = before(case.step, lambda: (np.random.seed(1), random.seed(1)))


@hostile
def sets_numpy_to_raise(case):
    case.step = before(case.step, lambda: np.seterr(all="raise"))


@hostile
def outputs_are_noise(case):
    predict = case.predict
    case.predict = lambda x: predict(x) + np.random.randn(len(x), 1)
