"""Epochs of sgd or adam by scikit-learn's rules: how a loss is averaged, when a rate falls, when training stops.

The steps are the engine's. With the same random state, losses and parameters are scikit-learn's to rounding.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import shuffle

from unstuck.errors import TrainingError
from unstuck.nn import optimizers
from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.kernels import find_step
from unstuck.nn.engine.non_finite import explain_non_finite
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.training_run import Callback
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.history import Progress
from unstuck.nn.network import Network
from unstuck.nn.optimizers import Memory, Optimizer
from unstuck.sklearn.measurement import mean_loss, record_validation

Array = np.ndarray

SMALLEST_RATE = 1e-6  # at which an adaptive rate is no longer divided


@dataclass
class OptimizerState:
    """What an optimiser knows between two calls of `partial_fit`."""

    learning_rate: float
    update: int = 0  # updates made
    memory: dict[str, list[Array]] = field(default_factory=dict)  # shaped like the parameters, in their order

    def recall(self, vector: ParameterVector) -> None:
        """Put what was remembered into a new vector."""
        for name, kept in self.memory.items():
            for part, array in zip(parts(vector, vector.memory[name]), kept):
                part[...] = array

    def remember(self, vector: ParameterVector) -> None:
        """Keep what the vector remembers, apart from how it lays it out."""
        self.memory = {name: [part.copy() for part in parts(vector, array)] for name, array in vector.memory.items()}


def parts(vector: ParameterVector, array: Array) -> list[Array]:
    """The views of an array of the vector that belong to each parameter of its network."""
    return [part for pair in vector.views(array) for part in pair if part is not None]


@dataclass(frozen=True)
class Adam(optimizers.Adam):
    """Adam in the form of the paper's section 2, whose epsilon is not brought to the scale of the correction."""

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        epsilon = self.epsilon / (1 - self.beta2**update) ** 0.5
        optimizers.Adam(learning_rate, self.beta1, self.beta2, epsilon).step(
            parameter, gradient, memory, learning_rate, update
        )


