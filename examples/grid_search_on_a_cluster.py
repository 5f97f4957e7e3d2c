"""A grid search whose candidates are trained by the workers of a Dask cluster: the same results as one by one.

Needs `pip install 'unstuck[sklearn]' 'dask[distributed]'`. Here the cluster is two processes on this machine; the
address of another one in Client(…) is all that changes.
"""

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from unstuck.sklearn import MLPClassifier


def search() -> GridSearchCV:
    """8 candidates, each trained on 3 folds."""
    classifier = MLPClassifier((32,), max_iter=8, n_iter_no_change=np.inf, dtype="float32", random_state=0)
    grid = {
        "mlpclassifier__learning_rate_init": [0.001, 0.01],
        "mlpclassifier__dropout": [0.0, 0.2],
        "mlpclassifier__activation": ["relu", "tanh"],
    }
    return GridSearchCV(make_pipeline(MinMaxScaler(), classifier), grid, cv=3)


if __name__ == "__main__":
    x, y = load_digits(return_X_y=True)
    serial = search().fit(x, y)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    with cluster, Client(cluster) as client, joblib.parallel_config("dask"):
        print(f"{len(client.scheduler_info()['workers'])} workers")
        distributed = search().fit(x, y)
    scores = [found.cv_results_["mean_test_score"] for found in (serial, distributed)]
    print(f"scores of {len(scores[0])} candidates equal: {np.array_equal(*scores)}")
    print(f"best in both: {serial.best_params_ == distributed.best_params_}")
    same = all(map(np.array_equal, serial.best_estimator_[-1].coefs_, distributed.best_estimator_[-1].coefs_))
    print(f"weights of the best equal: {same}")
    print(f"best: {distributed.best_params_}, accuracy {distributed.best_score_:.1%}")
