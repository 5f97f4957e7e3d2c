"""The estimators inside scikit-learn's tools, and in another process."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_regression
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from unstuck.sklearn import MLPClassifier, MLPRegressor

X, Y = load_digits(return_X_y=True)
QUICK = {"hidden_layer_sizes": (20,), "max_iter": 8, "n_iter_no_change": np.inf, "random_state": 0}


def test_pipeline_and_cross_validation():
    classifier = make_pipeline(MinMaxScaler(), MLPClassifier(**QUICK | {"learning_rate_init": 0.01}))
    assert cross_val_score(classifier, X, Y, cv=3).mean() > 0.85


def test_validation_data_go_through_the_steps_of_a_pipeline():
    classifier = MLPClassifier(**QUICK | {"learning_rate_init": 0.01})
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", MinMaxScaler()), ("classify", classifier)], transform_input=["X_val"])
        pipeline.fit(X[:1200], Y[:1200], X_val=X[1200:], y_val=Y[1200:])
    assert pipeline[-1].validation_scores_[-1] == pipeline.score(X[1200:], Y[1200:]) > 0.8


def test_grid_search():
    search = GridSearchCV(MLPClassifier(**QUICK), {"dropout": [0.0, 0.9], "hidden_layer_sizes": [(2,), (20,)]}, cv=2)
    search.fit(X / 16, Y)
    assert search.best_params_ == {"dropout": 0.0, "hidden_layer_sizes": (20,)}


def test_ensembles_and_calibration():
    one, other = MLPClassifier(**QUICK, learning_rate_init=0.01), MLPClassifier(**QUICK, learning_rate_init=0.02)
    vote = VotingClassifier([("one", one), ("other", other)], voting="soft")
    bag = BaggingClassifier(one, n_estimators=2, random_state=0)
    calibrated = CalibratedClassifierCV(one, cv=2)
    for estimator in (vote, bag, calibrated):
        assert estimator.fit(X / 16, Y).score(X / 16, Y) > 0.85


def test_permutation_importance():
    x, y = make_regression(n_samples=300, n_features=4, n_informative=1, random_state=0)
    x, y = StandardScaler().fit_transform(x), y / y.std()
    regressor = MLPRegressor(max_iter=60, n_iter_no_change=np.inf, learning_rate_init=0.01, random_state=0).fit(x, y)
    importance = permutation_importance(regressor, x, y, random_state=0).importances_mean
    informative = np.argmax(np.abs(np.corrcoef(x.T, y)[-1, :-1]))
    assert importance.argmax() == informative


@pytest.mark.parametrize("estimator", [MLPClassifier(**QUICK, dropout=0.2), MLPRegressor(**QUICK, solver="sgd")])
def test_pickled_it_goes_on_as_the_original(estimator):
    fitted = estimator.fit(X / 16, Y)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(X / 16), fitted.predict(X / 16))
    for one in (copy, fitted):
        one.partial_fit(X / 16, Y)
    np.testing.assert_array_equal(copy.coefs_[0], fitted.coefs_[0])
    assert copy.history_.train_loss is copy.loss_curve_


def test_a_clone_is_unfitted_with_the_same_parameters():
    classifier = MLPClassifier(**QUICK, dropout=[0.3], callbacks=[print], class_weight={0: 2}).fit(X / 16, Y)
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    assert not hasattr(copy, "coefs_")


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_gives_the_serial_result(backend):
    search = GridSearchCV(MLPClassifier(**QUICK), {"alpha": [0.0, 0.1], "solver": ["adam", "sgd"]}, cv=2)
    serial = clone(search).fit(X / 16, Y).cv_results_["mean_test_score"]
    with joblib.parallel_config(backend, n_jobs=2):
        parallel = clone(search).fit(X / 16, Y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(parallel, serial)


def test_columns_by_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :3], columns=["left", "middle", "right"])
    classifier = MLPClassifier(**QUICK).fit(frame, pandas.Series(np.where(Y > 4, "high", "low")))
    assert list(classifier.feature_names_in_) == ["left", "middle", "right"]
    assert set(classifier.predict(frame)) <= {"high", "low"}
