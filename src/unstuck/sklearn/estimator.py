"""What classifier and regressor share: from X and y to a fitted network."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from unstuck.callbacks.progress import live_progress
from unstuck.errors import DataError, TrainingError
from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.training_run import Callback
from unstuck.nn.history import History
from unstuck.nn.losses import Loss
from unstuck.nn.network import Network
from unstuck.sklearn.architecture import (
    OUTPUTS,
    draw_parameters,
    dropout_rates,
    hidden_activations,
    holding,
    layer_sizes,
    logits_of,
)
from unstuck.sklearn.descent import Descent, OptimizerState
from unstuck.sklearn.parameters import ACTIVATIONS, Check, check_parameters
from unstuck.sklearn.sparse import as_examples, subset

Array = np.ndarray


class MultilayerPerceptron(BaseEstimator):
    """Fits a network to encoded targets; a subclass says what targets, outputs and losses mean."""

    CHECKS: ClassVar[dict[str, Check]] = {}  # of the parameters that only the subclass has

    _generator: np.random.Generator | None  # draws dropout

    def _store(self, given: dict[str, Any]) -> None:
        """Keep the arguments of __init__ under their names, untouched."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    # What the subclass says

    def _encode(self, y: Any, sample_weight: Array | None, first: bool, incremental: bool) -> tuple[Array, Any]:
        """Targets (n, n_outputs) and the weights that the examples have with those of their classes."""
        raise NotImplementedError

    def _encode_again(self, y: Any) -> Array:
        """Targets (n, n_outputs) of validation examples."""
        raise NotImplementedError

    def _outputs(self, n_outputs: int) -> tuple[str, Loss]:
        """scikit-learn's name of the output function, and the loss."""
        raise NotImplementedError

    def _score_outputs(self, outputs: Array, t: Array, weight: Array | None) -> float:
        """What `score` gives for these outputs (n, n_outputs)."""
        raise NotImplementedError

    def _accuracy(self, outputs: Array, t: Array, weight: Array | None) -> float | None:
        """The share of right answers; None where there are no classes."""
        return None

    def _loss_scale(self, n_outputs: int) -> float:
        """What a loss summed over the outputs is multiplied by to be reported."""
        return 1.0

    # Fitting

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MultilayerPerceptron:
        """Fit the network to X (n_samples, n_features), dense or sparse, and y (n_samples,) or (n_samples, n_outputs).

        `sample_weight` (n_samples,) multiplies the loss of each sample. Loss and score of `X_val` and `y_val` are
        recorded after each epoch; with `early_stopping` they are what counts, instead of a held-out share of X.
        Raises TrainingError (a ValueError) for impossible parameters, and when a number stops being finite.
        """
        check_parameters(self)
        first = not (self.warm_start and hasattr(self, "coefs_"))
        if (X_val is None) != (y_val is None):
            raise DataError("validation data need both X_val and y_val")
        given = None if X_val is None else (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, first, validation=given)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> MultilayerPerceptron:
        """One epoch over these samples, from where the last call left off."""
        check_parameters(self)
        if self.early_stopping:
            raise TrainingError("partial_fit does not support early_stopping=True: expected False")
        return self._fit(X, y, sample_weight, first=not hasattr(self, "coefs_"), incremental=True)

    def _solver_makes_epochs(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit needs solver 'sgd' or 'adam': lbfgs uses all examples at once")
        return True

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        first: bool,
        validation: tuple[Any, Any, Any] | None = None,
        incremental: bool = False,
    ) -> MultilayerPerceptron:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype=self._dtypes,
            reset=first,
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        t, weight = self._encode(y, sample_weight, first, incremental)
        self._random_state = check_random_state(self.random_state)
        if first:
            self._initialize(X.shape[1], t.shape[1], X.dtype)
        if any(np.atleast_1d(self.dropout)) and self._generator is None:
            self._generator = np.random.default_rng(self._random_state.randint(2**31 - 1))
        network = self._assemble(sparse=issparse(X))
        examples = as_examples(network, X, t, weight)
        held_out = None
        if validation is not None:
            held_out = self._validation_examples(network, *validation)
        elif self.early_stopping and self.solver != "lbfgs":
            examples, held_out = self._split(examples)
        self._train(network, examples, held_out, incremental)
        return self

    @property
    def _dtypes(self) -> Any:
        return (np.float64, np.float32) if self.dtype is None else np.dtype(self.dtype)

    def _initialize(self, n_features: int, n_outputs: int, dtype: Any) -> None:
        """First weights, and attributes as they are before the first epoch."""
        sizes = [n_features, *layer_sizes(self.hidden_layer_sizes), n_outputs]
        self.n_outputs_, self.n_layers_ = n_outputs, len(sizes)
        self.out_activation_ = self._outputs(n_outputs)[0]
        self._start = self._random_state.get_state()
        self.coefs_, self.intercepts_ = draw_parameters(self._random_state, sizes, self.activation, dtype)
        self._generator = None
        self._optimizer_state = OptimizerState(self.learning_rate_init)
        self._no_improvement_count = 0
        self.n_iter_ = self.t_ = 0
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_loss_: float | None = None
        self.best_validation_score_: float | None = None
        self.history_ = History(train_loss=self.loss_curve_, validation_loss=self.validation_loss_curve_)

    def _assemble(self, sparse: bool = False) -> Network:
        output, loss = self._outputs(self.n_outputs_)
        n_hidden = len(self.coefs_) - 1
        network = Network(
            [len(self.coefs_[0]), *(coef.shape[1] for coef in self.coefs_)],
            hidden=[ACTIVATIONS[hidden] for hidden in hidden_activations(self.activation, n_hidden)],
            output=OUTPUTS[output],
            loss=loss,
            initializer="zeros",
            dtype=self.coefs_[0].dtype,
            dropout=dropout_rates(self.dropout, n_hidden),
            l2=self.alpha,
        )
        return holding(network, self.coefs_, self.intercepts_, sparse)

    def _split(self, examples: Examples) -> tuple[Examples, Examples]:
        """Training and validation examples, split as scikit-learn splits them."""
        stratify = examples.t[:, 0] if is_classifier(self) and self.n_outputs_ == 1 else None
        rows = np.arange(len(examples))
        train, held_out = train_test_split(
            rows, random_state=self._random_state, test_size=self.validation_fraction, stratify=stratify
        )
        if len(held_out) < 2:
            raise TrainingError(
                f"validation_fraction {self.validation_fraction!r} of {len(rows)} samples holds out {len(held_out)}: "
                "expected at least 2"
            )
        return subset(examples, train), subset(examples, held_out)

    def _validation_examples(self, network: Network, X: Any, y: Any, sample_weight: Any) -> Examples:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype=self._dtypes,
            reset=False,
        )
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return as_examples(network, X, self._encode_again(y), weight)

    def _train(self, network: Network, examples: Examples, validation: Examples | None, incremental: bool) -> None:
        if validation is not None and self.validation_scores_ is None:
            self.validation_scores_ = []
        started = time.perf_counter()
        with ExitStack() as stack:
            callbacks: list[Callback] = list(self.callbacks or [])
            if self.progress_bar and not incremental:
                callbacks.append(stack.enter_context(live_progress()))
            if self.solver == "lbfgs":
                from unstuck.sklearn.lbfgs import minimize_loss

                minimize_loss(self, network, examples, validation, callbacks)
            else:
                if not incremental:
                    self._optimizer_state = OptimizerState(self.learning_rate_init)
                epochs = 1 if incremental else self.max_iter
                Descent(self, network, examples, validation).run(epochs, callbacks, incremental)
        self.history_.seconds += time.perf_counter() - started
        if not all(np.isfinite(values).all() for values in (*self.coefs_, *self.intercepts_)):
            raise TrainingError("the solver left parameters that are not finite; scale the inputs, or the targets")

    # Using

    @property
    def network_(self) -> Network:
        """The engine's network; its layers hold the arrays of `coefs_` and `intercepts_` themselves."""
        check_is_fitted(self)
        return self._assemble()

    def _answer(self, X: Any) -> Array:
        """Outputs (n_samples, n_outputs) of the fitted network."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        network = self._assemble(sparse=issparse(X))
        with single_threaded():
            return network.output.value(logits_of(network, X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
