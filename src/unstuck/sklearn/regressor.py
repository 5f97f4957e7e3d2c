"""The regressor: real targets, one or several, and the losses that suit them."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from unstuck.errors import DataError
from unstuck.nn.losses import Loss, find_loss
from unstuck.sklearn.explanation import ExplainedPerceptron
from unstuck.sklearn.losses import ABSOLUTE_ERROR, GAMMA, POISSON, huber, quantile
from unstuck.sklearn.parameters import POSITIVE, Check, is_number, one_of

Array = np.ndarray


class MLPRegressor(RegressorMixin, ExplainedPerceptron):
    """Multilayer perceptron regressor: `sklearn.neural_network.MLPRegressor` on this engine.

    With the same parameters and random state it makes the same updates, to rounding. Its parameters and attributes
    are those of `MLPClassifier` without class_weight and classes_, but for

    loss : "squared_error" (half of it), "poisson" (half the deviance, for counts: outputs are exp(z), targets 0 or
        above); here also "gamma" (half the deviance, for targets above 0), "absolute_error" (for the median), "huber"
        and "quantile"
    quantile : the share of targets that shall lie below the prediction, for loss "quantile"
    huber_threshold : the error, in units of y, beyond which loss "huber" is no longer quadratic

    `loss_curve_` is, as in scikit-learn, the mean over the outputs for "squared_error" and their sum for all others.
    """

    CHECKS: ClassVar[dict[str, Check]] = {
        "loss": one_of("squared_error", "poisson", "gamma", "absolute_error", "huber", "quantile"),
        "quantile": (lambda value: is_number(value) and 0 < value < 1, "a number between 0 and 1"),
        "huber_threshold": POSITIVE,
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        quantile: float = 0.5,
        huber_threshold: float = 1.0,
        dropout: Any = 0.0,
        dtype: Any = None,
        callbacks: Any = None,
        progress_bar: bool = False,
    ) -> None:
        self._store(locals())

    @available_if(ExplainedPerceptron._solver_makes_epochs)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """One epoch over X and y."""
        self._partial_fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Predictions (n_samples,), or (n_samples, n_outputs) for several targets."""
        outputs = self._answer(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    # What the estimator asks

    def _encode(self, y: Any, sample_weight: Array | None, first: bool, incremental: bool) -> tuple[Array, Any]:
        if np.ndim(y) == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._encode_again(y), sample_weight

    def _encode_again(self, y: Any) -> Array:
        t = y.reshape(len(y), -1)
        lowest = {"poisson": 0, "gamma": np.finfo(np.float32).tiny}.get(self.loss, -np.inf)
        if t.min() < lowest:
            expected = "0 or above" if self.loss == "poisson" else "above 0"
            raise DataError(f"loss {self.loss!r} needs targets {expected}: the smallest is {t.min()}")
        return t

    def _outputs(self, n_outputs: int) -> tuple[str, Loss]:
        losses = {
            "squared_error": find_loss("squared_error"),
            "poisson": POISSON,
            "gamma": GAMMA,
            "absolute_error": ABSOLUTE_ERROR,
            "huber": huber(self.huber_threshold),
            "quantile": quantile(self.quantile),
        }
        loss = losses[self.loss]
        return loss.fused_with or "identity", loss

    def _loss_scale(self, n_outputs: int) -> float:
        return 1 / n_outputs if self.loss == "squared_error" else 1.0

    def _score_outputs(self, outputs: Array, t: Array, weight: Array | None) -> float:
        return float(r2_score(t, outputs, sample_weight=weight)) if np.isfinite(outputs).all() else float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