def optimizer_of(estimator: Any) -> Optimizer:
    """The engine's optimiser that the estimator's solver means."""
    if estimator.solver == "adam":
        return Adam(estimator.learning_rate_init, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    return optimizers.SGD(estimator.learning_rate_init, estimator.momentum, estimator.nesterovs_momentum)


def batch_size_of(estimator: Any, n: int) -> int:
    """Examples per update, at most all n of them."""
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        said = f"batch_size is {estimator.batch_size}, but there are {n} samples: they make one batch"
        warnings.warn(said, stacklevel=2)
    return min(int(estimator.batch_size), n)


class Descent:
    """The epochs of one call of `fit` or `partial_fit`; keeps the estimator's attributes as scikit-learn does."""

    def __init__(self, estimator: Any, network: Network, examples: Examples, validation: Examples | None) -> None:
        self.estimator, self.network = estimator, network
        self.examples, self.validation = examples, validation
        self.state: OptimizerState = estimator._optimizer_state
        self.batch_size = batch_size_of(estimator, len(examples))
        self.weight = examples.weight  # as given; the examples' own is scaled to a mean of 1 in each batch
        examples.weight = None if self.weight is None else self.weight.copy()
        self.logits = np.zeros((len(examples), network.sizes[-1]), network.dtype)
        if estimator.early_stopping and estimator.best_validation_score_ is None:
            estimator.best_validation_score_ = -np.inf
        if not estimator.early_stopping and estimator.best_loss_ is None:
            estimator.best_loss_ = np.inf

    def run(self, epochs: int, callbacks: list[Callback], incremental: bool = False) -> None:
        """Make so many epochs, or fewer if training converges or a callback returns True."""
        self.vector = ParameterVector(self.network, optimizer_of(self.estimator))
        self.state.recall(self.vector)
        self.best = self.vector.values.copy()
        try:
            with single_threaded(), SecondThread() as second_thread, np.errstate(all="ignore"):
                n, rows = len(self.examples), np.arange(len(self.examples))
                sizes = {self.batch_size, n % self.batch_size} - {0}
                self.steps = {size: find_step(self.examples, self.vector, size, second_thread) for size in sizes}
                self._run_epochs(rows, epochs, callbacks, incremental)
        except KeyboardInterrupt:
            warnings.warn("training was interrupted: there may be more to learn", ConvergenceWarning, stacklevel=2)
        finally:
            if self.estimator.early_stopping:
                self.vector.values[...] = self.best
            self.state.remember(self.vector)
            self.vector.release()

    def _run_epochs(self, rows: Array, epochs: int, callbacks: list[Callback], incremental: bool) -> None:
        estimator, history = self.estimator, self.estimator.history_
        estimator.n_iter_ = 0
        updates = epochs * -(-len(rows) // self.batch_size)
        for epoch in range(1, epochs + 1):
            if estimator.shuffle:
                rows = shuffle(rows, random_state=estimator._random_state)
            estimator.n_iter_ += 1
            try:
                stop = self._end_epoch(self._run_epoch(rows), rows)
            except TrainingError as error:
                self._settle_for_best(error)
                return
            progress = Progress(epoch, epochs, self.state.update, updates, True, history)
            answers = [callback(progress) for callback in callbacks]
            if stop or any(answer is True for answer in answers):
                return
        if not incremental and estimator.n_iter_no_change != np.inf:
            said = (
                f"max_iter={epochs} epochs were made and training had not converged yet: give it a larger max_iter, or "
                "ask explain(X, y) why it learns slowly"
            )
            warnings.warn(said, ConvergenceWarning, stacklevel=2)

    def _run_epoch(self, rows: Array) -> float:
        """One update per batch; the mean over all examples of their loss, with the L2 term of their batch."""
        network, alpha, penalties = self.network, self.estimator.alpha, 0.0
        weights = self.vector.values[: self.vector.n_weights]
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start : start + self.batch_size]
            total = self._balance(batch)
            if total == 0:
                continue
            if alpha:
                self.vector.l2 = network.dtype.type(alpha / total)
                penalties += len(batch) * alpha / 2 * float(np.vdot(weights, weights)) / total
            if not self.steps[len(batch)].gradients(
                batch, self.estimator._generator, self.logits[start : start + len(batch)]
            ):
                x = self.examples.x[batch]
                raise TrainingError(explain_non_finite(network, x, self.state.update + 1, self.state.learning_rate))
            self.state.update += 1
            self.vector.update(self.state.learning_rate, self.state.update)
        loss = mean_loss(network, self.logits, *self.examples.answers(rows))
        return self.estimator._loss_scale(network.sizes[-1]) * loss + penalties / len(rows)

    def _balance(self, batch: Array) -> float:
        """Scale the weights of the batch to a mean of 1; the sum that they had."""
        if self.weight is None or self.examples.weight is None:
            return len(batch)
        weight = self.weight[batch]
        total = float(weight.sum(dtype=np.float64))
        self.examples.weight[batch] = weight * (len(batch) / total) if total else 0
        return total

    def _end_epoch(self, loss: float, rows: Array) -> bool:
        """Keep the curves; whether training has converged."""
        estimator, history = self.estimator, self.estimator.history_
        if not np.isfinite(self.vector.values).all():
            x = self.examples.x[:1]
            raise TrainingError(explain_non_finite(self.network, x, self.state.update, self.state.learning_rate))
        estimator.loss_ = loss
        estimator.t_ += len(rows)
        estimator.loss_curve_.append(loss)
        outputs = self.network.output.value(self.logits)
        history.train_accuracy.append(estimator._accuracy(outputs, *self.examples.answers(rows)))
        history.updates, history.examples_seen = self.state.update, estimator.t_
        self._say(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        if self.validation is not None:
            record_validation(estimator, self.network, self.validation)
            self._say(f"Validation score: {estimator.validation_scores_[-1]:f}")
        self._count_improvement()
        if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
            self.state.learning_rate = estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t
        return estimator._no_improvement_count > estimator.n_iter_no_change and self._converged()

    def _count_improvement(self) -> None:
        """Count the epochs since the validation score, or else the loss, was last better by `tol`."""
        estimator = self.estimator
        if estimator.early_stopping:
            score, best = estimator.validation_scores_[-1], estimator.best_validation_score_
            worse = score < best + estimator.tol
            if score > best:
                estimator.best_validation_score_ = score
                estimator.history_.best_epoch = len(estimator.loss_curve_)
                self.best[...] = self.vector.values
        else:
            worse = estimator.loss_ > estimator.best_loss_ - estimator.tol
            estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0

    def _settle_for_best(self, error: TrainingError) -> None:
        """After a divergence the best parameters so far are the answer, if early stopping kept any."""
        estimator = self.estimator
        if not estimator.early_stopping or estimator.best_validation_score_ == -np.inf:
            raise error
        estimator.loss_ = float("nan")
        for curve in (estimator.loss_curve_, estimator.validation_loss_curve_, estimator.validation_scores_):
            curve.append(float("nan"))
        said = f"{error}; the parameters are those of the best epoch, {estimator.history_.best_epoch}"
        warnings.warn(said, ConvergenceWarning, stacklevel=2)

    def _converged(self) -> bool:
        """Whether no improvement means the end; an adaptive rate is made smaller first."""
        estimator = self.estimator
        what = "Validation score" if estimator.early_stopping else "Training loss"
        patience = f"{estimator.n_iter_no_change} consecutive epochs"
        said = f"{what} did not improve more than tol={estimator.tol:f} for {patience}."
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
            if self.state.learning_rate > SMALLEST_RATE:
                self.state.learning_rate /= 5
                estimator._no_improvement_count = 0
                self._say(f"{said} Setting learning rate to {self.state.learning_rate:f}")
                return False
            said += " Learning rate too small."
        self._say(f"{said} Stopping.")
        estimator.history_.stopped_early = bool(estimator.early_stopping)
        return True

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            print(text)
