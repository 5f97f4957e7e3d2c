"""Programs that do what programs do: raise, print, exit, hang, hand over nonsense, change what they are given.

Each function takes a healthy Case and makes it hostile in one way; `HOSTILE` holds them by name.
"""

import random
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

HOSTILE: dict[str, Callable] = {}
UNUSABLE: set[str] = set()  # nothing is left to examine: a CaseError with a sentence is as good as a report


def hostile(change):
    HOSTILE[change.__name__] = change
    return change


def unusable(change):
    UNUSABLE.add(change.__name__)
    return hostile(change)


def after(function, n, what):
    """The function, doing `what` instead from its n-th call on."""
    calls = [0]

    def counted(*arguments):
        calls[0] += 1
        return function(*arguments) if calls[0] < n else what()

    return counted


def before(function, what):
    def both(*arguments):
        what()
        return function(*arguments)

    return both


def fail():
    raise RuntimeError("the user's program broke")


def hang():
    while True:
        time.sleep(0.01)


def spin():
    n = 0
    while True:
        n += 1


def warn():
    warnings.warn("overflow, perhaps", RuntimeWarning, stacklevel=2)


# --- raising, exiting, hanging


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


# --- noise and global state


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


# --- nonsense handed over


@hostile
def outputs_of_wrong_shape(case):
    predict = case.predict
    case.predict = lambda x: predict(x).T


@hostile
def outputs_flat(case):
    predict = case.predict
    case.predict = lambda x: predict(x).ravel()


@hostile
def outputs_for_one_example_only(case):
    predict = case.predict
    case.predict = lambda x: predict(x)[:1]


@hostile
def outputs_not_a_number(case):
    predict = case.predict
    case.predict = lambda x: predict(x) * np.nan


@hostile
def outputs_are_objects(case):
    predict = case.predict
    case.predict = lambda x: predict(x).astype(object)


@hostile
def outputs_are_nested_lists(case):
    predict = case.predict
    case.predict = lambda x: predict(x).tolist()


@unusable
def outputs_are_words(case):
    case.predict = lambda x: ["seven"] * len(x)


@unusable
def outputs_are_none(case):
    case.predict = lambda x: None


@hostile
def outputs_are_ragged(case):
    case.predict = lambda x: [[0.1] * (1 + i % 3) for i in range(len(x))]


@hostile
def outputs_are_read_only(case):
    predict = case.predict

    def frozen(x):
        outputs = predict(x)
        outputs.flags.writeable = False
        return outputs

    case.predict = frozen


@hostile
def outputs_are_one_buffer(case):
    predict, buffer = case.predict, {}

    def reused(x):
        outputs = buffer.setdefault(len(x), np.empty((len(x), 10)))
        outputs[...] = predict(x)
        return outputs

    case.predict = reused


@hostile
def parameters_none(case):
    case.parameters = lambda: None


@hostile
def parameters_are_numbers(case):
    case.parameters = lambda: [1, 2.5, "W"]


@hostile
def parameters_empty(case):
    case.parameters = lambda: []


@hostile
def parameters_raise_later(case):
    case.parameters = after(case.parameters, 3, fail)


@hostile
def parameters_come_and_go(case):
    parameters, calls = case.parameters, [0]

    def fewer():
        calls[0] += 1
        return parameters()[: 2 + calls[0] % 3]

    case.parameters = fewer


@hostile
def parameters_read_only(case):
    for array in case.parameters():
        array.flags.writeable = False


@hostile
def parameters_not_finite(case):
    case.parameters()[0][0, 0] = np.nan


@hostile
def gradients_of_wrong_length(case):
    case.gradients = lambda x, targets: [np.zeros(3)]


@hostile
def gradients_none(case):
    case.gradients = lambda x, targets: None


@hostile
def loss_is_a_word(case):
    case.loss = lambda x, targets: "small"


@hostile
def accuracy_is_none(case):
    case.accuracy = lambda x, labels: None


@hostile
def step_replaces_parameters_by_none(case):
    parameters, gone = case.parameters, []
    case.step = lambda x, targets: gone.append(1)
    case.parameters = lambda: None if gone else parameters()


# --- data


@hostile
def data_read_only(case):
    for array in (case.x, case.targets, case.x_test):
        array.flags.writeable = False


@hostile
def data_not_contiguous(case):
    case.x, case.targets = np.asfortranarray(case.x)[::2], case.targets[::2]
    case.labels = case.labels[::2]


@hostile
def data_are_objects(case):
    case.x, case.targets = case.x.astype(object), case.targets.astype(object)


@hostile
def data_are_nested_lists(case):
    case.x, case.targets = case.x[:200].tolist(), case.targets[:200].tolist()
    case.labels = case.labels[:200].tolist()


@hostile
def data_not_finite(case):
    case.x = case.x.copy()
    case.x[5, 7] = np.inf


@hostile
def three_examples(case):
    case.x, case.targets, case.labels = case.x[:3], case.targets[:3], case.labels[:3]


@unusable
def no_examples(case):
    case.x, case.targets, case.labels = case.x[:0], case.targets[:0], case.labels[:0]


@unusable
def fewer_targets_than_examples(case):
    case.targets = case.targets[:-7]


@unusable
def examples_are_words(case):
    case.x = np.array([["a", "b"]] * len(case.targets))


@hostile
def raw_is_nonsense(case):
    case.raw = (1, "labels")


@hostile
def beliefs_are_nonsense(case):
    case.learning_rate, case.batch_size, case.updates, case.l2 = "0.1", -3, float("nan"), [1]


@hostile
def step_changes_its_inputs(case):
    step = case.step

    def spoil(x, targets):
        step(x, targets)
        x *= 0
        targets += 1

    case.step = spoil


@hostile
def predict_changes_its_inputs(case):
    predict = case.predict

    def spoil(x):
        outputs = predict(x)
        x += 1
        return outputs

    case.predict = spoil


@hostile
def train_changes_all_data(case):
    def spoil(x, targets):
        np.random.shuffle(x)
        case.x[0] = -1
        targets[:] = 0

    case.train = spoil


@hostile
def accuracy_changes_parameters(case):
    parameters = case.parameters

    def spoil(x, labels):
        parameters()[0][...] = 0
        return 0.5

    case.accuracy = spoil


@hostile
def step_rebinds_everything(case):
    """The arrays of before are no longer the network's after a step."""
    held = {"arrays": [array.copy() for array in case.parameters()]}
    live, step, predict = case.parameters(), case.step, case.predict

    def enter():
        for array, value in zip(live, held["arrays"], strict=True):
            array[...] = value

    def rebinding_step(x, targets):
        enter()
        step(x, targets)
        held["arrays"] = [array.copy() for array in live]

    def rebinding_predict(x):
        enter()
        return predict(x)

    case.step, case.predict, case.build = rebinding_step, rebinding_predict, None
    case.parameters = lambda: held["arrays"]
    case.gradients = case.train = None
