"""scikit-learn: MLPClassifier, one pass for each call of partial_fit."""

from collections.abc import Callable

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.kernels import openblas_of
from benchmarks.sizes import Size, images_and_labels


def label() -> str:
    return f"scikit-learn {sklearn.__version__}"


def kernels() -> dict[str, str]:
    return openblas_of("numpy") | openblas_of("scipy")


def training(size: Size, momentum: float, n_images: int) -> Callable[[], object]:
    images, labels = images_and_labels()
    x, y = images[:n_images], labels[:n_images]
    model = MLPClassifier(
        size.hidden,
        solver="sgd",
        alpha=0,
        batch_size=size.batch_size,
        learning_rate_init=size.learning_rate,
        momentum=momentum,
        nesterovs_momentum=False,
        random_state=0,
    )
    return lambda: model.partial_fit(x, y, classes=np.arange(10))


def prediction(layers: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    images, labels = images_and_labels()
    model = MLPClassifier(layers[1:-1], solver="sgd", batch_size=100, random_state=0)
    model.partial_fit(images[:1000], labels[:1000], classes=np.arange(10))
    return model.predict_proba
