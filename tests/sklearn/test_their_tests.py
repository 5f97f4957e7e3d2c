"""scikit-learn's own tests of its perceptrons, run on ours.

They come with the installed scikit-learn. Left out are those that look at private attributes, those that compare the
wording of an error that is here raised in other words, and one that awaits a warning which is not given on purpose:
`n_iter_no_change=np.inf` asks for exactly `max_iter` epochs.
"""

from importlib import import_module
from unittest.mock import patch

import pytest

from unstuck.sklearn import MLPClassifier, MLPRegressor

PRIVATE = {"test_fit", "test_gradient", "test_learning_rate_warmstart", "test_adaptive_learning_rate"}
WORDING = {
    "test_nonfinite_params",
    "test_warm_start",
    "test_early_stopping_stratified",
    "test_minimum_input_sample_size",
}
UNWARNED = {"test_mlp_warm_start_no_convergence"}

with patch.multiple("sklearn.neural_network", MLPClassifier=MLPClassifier, MLPRegressor=MLPRegressor):
    theirs = import_module("sklearn.neural_network.tests.test_mlp")

globals().update({name: test for name, test in vars(theirs).items() if name.startswith("test_")})
for left_out in PRIVATE | WORDING | UNWARNED:
    del globals()[left_out]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def global_random_seed():
    return 0


def test_it_is_ours_that_they_test():
    assert (theirs.MLPClassifier, theirs.MLPRegressor) == (MLPClassifier, MLPRegressor)
