"""Which values the parameters may take; the first that may not is named in one sentence."""

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from unstuck.errors import TrainingError

Check = tuple[Callable[[Any], bool], str]  # whether a value is possible, and what was expected

ACTIVATIONS = {  # scikit-learn's names, and the engine's
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": "leaky_relu",
}


def check_parameters(estimator: Any) -> None:
    """TrainingError names the first parameter of the estimator that has an impossible value."""
    for name, value in estimator.get_params(deep=False).items():
        possible, expected = CHECKS.get(name) or estimator.CHECKS.get(name) or (lambda value: True, "")
        if not possible(value):
            raise TrainingError(f"{name} is {value!r}: expected {expected}")
    if estimator.solver == "lbfgs" and np.any(np.asarray(estimator.dropout) > 0):
        raise TrainingError("dropout changes the loss from call to call: expected solver 'sgd' or 'adam', not 'lbfgs'")


def one_of(*names: str) -> Check:
    return lambda value: isinstance(value, str) and value in names, f"one of {', '.join(names)}"


def is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def is_count(value: Any) -> bool:
    return isinstance(value, Integral) and is_number(value) and int(value) >= 1


def is_list_of(possible: Callable[[Any], bool], value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes)) and all(map(possible, value))


BOOLEAN: Check = (lambda value: isinstance(value, (bool, np.bool_)), "True or False")
COUNT: Check = (is_count, "a whole number above 0")
POSITIVE: Check = (lambda value: is_number(value) and 0 < value < np.inf, "a finite number above 0")
NOT_NEGATIVE: Check = (lambda value: is_number(value) and 0 <= value < np.inf, "a finite number, 0 or above")
SHARE: Check = (
    lambda value: is_number(value) and 0 <= value < 1,
    "a number from 0 up to but not including 1",
)

CHECKS: dict[str, Check] = {
    "hidden_layer_sizes": (
        lambda value: is_count(value) or is_list_of(is_count, value),
        "the number of units, above 0, of each hidden layer",
    ),
    "activation": (
        lambda value: is_list_of(ACTIVATIONS.__contains__, [value] if isinstance(value, str) else value),
        f"one of {', '.join(ACTIVATIONS)}, or one of them for each hidden layer",
    ),
    "solver": one_of("lbfgs", "sgd", "adam"),
    "alpha": NOT_NEGATIVE,
    "batch_size": (lambda value: is_count(value) or value == "auto", "a whole number above 0, or 'auto'"),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": POSITIVE,
    "power_t": NOT_NEGATIVE,
    "max_iter": COUNT,
    "shuffle": BOOLEAN,
    "tol": NOT_NEGATIVE,
    "verbose": (lambda value: isinstance(value, (Integral, np.bool_)) and int(value) >= 0, "True, False or a number"),
    "warm_start": BOOLEAN,
    "momentum": SHARE,
    "nesterovs_momentum": BOOLEAN,
    "early_stopping": BOOLEAN,
    "validation_fraction": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": POSITIVE,
    "n_iter_no_change": (lambda value: is_count(value) or value == np.inf, "a whole number above 0, or infinity"),
    "max_fun": COUNT,
    "dropout": (
        lambda value: SHARE[0](value) or is_list_of(SHARE[0], value),
        "a share from 0 up to but not including 1, or one for each hidden layer",
    ),
    "dtype": (
        lambda value: value is None or value in ("float32", "float64", np.float32, np.float64),
        "None, 'float32' or 'float64'",
    ),
    "callbacks": (
        lambda value: value is None or is_list_of(callable, value),
        "None or a list of functions of a Progress",
    ),
    "progress_bar": BOOLEAN,
}
