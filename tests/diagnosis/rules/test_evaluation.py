"""Rules about the evaluation: right counts in any unit are left alone, wrong formulas are named."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import N_CLASSES, Softmax, make_case, see, softmax

CODES = ("E01", "E02", "E03")
GENERATOR = np.random.default_rng(0)


def hits(outputs, labels):
    return outputs.argmax(axis=1) == labels


RIGHT = {
    "share": lambda o, y: np.mean(hits(o, y)),
    "percentage": lambda o, y: 100 * np.mean(hits(o, y)),
    "count": lambda o, y: int(np.sum(hits(o, y))),
    "rounded percentage": lambda o, y: round(100 * float(np.mean(hits(o, y))), 1),
    "text": lambda o, y: f"{np.mean(hits(o, y)):.4f}",
    "count of all": lambda o, y: (int(np.sum(hits(o, y))), len(y)),
    "any of the largest": lambda o, y: np.mean([row[k] == row.max() for row, k in zip(o, y, strict=True)]),
    "float32": lambda o, y: hits(o, y).astype(np.float32).mean(),
}
WRONG = {
    "whole batch": lambda o, y: np.mean(np.all((o == o.max()) == (np.eye(N_CLASSES)[y] > 0), axis=1)),
    "every output": lambda o, y: np.mean((o > 0.5) == (np.eye(N_CLASSES)[y] > 0)),
    "rounded rows": lambda o, y: np.mean(np.all(np.round(o) == np.eye(N_CLASSES)[y], axis=1)),
    "wrong axis": lambda o, y: np.mean(o.argmax(axis=0) == np.eye(N_CLASSES)[y].argmax(axis=0)),
    "divided by 1000": lambda o, y: np.sum(hits(o, y)) / 1000,
    "one above": lambda o, y: np.mean(o.argmax(axis=1) + 1 == y),
    "smallest": lambda o, y: np.mean(o.argmin(axis=1) == y),
    "always class 0": lambda o, y: np.mean(np.zeros(len(y)) == y),
    "errors": lambda o, y: np.mean(~hits(o, y)),
    "every pair": lambda o, y: np.mean(o.argmax(axis=1)[:, None] == y),
    "mean error": lambda o, y: 1 - np.mean(np.abs(o - np.eye(N_CLASSES)[y])),
    "last batch": lambda o, y: np.mean(hits(o, y)[-10:]),
}
OUT_OF_ORDER = {
    "sorted": lambda o, y: np.mean(np.sort(o.argmax(axis=1)) == y),
    "reversed": lambda o, y: np.mean(o.argmax(axis=1)[::-1] == y),
    "one late": lambda o, y: np.mean(np.roll(o.argmax(axis=1), 1) == y),
    "shuffled by a seed": lambda o, y: np.mean(o.argmax(axis=1)[np.random.default_rng(3).permutation(len(y))] == y),
    "shuffled anew": lambda o, y: np.mean(o.argmax(axis=1)[GENERATOR.permutation(len(y))] == y),
}


def evaluating(count):
    """A case whose accuracy is count(outputs, labels)."""

    class Program(Softmax):
        def accuracy(self, x, labels):
            return count(self.predict(x), labels)

    return make_case(Program)


@pytest.mark.parametrize("name", RIGHT)
def test_right_counts_are_left_alone(name):
    assert see(evaluating(RIGHT[name]), *CODES) == {}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_count_is_proved(name):
    found = see(evaluating(WRONG[name]), *CODES)
    assert set(found) == {"E01"}
    assert (found["E01"].grade, found["E01"].falsifies) == ("proved", True)


@pytest.mark.parametrize("name", OUT_OF_ORDER)
def test_answers_beside_other_labels_are_proved(name):
    found = see(evaluating(OUT_OF_ORDER[name]), *CODES)
    assert set(found) == {"E02"}
    assert found["E02"].grade == "proved"


def test_a_count_that_no_formula_explains_is_measured():
    found = see(evaluating(lambda o, y: 0.3 + 0.1 * np.mean(hits(o, y)) ** 2), *CODES)
    assert found["E01"].grade == "measured"


def test_an_evaluation_that_wants_rows_gets_rows():
    class Program(Softmax):
        def accuracy(self, x, rows):
            return np.mean(self.predict(x).argmax(axis=1) == rows.argmax(axis=1))

    assert see(make_case(Program), *CODES) == {}


def test_an_evaluation_of_its_own_labels_is_right():
    labels = make_case().labels_test

    class Program(Softmax):
        def accuracy(self, x, ignored):
            return np.mean(hits(self.predict(x), labels))

    assert see(make_case(Program), *CODES) == {}


def test_an_accuracy_that_is_no_number_or_raises_is_no_fault():
    assert see(evaluating(lambda o, y: None), *CODES) == {}
    assert see(evaluating(lambda o, y: 1 / 0), *CODES) == {}


def test_an_accuracy_that_answers_by_another_form_of_the_network_is_no_fault():
    class Program(Softmax):
        def predict(self, x):  # as in training: normalised over the batch
            z = x @ self.w + self.b
            return softmax((z - z.mean(axis=0)) / z.std(axis=0))

        def accuracy(self, x, labels):
            return np.mean((x @ self.w + self.b).argmax(axis=1) == labels)

    assert "E01" not in see(make_case(Program), *CODES)


def binary(threshold, labels=(0, 1), squash=True):
    case = make_case()
    zeros = case.labels % 2
    net = Softmax(case.x.shape[1])

    def predict(x):
        z = x @ net.w[:, :1] + net.b[0]
        return 1 / (1 + np.exp(-z)) if squash else np.tanh(z)

    y, y_test = (np.array(labels)[c % 2] for c in (case.labels, case.labels_test))

    def accuracy(x, given):
        return np.mean(np.where(predict(x)[:, 0] > threshold, labels[1], labels[0]) == given)

    return make_case(
        predict=predict,
        targets=y[:, None],
        labels=zeros if labels == (0, 1) else y,
        labels_test=y_test,
        targets_test=None,
        accuracy=accuracy,
        step=None,
        train=None,
        raw=None,
    )


def test_one_output_is_counted_at_its_threshold():
    assert see(binary(0.5), *CODES) == {}
    assert see(binary(0.0, (-1, 1), squash=False), *CODES) == {}
    assert see(binary(0.0), *CODES)["E01"].grade == "proved"


def test_labels_are_handed_to_the_evaluation_as_the_test_targets_write_them():
    case = binary(0.0, (-1, 1), squash=False)
    case.labels_test, case.targets_test = None, case.labels_test
    assert see(case, *CODES) == {}


class Thinned(Softmax):
    def predict(self, x):
        return softmax_of(x * (self.random.rand(*x.shape) < 0.5) @ self.w + self.b)


def softmax_of(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_outputs_that_do_not_repeat_are_proved():
    assert see(make_case(Thinned), *CODES)["E03"].grade == "proved"
