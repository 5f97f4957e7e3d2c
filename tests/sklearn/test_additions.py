"""What scikit-learn's estimators do not have."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs, make_classification, make_multilabel_classification
from sklearn.metrics import recall_score

import unstuck
from unstuck.sklearn import MLPClassifier, MLPRegressor

X, Y = load_digits(return_X_y=True)
X = X / 16
QUICK = {"hidden_layer_sizes": (20,), "max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}


def test_dropout_draws_anew_in_each_epoch_and_not_when_predicting():
    classifier = MLPClassifier(**QUICK, dropout=0.5).fit(X, Y)
    np.testing.assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(X))
    plain = MLPClassifier(**QUICK).fit(X, Y)
    assert classifier.loss_curve_[-1] > plain.loss_curve_[-1]
    again = MLPClassifier(**QUICK, dropout=0.5).fit(X, Y)
    np.testing.assert_array_equal(again.coefs_[0], classifier.coefs_[0])


def test_dropout_differs_from_call_to_call_of_partial_fit():
    settings = QUICK | {"shuffle": False, "solver": "sgd", "momentum": 0, "learning_rate_init": 1e-9}
    classifier = MLPClassifier(**settings, dropout=0.5)
    for _ in range(3):
        classifier.partial_fit(X, Y, classes=range(10))
    assert len(set(np.round(classifier.loss_curve_, 3))) == 3


def test_dropout_per_layer():
    settings = QUICK | {"hidden_layer_sizes": (20, 10)}
    some, none, one = (MLPClassifier(**settings, dropout=d).fit(X, Y) for d in ([0.4, 0.0], [0.0, 0.0], 0.0))
    np.testing.assert_array_equal(none.coefs_[0], one.coefs_[0])
    assert not np.array_equal(some.coefs_[0], one.coefs_[0])


def test_activation_per_layer():
    classifier = MLPClassifier((20, 15, 10), ["tanh", "leaky_relu", "logistic"], max_iter=30, random_state=0)
    classifier.set_params(n_iter_no_change=np.inf, learning_rate_init=0.01).fit(X, Y)
    assert [layer.activation.name for layer in classifier.network_.layers[:-1]] == ["tanh", "leaky_relu", "sigmoid"]
    assert classifier.score(X, Y) > 0.9


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 30}])
def test_class_weight_helps_the_rare_class(class_weight):
    x, y = make_blobs([970, 30], centers=[[0, 0], [1.2, 1.2]], random_state=0)
    settings = {"max_iter": 60, "n_iter_no_change": np.inf, "random_state": 0}
    plain, weighted = (MLPClassifier(**settings, class_weight=w).fit(x, y) for w in (None, class_weight))
    assert recall_score(y, weighted.predict(x)) > recall_score(y, plain.predict(x)) + 0.3


def test_class_weight_is_a_sample_weight():
    y = Y % 3
    by_class = MLPClassifier(**QUICK, class_weight={0: 2.0, 1: 1.0, 2: 0.5}).fit(X, y)
    by_sample = MLPClassifier(**QUICK).fit(X, y, np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coefs_[0], by_sample.coefs_[0])


def test_class_weight_in_partial_fit():
    classifier = MLPClassifier(**QUICK, class_weight={0: 2.0}).partial_fit(X, Y % 3, classes=[0, 1, 2])
    assert classifier.n_iter_ == 1
    with pytest.raises(unstuck.TrainingError, match="needs all samples at once"):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=range(10))


@pytest.mark.filterwarnings("ignore:lbfgs had not converged")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_own_validation_data_are_measured_and_not_trained_on(solver):
    settings = QUICK | {"solver": solver, "max_iter": 20}
    with_validation = MLPClassifier(**settings).fit(X[:900], Y[:900], X_val=X[900:], y_val=Y[900:])
    without = MLPClassifier(**settings).fit(X[:900], Y[:900])
    np.testing.assert_array_equal(with_validation.coefs_[0], without.coefs_[0])
    assert len(with_validation.validation_loss_curve_) == len(with_validation.loss_curve_) == with_validation.n_iter_
    assert with_validation.validation_scores_[-1] == with_validation.score(X[900:], Y[900:])
    loss = -np.log(with_validation.predict_proba(X[900:])[np.arange(len(Y) - 900), Y[900:]]).mean()
    assert with_validation.validation_loss_curve_[-1] == pytest.approx(loss)


def test_own_validation_data_stop_the_training():
    classifier = MLPClassifier((20,), early_stopping=True, n_iter_no_change=2, max_iter=500, learning_rate_init=0.03)
    classifier.set_params(random_state=0).fit(X[:900], Y[:900], X_val=X[900:], y_val=Y[900:])
    assert classifier.n_iter_ < 500
    assert classifier.score(X[900:], Y[900:]) == classifier.best_validation_score_ == max(classifier.validation_scores_)
    assert classifier.history_.validation_loss is classifier.validation_loss_curve_


def test_validation_weights():
    only_twos = (Y[900:] == 2).astype(float)
    classifier = MLPClassifier(**QUICK)
    classifier.fit(X[:900], Y[:900], X_val=X[900:], y_val=Y[900:], sample_weight_val=only_twos)
    twos = X[900:][only_twos == 1]
    assert classifier.validation_scores_[-1] == pytest.approx(np.mean(classifier.predict(twos) == 2))


def test_a_callback_hears_each_epoch_and_may_stop():
    heard = []

    def listen(progress):
        heard.append((progress.epoch, progress.epochs, len(progress.history.train_loss)))
        return progress.epoch == 3

    classifier = MLPClassifier(**QUICK, callbacks=[listen, lambda progress: None]).fit(X, Y)
    assert heard == [(1, 5, 1), (2, 5, 2), (3, 5, 3)]
    assert classifier.n_iter_ == 3


def test_a_callback_stops_lbfgs():
    classifier = MLPClassifier(**QUICK | {"solver": "lbfgs"}, callbacks=[lambda progress: progress.epoch == 2])
    assert classifier.fit(X, Y).n_iter_ == 2


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.filterwarnings("ignore:lbfgs had not converged")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_progress_bar_shows_each_epoch_on_a_terminal(terminal, solver, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    MLPClassifier(**QUICK | {"solver": solver}, progress_bar=True).fit(X, Y, X_val=X, y_val=Y)
    shown = capsys.readouterr()
    assert ("epoch 5/5  loss" in shown.err) is terminal
    assert shown.out == ""


def test_float32_throughout():
    classifier = MLPClassifier(**QUICK, dtype="float32", early_stopping=True).fit(X, Y)
    assert {array.dtype for array in classifier.coefs_ + classifier.intercepts_} == {np.dtype(np.float32)}
    assert classifier.predict_proba(X).dtype == np.float32
    memory = classifier._optimizer_state.memory
    assert {array.dtype for arrays in memory.values() for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("loss", ["squared_error", "focal"])
@pytest.mark.parametrize("y", [Y, Y > 4, np.stack([Y > 4, Y % 2], axis=1).astype(int)], ids=["10", "2", "multilabel"])
def test_further_losses_of_the_classifier_learn(loss, y):
    classifier = MLPClassifier((30,), loss=loss, max_iter=60, learning_rate_init=0.01, random_state=0)
    classifier.set_params(n_iter_no_change=np.inf).fit(X, y)
    assert classifier.score(X, y) > 0.95


def noisy_line(n=600):
    x = np.linspace(-1, 1, n)[:, None]
    return x, 2 * x[:, 0] + np.random.default_rng(0).standard_t(2, n) * 0.3


@pytest.mark.parametrize(
    ("settings", "share_below"),
    [
        ({"loss": "quantile", "quantile": 0.9}, 0.9),
        ({"loss": "quantile", "quantile": 0.1}, 0.1),
        ({"loss": "absolute_error"}, 0.5),
        ({"loss": "huber", "huber_threshold": 0.1}, 0.5),
    ],
    ids=str,
)
def test_quantiles(settings, share_below):
    x, y = noisy_line()
    regressor = MLPRegressor(**settings, hidden_layer_sizes=(10,), max_iter=200, learning_rate_init=0.01)
    regressor.set_params(random_state=0, n_iter_no_change=np.inf).fit(x, y)
    assert np.mean(y < regressor.predict(x)) == pytest.approx(share_below, abs=0.05)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_of_positive_targets(loss):
    x = np.linspace(-1, 1, 500)[:, None]
    y = np.random.default_rng(0).gamma(3, np.exp(x[:, 0]) / 3)
    regressor = MLPRegressor(loss, (10,), max_iter=150, learning_rate_init=0.01, random_state=0)
    predicted = regressor.set_params(n_iter_no_change=np.inf).fit(x, y).predict(x)
    assert regressor.out_activation_ == "exp"
    assert np.abs(np.log(predicted) - x[:, 0]).max() < 0.35


def test_the_network_is_the_fitted_one_and_can_be_saved(tmp_path):
    classifier = MLPClassifier(**QUICK).fit(X, Y)
    unstuck.save(classifier.network_, tmp_path / "model.safetensors")
    loaded = unstuck.load(tmp_path / "model.safetensors")
    np.testing.assert_allclose(loaded.scores(X), classifier.predict_proba(X))
    assert classifier.network_.layers[0].weights is classifier.coefs_[0]


def test_sparse_rows_with_dropout_and_validation():
    import scipy.sparse

    x = scipy.sparse.csr_matrix(X)
    settings = QUICK | {"dropout": 0.3, "early_stopping": True}
    dense, sparse = MLPClassifier(**settings).fit(X, Y), MLPClassifier(**settings).fit(x, Y)
    np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], rtol=1e-8, atol=1e-12)
    assert sparse.validation_scores_ == dense.validation_scores_


def test_diverging_with_early_stopping_keeps_the_best():
    x, y = make_classification(n_samples=300, random_state=0)
    regressor = MLPRegressor(solver="sgd", learning_rate_init=1.0, activation="identity", early_stopping=True)
    with pytest.warns(match="the parameters are those of the best epoch"):
        regressor.set_params(random_state=0).fit(x, y.astype(float))
    assert np.isnan(regressor.validation_scores_[-1])
    assert np.isfinite(regressor.predict(x)).all()


def test_a_multilabel_list_of_class_weights():
    x, y = make_multilabel_classification(n_samples=100, n_classes=2, random_state=0)
    classifier = MLPClassifier(**QUICK, class_weight=[{0: 1, 1: 3}, {0: 1, 1: 1}]).fit(x, y)
    weight = np.where(y[:, 0] == 1, 3.0, 1.0)
    np.testing.assert_array_equal(classifier.coefs_[0], MLPClassifier(**QUICK).fit(x, y, weight).coefs_[0])


def test_early_stopping_may_be_changed_between_fits():
    classifier = MLPClassifier(**QUICK, early_stopping=True, warm_start=True).fit(X, Y)
    classifier.set_params(early_stopping=False).partial_fit(X, Y).fit(X, Y)
    assert classifier.best_loss_ == min(classifier.loss_curve_[5:])
    classifier = MLPClassifier(**QUICK, warm_start=True).fit(X, Y).set_params(early_stopping=True).fit(X, Y)
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_training_can_be_used(early_stopping):
    def interrupt(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    classifier = MLPClassifier(**QUICK, early_stopping=early_stopping, callbacks=[interrupt])
    with pytest.warns(match="training was interrupted"):
        classifier.fit(X, Y)
    three = MLPClassifier(**QUICK | {"max_iter": 3}, early_stopping=early_stopping).fit(X, Y)
    np.testing.assert_array_equal(classifier.coefs_[0], three.coefs_[0])
