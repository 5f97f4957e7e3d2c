"""The classifier: labels to targets, outputs to probabilities and labels."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from unstuck.errors import DataError, TrainingError
from unstuck.nn.losses import Loss
from unstuck.sklearn.explanation import ExplainedPerceptron
from unstuck.sklearn.losses import CLASSIFIER_LOSSES
from unstuck.sklearn.parameters import Check, one_of

Array = np.ndarray


class MLPClassifier(ClassifierMixin, ExplainedPerceptron):
    """Multilayer perceptron classifier: `sklearn.neural_network.MLPClassifier` on this engine.

    With the same parameters and random state it makes the same updates, to rounding. Parameters that scikit-learn's
    has, with its defaults:

    hidden_layer_sizes : units of each hidden layer; () for none
    activation : "identity", "logistic", "tanh" or "relu"; here also "leaky_relu", and a list with one per hidden layer
    solver : "adam", "sgd", or "lbfgs" (all examples at once; needs no learning rate)
    alpha : strength of the L2 term, alpha / 2 times the sum of squared weights, divided by the samples of a batch
    batch_size : samples per update; "auto" for min(200, n_samples)
    learning_rate : for sgd "constant", "invscaling" (learning_rate_init / t**power_t after t samples) or "adaptive"
        (divided by 5 whenever training would stop)
    learning_rate_init, power_t : see there
    max_iter : largest number of epochs; iterations for lbfgs
    shuffle : whether to visit the samples in a new order in each epoch
    random_state : int, RandomState or None; draws first weights, held-out samples, order and dropout
    tol, n_iter_no_change : training has converged when for more than so many epochs the loss, or with early_stopping
        the validation score, was not better by `tol`
    verbose : print loss and validation score of each epoch
    warm_start : go on from the last `fit` instead of drawing first weights
    momentum, nesterovs_momentum : of sgd; 0 <= momentum < 1
    early_stopping : hold out `validation_fraction` of the samples, stop by their score, keep the best weights
    beta_1, beta_2, epsilon : of adam
    max_fun : most evaluations of the loss by lbfgs

    And what this one adds:

    loss : "log_loss", "squared_error" (of the probabilities: the Brier score) or "focal"
    class_weight : None, "balanced" or a dict: multiplies the weight of samples by that of their class
    dropout : share of units left out while training, for all hidden layers or one number for each
    dtype : "float32" or "float64" for everything; None for that of X
    callbacks : functions called with an `unstuck.nn.history.Progress` after each epoch; True ends the training
    progress_bar : whether to show `unstuck.live_progress`: a bar in a terminal, curves in a notebook

    Attributes
    ----------
    classes_, coefs_ (list of (n_in, n_out)), intercepts_ (list of (n_out,)), loss_, best_loss_, loss_curve_, n_iter_,
    t_ (samples seen), n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_, validation_scores_,
    best_validation_score_ : as in scikit-learn. loss_curve_ is there for lbfgs too
    validation_loss_curve_ : loss of the validation samples after each epoch, without the L2 term
    history_ : the same curves, with accuracies, as an `unstuck` History
    network_ : the `unstuck.Network`, with the arrays of coefs_ and intercepts_
    """

    CHECKS: ClassVar[dict[str, Check]] = {
        "loss": one_of("log_loss", "squared_error", "focal"),
        "class_weight": (
            lambda value: value is None or value == "balanced" or isinstance(value, (dict, list)),
            "None, 'balanced', a dict, or a list of dicts for multilabel targets",
        ),
    }

    def __init__(
        self,
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
        loss: str = "log_loss",
        class_weight: Any = None,
        dropout: Any = 0.0,
        dtype: Any = None,
        callbacks: Any = None,
        progress_bar: bool = False,
    ) -> None:
        self._store(locals())

    @available_if(ExplainedPerceptron._solver_makes_epochs)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> "MLPClassifier":
        """One epoch over X and y; `classes`, all that will ever occur, is needed in the first call."""
        if classes is None and not hasattr(self, "classes_"):
            raise DataError("classes must be given in the first call of partial_fit")
        if self.class_weight == "balanced":
            raise TrainingError("class_weight 'balanced' needs all samples at once: give partial_fit a dict")
        if classes is not None:
            known = unique_labels(classes)
            if not hasattr(self, "classes_"):
                multilabel = type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if multilabel else known)
                self.classes_ = self._label_binarizer.classes_
            elif not np.array_equal(self.classes_, known):
                raise DataError(f"classes are {known}, but were {self.classes_} in the first call of partial_fit")
        self._partial_fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Labels (n_samples,), or rows of 0 and 1 (n_samples, n_classes) for multilabel targets."""
        return self._labels_of(self._answer(X))

    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n_samples, n_classes), in the order of `classes_`."""
        outputs = self._answer(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the probabilities; -inf where one is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    # What the estimator asks

    def _encode(self, y: Any, sample_weight: Array | None, first: bool, incremental: bool) -> tuple[Array, Any]:
        check_classification_targets(y)
        y = column_or_1d(y, warn=True) if np.ndim(y) == 2 and y.shape[1] == 1 else y
        if first and not incremental:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start and not incremental and set(found := unique_labels(y)) != set(self.classes_):
            raise DataError(f"warm_start needs the classes of the last fit, {self.classes_}: found {found}")
        if self.class_weight is not None:
            of_class = compute_sample_weight(self.class_weight, y)
            sample_weight = of_class if sample_weight is None else sample_weight * of_class
        return self._encode_again(y), sample_weight

    def _encode_again(self, y: Any) -> Array:
        y = column_or_1d(y) if np.ndim(y) == 2 and y.shape[1] == 1 else y
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unknown):
            raise DataError(f"y has classes {unknown}: expected those of classes_, {self.classes_}")
        return self._label_binarizer.transform(y)

    def _outputs(self, n_outputs: int) -> tuple[str, Loss]:
        name = "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"
        return name, CLASSIFIER_LOSSES[self.loss, name]

    def _labels_of(self, outputs: Array) -> Array:
        return self._label_binarizer.inverse_transform(outputs.ravel() if self.n_outputs_ == 1 else outputs)

    def _score_outputs(self, outputs: Array, t: Array, weight: Array | None) -> float:
        if not np.isfinite(outputs).all():
            return float("nan")
        if self.out_activation_ == "softmax":
            right = outputs.argmax(axis=1) == t.argmax(axis=1)
        else:
            right = ((outputs > 0.5) == (t > 0.5)).all(axis=1)
        return float(np.average(right, weights=weight))

    def _accuracy(self, outputs: Array, t: Array, weight: Array | None) -> float | None:
        return self._score_outputs(outputs, t, None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
