"""Keras 3 on PyTorch: `fit` on arrays in memory."""

import os

os.environ["KERAS_BACKEND"] = "torch"

from collections.abc import Callable

import keras
import numpy as np

from benchmarks.peers import pytorch
from benchmarks.sizes import Size, images_and_labels


def label() -> str:
    return f"Keras {keras.__version__} on {keras.backend.backend()}"


def kernels() -> dict[str, str]:
    return pytorch.kernels()


def build(layers: tuple[int, ...], activation: str | None) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(n, activation="relu", kernel_initializer="he_normal") for n in layers[1:-1]]
    return keras.Sequential([keras.Input((layers[0],)), *hidden, keras.layers.Dense(layers[-1], activation)])


def training(size: Size, momentum: float, n_images: int) -> Callable[[], object]:
    images, labels = images_and_labels()
    x, y = images[:n_images], labels[:n_images]
    model = build(size.layers, None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(size.learning_rate, momentum), loss)
    return lambda: model.fit(x, y, batch_size=size.batch_size, epochs=1, verbose=0)


def prediction(layers: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    model = build(layers, "softmax")
    # `predict` is for many batches; for few inputs the documentation recommends to call the model.
    return lambda x: model(x, training=False).detach().numpy() if len(x) < 100 else model.predict(x, 1000, verbose=0)
