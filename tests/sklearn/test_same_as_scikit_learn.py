"""With the same parameters and random state, scikit-learn's own estimators make the same updates."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

from unstuck.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BINARY = make_classification(n_samples=230, n_features=8, random_state=0)
CLASSES = make_classification(n_samples=230, n_features=8, n_informative=5, n_classes=3, random_state=1)
LABELS = make_multilabel_classification(n_samples=230, n_features=8, n_classes=4, random_state=2)
REAL = make_regression(n_samples=230, n_features=8, noise=1, random_state=3)
REALS = make_regression(n_samples=230, n_features=8, n_targets=3, random_state=4)
COUNTS = REAL[0], np.random.default_rng(0).poisson(np.exp(REAL[0][:, 0]))
WEIGHT = np.random.default_rng(1).uniform(0.1, 3, 230)


def pair(ours, **settings):
    """Our estimator and scikit-learn's of the same name, with the same parameters."""
    settings = {"hidden_layer_sizes": (12, 7), "max_iter": 12, "random_state": 5} | settings
    return ours(**settings), getattr(neural_network, ours.__name__)(**settings)


def expect_same(ours, theirs, X, tolerance=1e-9):
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=tolerance)
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
            assert a.dtype == b.dtype
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a == b if b is None else a == pytest.approx(b, rel=tolerance)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X)) if hasattr(ours, "classes_") else None
    if hasattr(ours, "classes_"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("data", [BINARY, CLASSES, LABELS], ids=["binary", "classes", "multilabel"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_classifier(data, solver):
    ours, theirs = pair(MLPClassifier, solver=solver)
    expect_same(ours.fit(*data), theirs.fit(*data), data[0])


@pytest.mark.parametrize("data", [REAL, REALS], ids=["one target", "three targets"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_regressor(data, solver):
    ours, theirs = pair(MLPRegressor, solver=solver, learning_rate_init=1e-4)
    expect_same(ours.fit(*data), theirs.fit(*data), data[0])
    np.testing.assert_allclose(ours.predict(data[0]), theirs.predict(data[0]), rtol=1e-8)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "identity"},
        {"activation": "logistic"},
        {"activation": "tanh"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 9},
        {"alpha": 0},
        {"alpha": 3.0},
        {"batch_size": 32},
        {"batch_size": 1, "max_iter": 2},
        {"shuffle": False},
        {"epsilon": 1e-2, "beta_1": 0.5, "beta_2": 0.9},
        {"solver": "sgd", "momentum": 0},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.1},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.02, "n_iter_no_change": 1, "max_iter": 40},
        {"tol": 0.05, "n_iter_no_change": 3, "max_iter": 100},
        {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 100, "n_iter_no_change": 2},
        {"n_iter_no_change": np.inf},
    ],
    ids=str,
)
@pytest.mark.parametrize("data", [BINARY, CLASSES], ids=["binary", "classes"])
def test_settings(settings, data):
    ours, theirs = pair(MLPClassifier, **settings)
    expect_same(ours.fit(*data), theirs.fit(*data), data[0])
    if settings.get("early_stopping"):
        assert ours.validation_scores_ == pytest.approx(theirs.validation_scores_)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"batch_size": 50}], ids=str)
def test_sample_weight(settings):
    ours, theirs = pair(MLPClassifier, **settings)
    expect_same(ours.fit(*CLASSES, WEIGHT), theirs.fit(*CLASSES, WEIGHT), CLASSES[0])


def test_poisson():
    ours, theirs = pair(MLPRegressor, loss="poisson")
    expect_same(ours.fit(*COUNTS), theirs.fit(*COUNTS), COUNTS[0])
    np.testing.assert_allclose(ours.predict(COUNTS[0]), theirs.predict(COUNTS[0]))


def test_early_stopping_of_a_regressor():
    ours, theirs = pair(MLPRegressor, early_stopping=True, max_iter=100, n_iter_no_change=3, learning_rate_init=0.01)
    expect_same(ours.fit(*REAL), theirs.fit(*REAL), REAL[0])


def test_float32_stays_float32():
    X, y = CLASSES[0].astype(np.float32), CLASSES[1]
    ours, theirs = pair(MLPClassifier)
    expect_same(ours.fit(X, y), theirs.fit(X, y), X, tolerance=2e-4)
    assert ours.predict_proba(X).dtype == np.float32


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_inputs(kind):
    X = CLASSES[0] * (np.random.default_rng(0).random(CLASSES[0].shape) < 0.3)
    ours, theirs = pair(MLPClassifier, early_stopping=True)
    expect_same(ours.fit(kind(X), CLASSES[1]), theirs.fit(X, CLASSES[1]), X)
    np.testing.assert_allclose(ours.predict_proba(kind(X)), ours.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit(solver):
    ours, theirs = pair(MLPClassifier, solver=solver, random_state=np.random.RandomState(0))
    theirs.set_params(random_state=np.random.RandomState(0))
    X, y = CLASSES
    for start in (0, 50, 100, 0, 50, 100):
        rows = slice(start, start + 50)
        ours.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        theirs.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    expect_same(ours, theirs, X)


def test_partial_fit_of_a_regressor():
    ours, theirs = pair(MLPRegressor, solver="sgd", learning_rate="invscaling", learning_rate_init=1e-4)
    for _ in range(5):
        ours.partial_fit(*REALS)
        theirs.partial_fit(*REALS)
    expect_same(ours, theirs, REALS[0])


def test_partial_fit_goes_on_from_a_fit():
    ours, theirs = pair(MLPClassifier)
    expect_same(ours.fit(*BINARY).partial_fit(*BINARY), theirs.fit(*BINARY).partial_fit(*BINARY), BINARY[0])


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_warm_start(solver):
    ours, theirs = pair(MLPClassifier, solver=solver, warm_start=True)
    for _ in range(3):
        ours.fit(*CLASSES)
        theirs.fit(*CLASSES)
    expect_same(ours, theirs, CLASSES[0])


@pytest.mark.parametrize(
    ("ours", "data"),
    [(MLPClassifier, BINARY), (MLPClassifier, CLASSES), (MLPRegressor, REAL)],
    ids=["binary", "classes", "regression"],
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_lbfgs(ours, data, weight):
    ours, theirs = pair(ours, solver="lbfgs", max_iter=6)
    ours.fit(*data, weight)
    theirs.fit(*data, weight)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_lbfgs_of_several_targets_goes_at_least_as_far():
    """scikit-learn hands lbfgs the mean over the targets with the gradient of their sum; here both are of the sum."""
    ours, theirs = pair(MLPRegressor, solver="lbfgs", max_iter=60, alpha=0.0)
    assert ours.fit(*REALS).loss_ < 1.1 * theirs.fit(*REALS).loss_
    assert ours.loss_ == pytest.approx(np.mean((ours.predict(REALS[0]) - REALS[1]) ** 2) / 2)


def test_string_classes():
    y = np.array(["ash", "oak", "yew"])[CLASSES[1]]
    ours, theirs = pair(MLPClassifier)
    expect_same(ours.fit(CLASSES[0], y), theirs.fit(CLASSES[0], y), CLASSES[0])


def test_what_is_printed(capsys):
    ours, theirs = pair(MLPClassifier, verbose=True, early_stopping=True)
    ours.fit(*BINARY)
    printed = capsys.readouterr().out
    theirs.fit(*BINARY)
    assert printed == capsys.readouterr().out


def test_parameters_and_defaults():
    for ours in (MLPClassifier, MLPRegressor):
        theirs = getattr(neural_network, ours.__name__)().get_params()
        assert {name: ours().get_params()[name] for name in theirs} == theirs
