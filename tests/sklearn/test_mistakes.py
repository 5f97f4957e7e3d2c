"""What cannot be is answered with one sentence that says what was expected."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from unstuck.errors import UnstuckError
from unstuck.sklearn import MLPClassifier, MLPRegressor

X = np.random.default_rng(0).standard_normal((30, 4))
Y = np.arange(30) % 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes is -1: expected the number of units"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes is (5, 0): expected the number of units"),
        ({"hidden_layer_sizes": "5"}, "hidden_layer_sizes is '5': expected the number of units"),
        ({"activation": "swish"}, "activation is 'swish': expected one of identity, logistic, tanh, relu, leaky_relu"),
        ({"activation": ["relu", "relu"]}, "activation has 2 entries: expected one, or one for each of 1 hidden"),
        ({"solver": "newton"}, "solver is 'newton': expected one of lbfgs, sgd, adam"),
        ({"alpha": -1}, "alpha is -1: expected a finite number, 0 or above"),
        ({"alpha": True}, "alpha is True: expected a finite number"),
        ({"batch_size": 0}, "batch_size is 0: expected a whole number above 0, or 'auto'"),
        ({"learning_rate": "cosine"}, "learning_rate is 'cosine': expected one of constant, invscaling, adaptive"),
        ({"learning_rate_init": np.nan}, "learning_rate_init is nan: expected a finite number above 0"),
        ({"max_iter": 2.5}, "max_iter is 2.5: expected a whole number above 0"),
        ({"shuffle": "yes"}, "shuffle is 'yes': expected True or False"),
        ({"momentum": 1}, "momentum is 1: expected a number from 0 up to but not including 1"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is 0: expected a whole number above 0, or infinity"),
        ({"dropout": 1.0}, "dropout is 1.0: expected a share from 0 up to but not including 1"),
        ({"dropout": [0.1, 0.2]}, "dropout has 2 entries: expected one, or one for each of 1 hidden"),
        ({"dropout": 0.1, "solver": "lbfgs"}, "expected solver 'sgd' or 'adam', not 'lbfgs'"),
        ({"dtype": "float16"}, "dtype is 'float16': expected None, 'float32' or 'float64'"),
        ({"callbacks": print}, "expected None or a list of functions"),
        ({"loss": "hinge"}, "loss is 'hinge': expected one of log_loss, squared_error, focal"),
        ({"class_weight": "even"}, "class_weight is 'even': expected None, 'balanced'"),
    ],
    ids=str,
)
def test_parameters(settings, sentence):
    with pytest.raises(UnstuckError) as caught:
        MLPClassifier(**settings).fit(X, Y)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("settings", [{"quantile": 1.0}, {"huber_threshold": 0}, {"loss": "log_loss"}], ids=str)
def test_parameters_of_the_regressor(settings):
    with pytest.raises(UnstuckError, match=f"{next(iter(settings))} is .*: expected"):
        MLPRegressor(**settings).fit(X, Y)


@pytest.mark.parametrize(
    ("loss", "lowest", "sentence"),
    [("poisson", -1, "needs targets 0 or above: the smallest is -1"), ("gamma", 0, "needs targets above 0")],
)
def test_targets_outside_a_loss(loss, lowest, sentence):
    with pytest.raises(UnstuckError, match=sentence):
        MLPRegressor(loss).fit(X, np.arange(30.0) + lowest)


def test_validation_data_of_other_classes():
    with pytest.raises(UnstuckError, match=r"y has classes \[7\]: expected those of classes_, \[0 1 2\]"):
        MLPClassifier(max_iter=1).fit(X, Y, X_val=X[:2], y_val=[0, 7])


def test_half_of_the_validation_data():
    with pytest.raises(UnstuckError, match="need both X_val and y_val"):
        MLPClassifier().fit(X, Y, X_val=X)


def test_a_held_out_share_that_is_too_small():
    with pytest.raises(UnstuckError, match="holds out 1: expected at least 2"):
        MLPRegressor(early_stopping=True, validation_fraction=0.01).fit(X, Y)


def test_partial_fit():
    with pytest.raises(AttributeError, match="partial_fit"):
        MLPClassifier(solver="lbfgs").partial_fit  # noqa: B018
    with pytest.raises(UnstuckError, match="classes must be given in the first call"):
        MLPClassifier().partial_fit(X, Y)
    with pytest.raises(UnstuckError, match="does not support early_stopping"):
        MLPRegressor(early_stopping=True).partial_fit(X, Y)
    with pytest.raises(UnstuckError, match=r"y has classes \[2\]"):
        MLPClassifier().partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(UnstuckError, match=r"classes are \[0 1\], but were \[0 1 2\]"):
        MLPClassifier().partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y, classes=[0, 1])


def test_warm_start_with_other_classes():
    classifier = MLPClassifier(warm_start=True, max_iter=1, n_iter_no_change=np.inf).fit(X, Y)
    with pytest.raises(UnstuckError, match="warm_start needs the classes of the last fit"):
        classifier.fit(X, Y % 2)


def test_a_training_that_diverges():
    with pytest.raises(UnstuckError, match=r"training stopped at update .* the learning rate 1e\+06 is"):
        MLPRegressor(solver="sgd", learning_rate_init=1e6).fit(X, Y)


def test_the_batch_size_is_at_most_the_number_of_samples():
    with pytest.warns(match="batch_size is 40, but there are 30 samples"):
        MLPClassifier(batch_size=40, max_iter=1, n_iter_no_change=np.inf).fit(X, Y)


def test_without_scikit_learn_one_sentence_names_the_extra():
    code = "import sys; sys.modules['sklearn'] = None; import unstuck.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: unstuck.sklearn needs scikit-learn: pip install 'unstuck[sklearn]'"
    )


def test_a_training_cut_short_says_what_to_try():
    with pytest.warns(ConvergenceWarning, match=r"a larger max_iter, or ask explain\(X, y\)"):
        MLPClassifier((5,), max_iter=2, random_state=0).fit(X, Y)
