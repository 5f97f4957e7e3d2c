"""Losses beyond the engine's own: the value and the gradient of each in one place.

As in `unstuck.nn.losses`: outputs `a`, logits `z` and targets `t` have shape (n, outputs); a value is one number per
example, (n,), summed over the outputs.
"""

import numpy as np

from unstuck.nn.activations import Activation, sigmoid, softmax
from unstuck.nn.losses import Loss, find_loss

Array = np.ndarray

FOCUS = 2  # gamma of the focal loss (Lin et al. 2017, section 5.1: "γ = 2 works best")

# exp, the inverse of the log link: for targets that cannot be negative
EXP = Activation("exp", np.exp, lambda z, a: a)


def poisson(a: Array, t: Array) -> Array:
    """Half the Poisson deviance, t log(t / a) - t + a (McCullagh and Nelder 1989, section 2.3)."""
    return (_x_log_x(t) - t * np.log(a) - t + a).sum(axis=1)


def poisson_gradient(a: Array, t: Array) -> Array:
    return 1 - t / a


def poisson_on_logits(z: Array, t: Array) -> Array:
    """The same loss of exp(z)."""
    return (_x_log_x(t) - t * z - t + np.exp(z)).sum(axis=1)


def poisson_gradient_on_logits(z: Array, t: Array) -> Array:
    return np.exp(z) - t


def gamma(a: Array, t: Array) -> Array:
    """Half the gamma deviance, log(a / t) + t / a - 1 (McCullagh and Nelder 1989, section 2.3)."""
    return (np.log(a / t) + t / a - 1).sum(axis=1)


def gamma_gradient(a: Array, t: Array) -> Array:
    return (a - t) / (a * a)


def gamma_on_logits(z: Array, t: Array) -> Array:
    """The same loss of exp(z)."""
    return (z - np.log(t) + t * np.exp(-z) - 1).sum(axis=1)


def gamma_gradient_on_logits(z: Array, t: Array) -> Array:
    return 1 - t * np.exp(-z)


def absolute_error(a: Array, t: Array) -> Array:
    """|a - t|: least for the median."""
    return np.abs(a - t).sum(axis=1)


def absolute_error_gradient(a: Array, t: Array) -> Array:
    return np.sign(a - t)  # 0 at the kink


def huber(threshold: float) -> Loss:
    """Half the squared error up to the threshold, straight beyond (Huber 1964, section 2)."""

    def value(a: Array, t: Array) -> Array:
        error = np.abs(a - t)
        return np.where(error <= threshold, error**2 / 2, threshold * (error - threshold / 2)).sum(axis=1)

    def gradient(a: Array, t: Array) -> Array:
        return np.clip(a - t, -threshold, threshold)

    return Loss("huber", value, gradient)


def quantile(share: float) -> Loss:
    """`share` times what is missing, 1 - `share` times what is too much (Koenker and Bassett 1978, eq. 3.1).

    Least for the number that so large a share of the targets lies below.
    """

    def value(a: Array, t: Array) -> Array:
        missing = t - a
        return np.maximum(share * missing, (share - 1) * missing).sum(axis=1)

    def gradient(a: Array, t: Array) -> Array:
        return np.where(a < t, -share, 1 - share).astype(a.dtype) * (a != t)  # 0 at the kink

    return Loss("quantile", value, gradient)


# Focal loss (Lin et al. 2017, eq. 4): -(1 - p)^γ log p of the probability p given to the truth, so that examples
# which are already right weigh little. Its derivative with respect to log p is γ p (1 - p)^(γ - 1) log p - (1 - p)^γ.


def focal_of(log_p: Array) -> Array:
    return -((1 - np.exp(log_p)) ** FOCUS) * log_p


def focal_derivative_of(log_p: Array) -> Array:
    p = np.exp(log_p)
    return FOCUS * p * (1 - p) ** (FOCUS - 1) * log_p - (1 - p) ** FOCUS


def focal(a: Array, t: Array) -> Array:
    """The focal loss of one-hot targets."""
    return (t * focal_of(np.log(a))).sum(axis=1)


def focal_gradient(a: Array, t: Array) -> Array:
    return t * focal_derivative_of(np.log(a)) / a


def focal_on_logits(z: Array, t: Array) -> Array:
    """The same loss of softmax(z)."""
    return (t * focal_of(_log_softmax(z))).sum(axis=1)


def focal_gradient_on_logits(z: Array, t: Array) -> Array:
    by_log_p = (t * focal_derivative_of(_log_softmax(z))).sum(axis=1, keepdims=True)  # (n, 1)
    return by_log_p * (t - softmax(z))


def binary_focal(a: Array, t: Array) -> Array:
    """The focal loss of independent outputs with targets 0 and 1."""
    return focal_of(np.log(np.where(t > 0, a, 1 - a))).sum(axis=1)


def binary_focal_gradient(a: Array, t: Array) -> Array:
    p = np.where(t > 0, a, 1 - a)
    return np.where(t > 0, 1, -1) * focal_derivative_of(np.log(p)) / p


def binary_focal_on_logits(z: Array, t: Array) -> Array:
    """The same loss of sigmoid(z)."""
    return focal_of(_log_sigmoid(np.where(t > 0, z, -z))).sum(axis=1)


def binary_focal_gradient_on_logits(z: Array, t: Array) -> Array:
    side = np.where(t > 0, z, -z)
    by_side = focal_derivative_of(_log_sigmoid(side)) * sigmoid(-side)
    return np.where(t > 0, by_side, -by_side)


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _log_sigmoid(z: Array) -> Array:
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def _x_log_x(t: Array) -> Array:
    return t * np.log(np.where(t > 0, t, 1))


ABSOLUTE_ERROR = Loss("absolute_error", absolute_error, absolute_error_gradient)
POISSON = Loss("poisson", poisson, poisson_gradient, "exp", poisson_on_logits, poisson_gradient_on_logits)
GAMMA = Loss("gamma", gamma, gamma_gradient, "exp", gamma_on_logits, gamma_gradient_on_logits)
FOCAL = Loss("focal", focal, focal_gradient, "softmax", focal_on_logits, focal_gradient_on_logits)
BINARY_FOCAL = Loss(
    "binary_focal",
    binary_focal,
    binary_focal_gradient,
    "sigmoid",
    binary_focal_on_logits,
    binary_focal_gradient_on_logits,
)

# The loss of a classifier by its name and by its output function.
CLASSIFIER_LOSSES: dict[tuple[str, str], Loss] = {
    ("log_loss", "softmax"): find_loss("cross_entropy"),
    ("log_loss", "logistic"): find_loss("binary_cross_entropy"),
    ("squared_error", "softmax"): find_loss("squared_error"),
    ("squared_error", "logistic"): find_loss("squared_error"),
    ("focal", "softmax"): FOCAL,
    ("focal", "logistic"): BINARY_FOCAL,
}
