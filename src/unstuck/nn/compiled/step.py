"""A network, its examples and their buffers as the compiled library sees them."""

import ctypes
import os
import time
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.nn.compiled.library import find_product, load_library
from unstuck.nn.examples import Examples, release_pages
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD
from unstuck.nn.threads import SecondThread
from unstuck.nn.vector import ParameterVector

Array = np.ndarray

ACTIVATIONS = {name: i for i, name in enumerate(("linear", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"))}
INPUT_TYPES = {"uint8": 0, "float32": 1, "float64": 2}
PANEL = 64  # bytes in a vector times WIDEST in sums.h: numbers, of either type, that hold the widest panel

PART_ROWS = 512  # rows of a dense gradient that are made at once, and applied while they are in the cache

# From how many weights on, and for which share of inputs that are not 0, a layer is left to the product of BLAS.
DENSE = 300 * 300
DENSE_SHARE = 0.6

# Weights times examples of a batch from which on two threads may be faster, and from which on they are.
WORTH_SHARING, SURELY_WORTH_SHARING = 4_000_000, 200_000_000
CALLS_BETWEEN_TRIALS = 32  # of the other number of threads


class Pair(ctypes.Structure):
    """`pair` in step.c."""

    _fields_ = (("weights", ctypes.c_void_p), ("biases", ctypes.c_void_p))


class Layer(ctypes.Structure):
    """`layer` in step.c."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n_in", "n_out", "stride", "activation", "dense")),
        *((name, Pair) for name in ("values", "gradient", "velocity", "given_values", "given_velocity")),
        *((name, ctypes.c_void_p) for name in ("turned", "outputs", "a", "delta", "part")),
        *((name, ctypes.c_void_p) for name in ("inputs", "n_inputs", "examples", "n_examples")),
    )


class Run(ctypes.Structure):
    """`network` in step.c."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n_layers", "batch", "n_threads", "part_rows")),
        ("layers", ctypes.POINTER(Layer)),
        *((name, ctypes.c_int64) for name in ("input_type", "only_gradients", "targets_sum_to_one")),
        *((name, ctypes.c_int64) for name in ("multiply_by_derivative", "nesterov")),
        *((name, ctypes.c_double) for name in ("scale", "shift", "momentum", "l2")),
        ("x", ctypes.c_void_p),
        ("x_stride", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("targets", "example_weights", "prepared", "product")),
        *((name, ctypes.c_long) for name in ("arrived", "finite")),
    )


def has_compiled_form(network: Network, x: Array) -> bool:
    """Whether the library can be had, and computes what a network made of known parts does with inputs like x."""
    return (
        x.dtype.name in INPUT_TYPES
        and x.dtype.isnative
        and x.flags.aligned
        and not any(network.dropout)
        and all(layer.activation.name in ACTIVATIONS for layer in network.layers)
        and all(layer.activation.name != "softmax" for layer in network.layers[:-1])
        and load_library(network.dtype.name) is not None
    )


def makes_updates(vector: ParameterVector) -> bool:
    """Whether the library makes the whole update, not the gradients only."""
    return type(vector.optimizer) is SGD and vector.network.max_norm is None


