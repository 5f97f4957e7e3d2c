# ruff: noqa: NPY002 - users draw from NumPy's global generator
"""Odd data, and programs that change what they are given."""

import numpy as np

from .hostile import hostile, unusable


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
