"""An estimator as a Case for the diagnosis: its first weights, and its updates one batch at a time."""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.report.report import Report
from unstuck.nn import optimizers
from unstuck.nn.network import Network
from unstuck.nn.optimizers import initial_memory
from unstuck.sklearn.descent import Adam, batch_size_of, optimizer_of
from unstuck.sklearn.estimator import MultilayerPerceptron
from unstuck.sklearn.parameters import check_parameters
from unstuck.sklearn.sparse import as_examples

Array = np.ndarray

WEAK = 0.01  # share of an L2 term in the gradient that changes nothing


class ExplainedPerceptron(MultilayerPerceptron):
    """An estimator that says why it learns, or does not."""

    def case(self, X: Any, y: Any, *, X_test: Any = None, y_test: Any = None) -> Case:
        """The training of this estimator on X and y, fitted or not, as a Case for `unstuck.diagnose`."""
        return case_of(self, X, y, X_test, y_test)

    def explain(
        self, X: Any, y: Any, *, X_test: Any = None, y_test: Any = None, budget: float = 30.0, cures: bool = True
    ) -> Report:
        """Why this estimator learns X and y, or does not: the Report of `unstuck.diagnose`, in about `budget` seconds.

        What is examined is the training from the first weights that `fit` drew, or would draw, with its settings;
        neither dropout nor class weights. Sparse X is made dense. The estimator is left as it is.
        """
        from unstuck.diagnosis.diagnose import diagnose

        return diagnose(self.case(X, y, X_test=X_test, y_test=y_test), budget, cures)


def case_of(estimator: MultilayerPerceptron, X: Any, y: Any, X_test: Any = None, y_test: Any = None) -> Case:
    """The training of the estimator on these samples, from the first weights that its `fit` draws or drew.

    The step is the definition of what `fit` does to a batch. It leaves out dropout and class weights, which no rule is
    about, and what would only blur the examination: an L2 term too weak to matter, and for adam the scale of epsilon.
    lbfgs makes no steps: its loss and the gradients of that are handed over, without the L2 term.
    """
    check_parameters(estimator)
    plain = {"dropout": 0.0, "early_stopping": False, "verbose": False, "callbacks": None, "progress_bar": False}
    if is_classifier(estimator):
        plain["class_weight"] = None
    blank = clone(estimator).set_params(**plain)
    x, t = _encoded(blank, X, y, first=True)
    start = getattr(estimator, "_start", None) or check_random_state(blank.random_state).get_state()
    if blank.solver == "lbfgs" or _penalty_share(blank, x, t, start) < WEAK:
        blank.alpha = 0.0
    tests: dict[str, Any] = {}
    if X_test is not None:
        x_test, t_test = _encoded(blank, X_test, y_test, first=False)
        tests = {"x_test": x_test, "targets_test": t_test, "labels_test": _labels(blank, t_test)}

    def build(state: Any) -> Case:
        program = Program(blank, x.shape[1], t.shape[1], x.dtype, state)
        steps: dict[str, Any] = {"gradients": program.gradients, "train": program.train}
        if blank.solver != "lbfgs":
            n, batch_size = len(x), batch_size_of(blank, len(x))
            steps = {
                "step": program.step,
                "train": program.train,
                "learning_rate": blank.learning_rate_init,
                "batch_size": batch_size,
                "updates": getattr(estimator, "n_iter_", blank.max_iter) * -(-n // batch_size),
            }
        return Case(
            predict=program.predict,
            x=x,
            targets=t,
            labels=_labels(blank, t),
            parameters=lambda: program.network.parameters,
            loss=program.loss,
            accuracy=None if _labels(blank, t) is None else program.accuracy,
            build=lambda seed: build(np.random.RandomState(seed).get_state()),
            name=type(estimator).__name__,
            **steps,
            **tests,
        )

    return build(start)


class Program:
    """Training by the definition, with everything that it remembers between two updates."""

    def __init__(self, blank: MultilayerPerceptron, n_features: int, n_outputs: int, dtype: Any, state: Any) -> None:
        self.estimator = copy(blank)
        self.estimator._random_state = np.random.RandomState()
        self.estimator._random_state.set_state(state)
        self.estimator._initialize(n_features, n_outputs, dtype)
        self.network: Network = self.estimator._assemble()
        optimizer = optimizer_of(blank)
        self.optimizer = optimizers.Adam(**asdict(optimizer)) if isinstance(optimizer, Adam) else optimizer
        self.memories = [initial_memory(self.optimizer, parameter) for parameter in self.network.parameters]
        self.updates = 0

    def predict(self, x: Array) -> Array:
        """Outputs (n, n_outputs)."""
        return self.network.forward(self.network.prepare(x))[-1].a

    def gradients(self, x: Array, t: Array) -> list[Array]:
        """Gradients of the mean loss and the L2 term, which is divided by the number of samples."""
        self.network.l2 = self.estimator.alpha / len(x)
        return self.network.gradients(x, t)

    def step(self, x: Array, t: Array) -> None:
        """One update on this batch."""
        self.updates += 1
        gradients = self.gradients(x, t)
        for parameter, gradient, memory in zip(self.network.parameters, gradients, self.memories):
            self.optimizer.step(parameter, gradient, memory, self.optimizer.learning_rate, self.updates)

    def loss(self, x: Array, t: Array) -> float:
        """The mean loss, with the L2 term."""
        self.network.l2 = self.estimator.alpha / len(x)
        return float(self.network.loss_values(x, t).mean()) + self.network.penalty()

    def train(self, x: Array, t: Array) -> None:
        """All that `fit` would do with these samples, from the weights as they are."""
        with warnings.catch_warnings(action="ignore"):
            self.estimator._train(self.network, as_examples(self.network, x, t, None), None, incremental=False)

    def accuracy(self, x: Array, labels: Array) -> float:
        """The share of samples whose predicted label is right."""
        return float(np.mean(_labels(self.estimator, self.predict(x)) == labels))


def _encoded(blank: MultilayerPerceptron, X: Any, y: Any, first: bool) -> tuple[Array, Array]:
    X, y = validate_data(blank, X, y, accept_sparse="csr", multi_output=True, dtype=blank._dtypes, reset=first)
    t = blank._encode(y, None, True, False)[0] if first else blank._encode_again(y)
    return (X.toarray() if issparse(X) else X), t.astype(X.dtype)


def _penalty_share(blank: MultilayerPerceptron, x: Array, t: Array, state: Any) -> float:
    """How large the L2 term of a batch is beside the gradient of its loss, at the first weights."""
    n = batch_size_of(blank, len(x))
    program = Program(blank, x.shape[1], t.shape[1], x.dtype, state)
    program.network.l2 = 0.0
    gradients = program.network.gradients(x[:n], t[:n])
    weights = [layer.weights for layer in program.network.layers]
    return blank.alpha / n * norm(weights) / max(norm(gradients), np.finfo(float).tiny)


def norm(arrays: list[Array]) -> float:
    """The Euclidean norm of all numbers together."""
    return float(np.sqrt(sum(np.vdot(array, array) for array in arrays)))


def _labels(blank: MultilayerPerceptron, outputs: Array) -> Array | None:
    """Labels as whole numbers; None for a regression or multilabel targets."""
    if not is_classifier(blank) or (outputs.shape[1] > 1 and blank._label_binarizer.y_type_ != "multiclass"):
        return None
    return outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(np.int64)