class CompiledSteps:
    """Steps on batches of up to n examples: their gradients, or whole updates, many in one call."""

    def __init__(
        self, examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread, only_gradients: bool
    ) -> None:
        network = examples.network
        library = load_library(network.dtype.name)
        assert library is not None
        self.function = library.run
        self.function.restype = ctypes.c_long
        self.function.argtypes = (*[ctypes.c_void_p] * 2, ctypes.c_long, *[ctypes.c_void_p] * 2, ctypes.c_long)
        self.examples, self.vector, self.second_thread = examples, vector, second_thread
        self.threads = FasterThreads(n * vector.n_weights)
        self.buffers: list[Array] = []
        product = find_product(network.dtype.name)
        shares = [share_of_inputs(examples)]
        shares += [0.5 if layer.activation.name == "relu" else 1.0 for layer in network.layers[:-1]]
        self.layers = (Layer * len(network.layers))()
        for i, (layer, share) in enumerate(zip(self.layers, shares)):
            size = network.layers[i].weights.size
            dense = product is not None and size >= DENSE and (share > DENSE_SHARE or i > 0)
            self._lay_out(layer, i, n, dense, only_gradients)
        optimizer = vector.optimizer if isinstance(vector.optimizer, SGD) else SGD()
        scale, shift = network.input_scale(examples.x.dtype)
        self.state = Run(
            n_layers=len(self.layers),
            batch=n,
            part_rows=PART_ROWS,
            layers=self.layers,
            input_type=INPUT_TYPES[examples.x.dtype.name],
            only_gradients=only_gradients,
            targets_sum_to_one=network.loss.name != "cross_entropy" or examples.sum_to_one,
            multiply_by_derivative=network.loss.fused_with != network.output.name,
            nesterov=optimizer.nesterov,
            scale=scale,
            shift=shift,
            momentum=optimizer.momentum,
            prepared=self._buffer(n, network.sizes[0]),
            product=product,
        )

    def _lay_out(self, layer: Layer, i: int, n: int, dense: bool, only_gradients: bool) -> None:
        network, vector = self.examples.network, self.vector
        layer.n_in, layer.n_out = network.layers[i].weights.shape
        layer.activation, layer.dense = ACTIVATIONS[network.layers[i].activation.name], dense
        layer.values = layer.given_values = self._pair(i, vector.values)
        layer.gradient = self._pair(i, vector.gradient)
        if "velocity" in vector.memory:
            layer.velocity = layer.given_velocity = self._pair(i, vector.memory["velocity"])
        layer.stride = vector.views(vector.values)[i][0].strides[0] // network.dtype.itemsize
        layer.a, layer.delta = self._buffer(n, layer.stride), self._buffer(n, layer.stride)
        if dense:
            layer.part = self._buffer(2, PART_ROWS, layer.stride)
            return
        if i:
            layer.turned = self._buffer(layer.n_out, self.layers[i - 1].stride)
            layer.outputs = self._buffer(2, layer.n_out, 2)  # two numbers an entry
        layer.part = self._buffer(2, n, PANEL)
        layer.inputs, layer.examples = (self._buffer(n, layer.n_in, 2) for _ in range(2))
        layer.n_inputs, layer.n_examples = (self._buffer(size, dtype=np.int64) for size in (n, layer.n_in))
        several_panels = layer.stride * network.dtype.itemsize > 4 * PANEL
        if several_panels and not only_gradients:
            layer.values.weights = self._buffer(layer.n_in, layer.stride)
            if layer.velocity.weights:
                layer.velocity.weights = self._buffer(layer.n_in, layer.stride)

    def _pair(self, i: int, vector: Array) -> Pair:
        weights, biases = self.vector.views(vector)[i]
        return Pair(weights.ctypes.data, None if biases is None else biases.ctypes.data)

    def _buffer(self, *shape: int, dtype: Any = None) -> int:
        """The address of new zeros."""
        array = np.zeros(shape, self.examples.network.dtype if dtype is None else dtype)
        self.buffers.append(array)
        return array.ctypes.data

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        """See `Step.gradients` in kernels."""
        return self.make(rows, np.zeros(1), 1, logits) == len(rows)

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """See `Sweep.make` in sweeps."""
        state, examples, vector = self.state, self.examples, self.vector
        x = examples.x if examples.x.strides[1] == examples.x.itemsize else np.ascontiguousarray(examples.x)
        rows, rates = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(rates, np.float64)
        state.l2 = vector.l2
        state.x, state.x_stride = x.ctypes.data, x.strides[0] // x.itemsize
        state.targets = examples.t.ctypes.data
        state.example_weights = None if examples.weight is None else examples.weight.ctypes.data
        state.arrived, state.finite, state.n_threads = 0, 1, self.threads.choose()
        arguments = ctypes.addressof(state), rows.ctypes.data, len(rows), rates.ctypes.data, logits.ctypes.data
        done: list[int] = []
        started = time.perf_counter()
        if state.n_threads == 1:
            done.append(self.function(*arguments, 0))
        else:
            self.second_thread.both(
                lambda: done.append(self.function(*arguments, 0)), lambda: self.function(*arguments, 1)
            )
        self.threads.learn((time.perf_counter() - started) / len(rows))
        return done[0]


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class FasterThreads:
    """One thread or two, whichever was faster of late; the results are the same."""

    def __init__(self, work: int) -> None:
        self.choices = (
            [1] if work < WORTH_SHARING or n_cores() == 1 else [2] if work >= SURELY_WORTH_SHARING else [2, 1]
        )
        self.calls, self.now = 0, self.choices[0]
        self.seconds: dict[int, float] = {}  # number of threads -> seconds for an example

    def choose(self) -> int:
        untried = [n for n in self.choices if n not in self.seconds]
        if untried:
            self.now = untried[0]
        else:
            by_speed = sorted(self.choices, key=self.seconds.__getitem__)
            self.now = by_speed[-1 if self.calls % CALLS_BETWEEN_TRIALS == 0 else 0]
        return self.now

    def learn(self, seconds: float) -> None:
        self.calls += 1
        if self.calls > 1:  # the first finds cold caches
            self.seconds[self.now] = seconds


def share_of_inputs(examples: Examples) -> float:
    """The share of inputs that are not 0 when they reach the network, of eight stretches of the examples."""
    starts = range(0, len(examples), max(1, len(examples) // 8))
    x = np.concatenate([examples.x[start : start + 32] for start in starts])
    release_pages(examples.x)
    _, shift = examples.network.input_scale(x.dtype)
    return float(np.count_nonzero(x)) / x.size if shift == 0 else 1.0
