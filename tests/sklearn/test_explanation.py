"""`explain` examines the training that `fit` makes."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification, make_regression

import unstuck
from unstuck.sklearn import MLPClassifier, MLPRegressor

X, Y = load_digits(return_X_y=True)
X, X_TEST, Y, Y_TEST = X[:1200] / 16, X[1200:] / 16, Y[:1200], Y[1200:]
SETTINGS = {"hidden_layer_sizes": (20,), "n_iter_no_change": np.inf, "random_state": 0}


def explain(estimator, *data, budget=20.0, **more):
    return estimator.explain(*data, budget=budget, **more).to_dict()


def test_a_rate_that_is_too_low_is_found_and_put_right():
    classifier = MLPClassifier(**SETTINGS, solver="sgd", learning_rate_init=1e-6, max_iter=20).fit(X, Y)
    report = explain(classifier, X, Y, X_test=X_TEST, y_test=Y_TEST)
    assert report["verdict"] == "faulty"
    assert [finding["code"] for finding in report["findings"]] == ["U08"]
    assert report["cures"][-1]["accuracy_after"] > report["cures"][-1]["accuracy_before"] + 0.5


@pytest.mark.parametrize(
    "settings",
    [{"max_iter": 60}, {"solver": "sgd", "learning_rate_init": 0.05, "max_iter": 30}],
    ids=["adam", "sgd"],
)
def test_a_classifier_that_learns_is_healthy(settings):
    classifier = MLPClassifier(**SETTINGS, **settings).fit(X, Y)
    assert classifier.score(X_TEST, Y_TEST) > 0.85
    report = explain(classifier, X, Y, X_test=X_TEST, y_test=Y_TEST)
    assert (report["verdict"], report["findings"]) == ("healthy", [])
    network = report["network"]
    assert (network["sizes"], network["hidden"], network["output"]) == ([64, 20, 10], ["relu"], "softmax")
    assert network["loss"] == "cross_entropy"


def test_a_decay_that_is_too_strong_is_found():
    settings = SETTINGS | {"solver": "sgd", "learning_rate_init": 0.05, "momentum": 0, "alpha": 500, "max_iter": 60}
    classifier = MLPClassifier(**settings).fit(X, Y)
    assert classifier.score(X_TEST, Y_TEST) < 0.5
    assert "U10" in [finding["code"] for finding in explain(classifier, X, Y)["findings"]]


def test_it_leaves_the_estimator_as_it_is():
    classifier = MLPClassifier(**SETTINGS, max_iter=3).fit(X, Y)
    before = [array.copy() for array in classifier.coefs_], dict(vars(classifier))
    explain(classifier, X, Y, budget=6.0)
    assert all(map(np.array_equal, classifier.coefs_, before[0]))
    assert all(vars(classifier)[name] is value for name, value in before[1].items())


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(3)], ids=["int", "None", "RandomState"])
def test_the_case_starts_from_the_weights_that_fit_drew(random_state):
    classifier = MLPClassifier((20,), random_state=random_state, solver="sgd", learning_rate_init=1e-12, max_iter=1)
    classifier.set_params(n_iter_no_change=np.inf).fit(X, Y)
    for drawn, fitted in zip(classifier.case(X, Y).parameters()[::2], classifier.coefs_, strict=True):
        np.testing.assert_allclose(drawn, fitted, atol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_its_steps_are_those_of_fit(solver):
    alpha = 0.0 if solver == "adam" else 50.0
    settings = SETTINGS | {"solver": solver, "shuffle": False, "alpha": alpha, "max_iter": 3, "epsilon": 1e-15}
    case = MLPClassifier(**settings).case(X[:200], Y[:200])
    for _ in range(3):
        case.step(case.x, case.targets)
    fitted = MLPClassifier(**settings).fit(X[:200], Y[:200])
    for made, expected in zip(case.parameters()[::2], fitted.coefs_, strict=True):
        np.testing.assert_allclose(made, expected, rtol=1e-8, atol=1e-9)
    assert case.accuracy(X, Y) == pytest.approx(fitted.score(X, Y), abs=0.01)


def test_lbfgs_is_examined_as_far_as_it_goes():
    classifier = MLPClassifier(**SETTINGS, solver="lbfgs", max_iter=30)
    report = explain(classifier, X, Y)
    assert report["findings"] == []
    assert "update" in [entry["what"] for entry in report["unchecked"]]


@pytest.mark.parametrize(
    ("estimator", "data"),
    [
        (MLPClassifier(max_iter=30), load_iris(return_X_y=True)),
        (MLPClassifier(max_iter=30), (X, Y > 4)),
        (MLPClassifier(max_iter=30, dropout=0.5, class_weight="balanced"), (X, np.array(list("abcdefghij"))[Y])),
        (MLPClassifier(max_iter=30), make_multilabel_classification(n_samples=200, random_state=0)),
        (MLPRegressor(max_iter=30), make_regression(n_samples=200, n_features=5, random_state=0)),
        (MLPRegressor(max_iter=30), make_regression(n_samples=200, n_features=5, n_targets=2, random_state=0)),
        (MLPClassifier(max_iter=30), (scipy.sparse.csr_matrix(X), Y)),
    ],
    ids=["iris", "binary", "strings", "multilabel", "regression", "two targets", "sparse"],
)
def test_nothing_is_proved_against_what_is_right(estimator, data):
    estimator.set_params(hidden_layer_sizes=(10,), random_state=0, learning_rate_init=0.01)
    report = explain(estimator, *data, budget=6.0)
    proved = [found["code"] for found in report["findings"] + report["notes"] if found["grade"] == "proved"]
    assert proved == []


def test_the_case_can_be_diagnosed_by_hand():
    case = MLPClassifier(**SETTINGS, max_iter=60).case(X, Y, X_test=X_TEST, y_test=Y_TEST)
    assert isinstance(case, unstuck.Case)
    assert unstuck.diagnose(case, budget=60.0, cures=False).verdict == "healthy"
