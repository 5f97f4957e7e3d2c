"""scikit-learn's multilayer perceptrons on this engine: the same parameters, attributes and results, and more of them.

    from unstuck.sklearn import MLPClassifier, MLPRegressor

In reading order: `classifier` and `regressor` (what users see), `estimator` (what both share: from X and y to a
fitted network), `parameters` (which values are possible), `losses` and `architecture` (the network that they mean),
`descent` and `lbfgs` (the solvers), `measurement` (the curves they keep), `sparse` (rows that are mostly zero),
`explanation` (an estimator as a Case for the diagnosis).
"""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("unstuck.sklearn needs scikit-learn: pip install 'unstuck[sklearn]'") from error

from unstuck.sklearn.classifier import MLPClassifier
from unstuck.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
