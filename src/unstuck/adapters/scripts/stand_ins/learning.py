"""Stand-ins for the bits of scikit-learn, SciPy, scikit-image and torchvision that posts use beside their network."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.data_modules import nothing
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.supply import Supply

# -- scikit-learn ------------------------------------------------------------------------------------------------------


def sklearn_datasets(supply: Supply) -> dict[str, Any]:
    """load_digits and fetch_openml('mnist_784'): digits; the other sets are only in scikit-learn."""
    return {
        "load_digits": lambda n_class=10, return_X_y=False, **options: small_digits(supply.digits, n_class, return_X_y),
        "fetch_openml": lambda name="", *args, **options: openml(supply.digits, **options),
        "fetch_mldata": lambda name="", *args, **options: mldata(supply.digits),
    }


def openml(digits: Digits, return_X_y: bool = False, as_frame: Any = "auto", **options: Any) -> Any:
    """MNIST as OpenML has it: 70,000 rows of floats from 0 to 255, labels as strings."""
    images, labels = digits.images("all").astype(np.float64), digits.labels("all").astype(str).astype(object)
    return (images, labels) if return_X_y else SimpleNamespace(data=images, target=labels, DESCR="")


def mldata(digits: Digits, *args: Any, **options: Any) -> Any:
    """MNIST as the repository before OpenML had it: 70,000 rows of bytes, sorted by label, labels as floats."""
    sets = digits.matlab(exercise=False)
    return SimpleNamespace(data=sets["data"].T, target=sets["label"][0], DESCR="")


def small_digits(digits: Digits, n_class: int = 10, return_X_y: bool = False) -> Any:
    """1,797 pictures of 8 x 8 pixels from 0 to 16, as load_digits has them: test images, made smaller."""
    labels = digits.labels("test")
    chosen = np.flatnonzero(labels < n_class)[:1797]
    pictures = np.pad(digits.squares("test")[chosen], ((0, 0), (2, 2), (2, 2)))
    small = np.round(pictures.reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4)) * (16 / 255))
    rows, classes = small.reshape(len(small), 64), labels[chosen]
    if return_X_y:
        return rows, classes
    return SimpleNamespace(data=rows, target=classes, images=small, target_names=np.arange(n_class))


def sklearn_model_selection(supply: Supply) -> dict[str, Any]:
    return {"train_test_split": train_test_split}


def train_test_split(
    *arrays: Any, test_size: Any = None, train_size: Any = None, random_state: Any = None, **options: Any
) -> list[Any]:
    """Each array in two parts, of rows drawn at random."""
    n = len(arrays[0])
    if test_size is None:
        test_size = 0.25 if train_size is None else n - _count(train_size, n)
    order = np.random.RandomState(random_state).permutation(n) if options.get("shuffle", True) else np.arange(n)[::-1]
    held_out, kept = np.split(order, [_count(test_size, n)])
    if not options.get("shuffle", True):
        held_out, kept = held_out[::-1], kept[::-1]
    return [part for array in arrays for part in (_rows(array, kept), _rows(array, held_out))]


def _count(size: Any, n: int) -> int:
    return int(np.ceil(size * n)) if isinstance(size, float) else int(size)


def _rows(array: Any, chosen: np.ndarray) -> Any:
    return [array[i] for i in chosen] if isinstance(array, list) else array[chosen]


class StandardScaler:
    """Columns with mean 0 and standard deviation 1."""

    def fit(self, X: Any, y: Any = None) -> StandardScaler:
        """Measures the columns."""
        X = np.asarray(X, float)
        self.mean_, deviation = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.where(deviation == 0, 1.0, deviation)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The columns, scaled."""
        return (np.asarray(X, float) - self.mean_) / self.scale_

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Both."""
        return self.fit(X).transform(X)


class MinMaxScaler(StandardScaler):
    """Columns from 0 to 1, or another range."""

    def __init__(self, feature_range: tuple[float, float] = (0, 1), **options: Any) -> None:
        self.feature_range = feature_range

    def fit(self, X: Any, y: Any = None) -> MinMaxScaler:
        """Measures the columns."""
        X, (low, high) = np.asarray(X, float), self.feature_range
        extent = X.max(axis=0) - X.min(axis=0)
        self.scale_ = np.where(extent == 0, 1.0, extent) / (high - low)
        self.mean_ = X.min(axis=0) - low * self.scale_
        return self


class OneHotEncoder:
    """Columns of classes as columns of 0 and 1."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Dense arrays, whatever is asked for."""

    def fit(self, X: Any, y: Any = None) -> OneHotEncoder:
        """Learns the classes of each column."""
        self.categories_ = [np.unique(column) for column in _columns(X).T]
        return self

    def transform(self, X: Any) -> Any:
        """The columns, encoded."""
        parts = [(column[:, None] == known) for column, known in zip(_columns(X).T, self.categories_, strict=True)]
        return Dense(np.hstack(parts).astype(float))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Both."""
        return self.fit(X).transform(X)


class LabelBinarizer(OneHotEncoder):
    """One column of classes as columns of 0 and 1."""


class LabelEncoder:
    """Classes as numbers from 0."""

    def fit_transform(self, y: Any) -> np.ndarray:
        """Learns the classes and numbers them."""
        self.classes_, numbers = np.unique(np.asarray(y), return_inverse=True)
        return numbers


class Dense(np.ndarray):
    """An array that also answers what a sparse matrix is asked."""

    def __new__(cls, array: np.ndarray) -> Dense:
        return array.view(cls)

    def toarray(self) -> np.ndarray:
        """An ordinary array."""
        return np.asarray(self)

    todense = toarray


def _columns(X: Any) -> np.ndarray:
    array = np.asarray(X)
    return array if array.ndim == 2 else array.reshape(len(array), -1)


def sklearn_preprocessing(supply: Supply) -> dict[str, Any]:
    classes = (StandardScaler, MinMaxScaler, OneHotEncoder, LabelBinarizer, LabelEncoder)
    return {cls.__name__: cls for cls in classes} | {"scale": lambda X: StandardScaler().fit_transform(X)}


def sklearn_metrics(supply: Supply) -> dict[str, Any]:
    def confusion_matrix(y_true: Any, y_pred: Any, **options: Any) -> np.ndarray:
        classes, numbers = np.unique(np.concatenate([y_true, y_pred]), return_inverse=True)
        counts = np.zeros((len(classes), len(classes)), int)
        np.add.at(counts, tuple(numbers.reshape(2, -1)), 1)
        return counts

    return {
        "accuracy_score": lambda y_true, y_pred, **options: float(np.mean(np.asarray(y_true) == np.asarray(y_pred))),
        "mean_squared_error": lambda y_true, y_pred: float(np.mean((np.asarray(y_true) - np.asarray(y_pred)) ** 2)),
        "confusion_matrix": confusion_matrix,
    }


def sklearn_utils(supply: Supply) -> dict[str, Any]:
    def shuffle(*arrays: Any, random_state: Any = None, **options: Any) -> Any:
        order = np.random.RandomState(random_state).permutation(len(arrays[0]))
        shuffled = [_rows(array, order) for array in arrays]
        return shuffled[0] if len(shuffled) == 1 else shuffled

    return {"shuffle": shuffle}


# -- SciPy, scikit-image, Python 2 -------------------------------------------------------------------------------------


def scipy_special(supply: Supply) -> dict[str, Any]:
    """The functions of networks."""

    def softmax(x: Any, axis: int | None = None) -> np.ndarray:
        e = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return e / np.sum(e, axis=axis, keepdims=True)

    return {
        "expit": lambda x: 1.0 / (1.0 + np.exp(-np.asarray(x, float))),
        "logit": lambda p: np.log(p) - np.log1p(-np.asarray(p)),
        "softmax": softmax,
    }


def skimage_measure(supply: Supply) -> dict[str, Any]:
    return {"block_reduce": block_reduce}


def block_reduce(image: Any, block_size: Any = 2, func: Any = np.sum, cval: float = 0) -> np.ndarray:
    """Every block of an image as one number; an image that the blocks do not divide is filled up with `cval`."""
    image = np.asarray(image)
    blocks = (block_size,) * image.ndim if np.isscalar(block_size) else tuple(block_size)
    padded = np.pad(image, [(0, -n % b) for n, b in zip(image.shape, blocks)], constant_values=cval)
    shape = [size for n, b in zip(padded.shape, blocks) for size in (n // b, b)]
    return np.asarray(func(padded.reshape(shape), axis=tuple(range(1, 2 * image.ndim, 2))))


def c_pickle(supply: Supply) -> dict[str, Any]:
    return {name: getattr(pickle, name) for name in ("load", "loads", "dump", "dumps", "HIGHEST_PROTOCOL")}


MODULES = {
    "sklearn": nothing,
    "sklearn.datasets": sklearn_datasets,
    "sklearn.model_selection": sklearn_model_selection,
    "sklearn.preprocessing": sklearn_preprocessing,
    "sklearn.metrics": sklearn_metrics,
    "sklearn.utils": sklearn_utils,
    "scipy": nothing,
    "scipy.special": scipy_special,
    "skimage": nothing,
    "skimage.measure": skimage_measure,
    "cPickle": c_pickle,
}
