"""Programs whose answers are nonsense, or come in odd containers."""

import numpy as np

from .hostile import after, fail, hostile, unusable


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


@unusable
def outputs_without_columns(case):
    case.predict = lambda x: np.zeros((len(x), 0))


@hostile
def loop_for_plain_arrays_only(case):
    train = case.train

    def only_plain(x, targets):
        if type(x) is not np.ndarray:
            raise TypeError("plain arrays only")
        train(x, targets)

    case.train = only_plain


@hostile
def loop_that_keeps_its_inputs(case):
    train, kept = case.train, []

    def keeping(x, targets):
        kept.extend([x, x.T, x[::2]])
        train(x, targets)

    case.train = keeping


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
    case.parameters = list


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
