"""scikit-learn's own contract, for every solver; no check is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from unstuck.sklearn import MLPClassifier, MLPRegressor

ESTIMATORS = [
    estimator
    for solver in ("adam", "sgd", "lbfgs")
    for estimator in (MLPClassifier(solver=solver, max_iter=100), MLPRegressor(solver=solver, max_iter=100))
]


@pytest.mark.filterwarnings("ignore:max_iter=:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:lbfgs had not converged:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_contract(estimator, check):
    check(estimator)
