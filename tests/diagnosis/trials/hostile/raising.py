"""Programs that raise, exit or hang."""

import sys

from .hostile import after, fail, hang, hostile, spin, unusable


@unusable
def predict_raises(case):
    case.predict = after(case.predict, 1, fail)


@hostile
def predict_raises_later(case):
    case.predict = after(case.predict, 4, fail)


@hostile
def step_raises(case):
    case.step = after(case.step, 1, fail)


@hostile
def step_raises_later(case):
    case.step = after(case.step, 3, fail)


@hostile
def step_raises_half_way(case):
    step, parameters = case.step, case.parameters

    def half(x, targets):
        step(x, targets)
        parameters()[0][...] += 1
        fail()

    case.step = half


@hostile
def step_exits(case):
    case.step = after(case.step, 2, lambda: sys.exit(3))


@unusable
def predict_exits(case):
    case.predict = after(case.predict, 1, lambda: sys.exit("done"))


@hostile
def step_runs_out_of_memory(case):
    def full():
        raise MemoryError

    case.step = after(case.step, 2, full)


@hostile
def step_recurses_for_ever(case):
    def deeper(*arguments):
        return deeper(*arguments)

    case.step = deeper


@hostile
def step_sleeps_for_ever(case):
    case.step = after(case.step, 3, hang)


@hostile
def step_spins_for_ever(case):
    case.step = after(case.step, 1, spin)


@hostile
def train_spins_for_ever(case):
    case.train = after(case.train, 1, spin)


@hostile
def loss_hangs(case):
    case.loss = after(case.loss, 1, hang)


@hostile
def build_raises(case):
    case.build = after(case.build, 1, fail)


@hostile
def build_gives_something_else(case):
    case.build = lambda seed: {"weights": seed}


@hostile
def gradients_raise(case):
    case.gradients = after(case.gradients, 1, fail)


@hostile
def accuracy_raises(case):
    case.accuracy = after(case.accuracy, 1, fail)


@unusable
def predict_raises_what_is_no_exception(case):
    class Stop(BaseException):
        pass

    def stop():
        raise Stop("enough")

    case.predict = after(case.predict, 1, stop)
