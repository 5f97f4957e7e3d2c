"""JAX: a pass over the data is one jitted scan over its batches, parameters donated."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.sizes import Size, images_and_labels


def label() -> str:
    return f"JAX {jax.__version__}"


def kernels() -> dict[str, str]:
    return {}


def initial_parameters(layers: tuple[int, ...]) -> list[tuple[jax.Array, jax.Array]]:
    keys = jax.random.split(jax.random.key(0), len(layers))
    return [
        (jax.random.normal(key, (n_in, n_out)) * (2 / n_in) ** 0.5, jnp.zeros(n_out))
        for key, n_in, n_out in zip(keys, layers, layers[1:])
    ]


def logits(parameters: Any, x: jax.Array) -> jax.Array:
    for weights, biases in parameters[:-1]:
        x = jax.nn.relu(x @ weights + biases)
    weights, biases = parameters[-1]
    return x @ weights + biases


def cross_entropy(parameters: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(logits(parameters, x)), y[:, None], axis=1).mean()


def training(size: Size, momentum: float, n_images: int) -> Callable[[], object]:
    images, labels = images_and_labels()
    x, y = jnp.asarray(images[:n_images]), jnp.asarray(labels[:n_images])
    n_batches = n_images // size.batch_size

    def step(state: Any, rows: jax.Array) -> Any:
        parameters, velocity = state
        gradients = jax.grad(cross_entropy)(parameters, x[rows], y[rows])
        if momentum:
            velocity = jax.tree.map(lambda v, g: momentum * v - size.learning_rate * g, velocity, gradients)
            return (jax.tree.map(jnp.add, parameters, velocity), velocity), None
        return (jax.tree.map(lambda p, g: p - size.learning_rate * g, parameters, gradients), velocity), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, key: jax.Array) -> Any:
        order = jax.random.permutation(key, n_images)[: n_batches * size.batch_size]
        return jax.lax.scan(step, state, order.reshape(n_batches, size.batch_size))[0]

    parameters = initial_parameters(size.layers)
    state = [parameters, jax.tree.map(jnp.zeros_like, parameters)] if momentum else [parameters, None]
    keys = iter(jax.random.split(jax.random.key(1), 1000))

    def run() -> None:
        state[:] = jax.block_until_ready(epoch(tuple(state), next(keys)))

    return run


def prediction(layers: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    parameters = initial_parameters(layers)
    predict = jax.jit(lambda x: jax.nn.softmax(logits(parameters, x)))
    return lambda x: np.asarray(predict(x))


def product(a: np.ndarray, b: np.ndarray) -> Callable[[], object]:
    multiply = jax.jit(jnp.matmul)
    left, right = jnp.asarray(a), jnp.asarray(b)
    jax.block_until_ready(multiply(left, right))  # compiled
    return lambda: jax.block_until_ready(multiply(left, right))
