"""A network, its examples and their buffers as the compiled library sees them."""

import ctypes
import math
import os
import time
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.nn.engine.compiled.library import load_library
from unstuck.nn.engine.examples import Examples, release_pages
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD

Array = np.ndarray

ACTIVATIONS = {name: i for i, name in enumerate(("linear", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"))}
INPUT_TYPES = {"uint8": 0, "float32": 1, "float64": 2}
PANEL = 64  # bytes in a vector times WIDEST in sums.h: numbers, of either type, that hold the widest panel
VECTOR = 64  # bytes; a block of a dense layer is as many numbers high and wide as a vector holds

# From how many weights on, and for which share of inputs that are not 0, a layer is multiplied as a dense one.
DENSE = 200 * 200
DENSE_SHARE = 0.6

MASKS = 16_000_000  # bytes of dropout masks drawn ahead

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
        *((name, ctypes.c_void_p) for name in ("turned", "outputs", "a", "delta", "kept")),
        ("kept_scale", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("dropped", "part", "inputs", "n_inputs", "examples", "n_examples")),
        *((name, ctypes.c_void_p) for name in ("input_blocks", "delta_blocks", "turned_deltas")),
    )


class Run(ctypes.Structure):
    """`network` in step.c."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n_layers", "batch", "n_threads")),
        ("layers", ctypes.POINTER(Layer)),
        *((name, ctypes.c_int64) for name in ("input_type", "only_gradients", "targets_sum_to_one")),
        *((name, ctypes.c_int64) for name in ("multiply_by_derivative", "nesterov")),
        *((name, ctypes.c_double) for name in ("scale", "shift", "momentum", "l2", "max_norm")),
        ("x", ctypes.c_void_p),
        ("x_stride", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("targets", "example_weights", "prepared")),
        *((name, ctypes.c_int64) for name in ("done", "in_panels", "keep_panels")),
        *((name, ctypes.c_long) for name in ("arrived", "finite")),
    )


def has_compiled_form(network: Network, x: Array) -> bool:
    """Whether the library can be had, and computes what a network made of known parts does with inputs like x."""
    return (
        x.dtype.name in INPUT_TYPES
        and x.dtype.isnative
        and x.flags.aligned
        and all(layer.activation.name in ACTIVATIONS for layer in network.layers)
        and all(layer.activation.name != "softmax" for layer in network.layers[:-1])
        and load_library(network.dtype.name) is not None
    )


def makes_updates(vector: ParameterVector) -> bool:
    """Whether the library makes the whole update, not the gradients only."""
    return type(vector.optimizer) is SGD


class CompiledSteps:
    """Steps on batches of up to n examples: their gradients, or whole updates, many in one call.

    The generator draws the dropout masks of whole updates.
    """

    def __init__(
        self,
        examples: Examples,
        vector: ParameterVector,
        n: int,
        second_thread: SecondThread,
        only_gradients: bool,
        generator: Generator | None = None,
    ) -> None:
        network = examples.network
        library = load_library(network.dtype.name)
        assert library is not None
        self.function = library.run
        self.function.restype = ctypes.c_long
        self.function.argtypes = (*[ctypes.c_void_p] * 2, ctypes.c_long, *[ctypes.c_void_p] * 2, ctypes.c_long)
        self.examples, self.vector, self.second_thread = examples, vector, second_thread
        self.generator = generator
        self.masks: list[Array] = []
        self.rates = [rate for rate in network.dropout if rate]
        self.threads = FasterThreads(n * vector.n_weights)
        self.buffers: list[Array] = []
        shares = [share_of_inputs(examples)]
        shares += [0.5 if layer.activation.name == "relu" else 1.0 for layer in network.layers[:-1]]
        self.layers = (Layer * len(network.layers))()
        for i, (layer, share) in enumerate(zip(self.layers, shares)):
            size = network.layers[i].weights.size
            dense = size >= DENSE and (share > DENSE_SHARE or i > 0)
            self._lay_out(layer, i, n, dense, only_gradients)
        optimizer = vector.optimizer if isinstance(vector.optimizer, SGD) else SGD()
        scale, shift = network.input_scale(examples.x.dtype)
        self.state = Run(
            n_layers=len(self.layers),
            batch=n,
            layers=self.layers,
            input_type=INPUT_TYPES[examples.x.dtype.name],
            only_gradients=only_gradients,
            targets_sum_to_one=network.loss.name != "cross_entropy" or examples.sum_to_one,
            multiply_by_derivative=network.loss.fused_with != network.output.name,
            nesterov=optimizer.nesterov,
            scale=scale,
            shift=shift,
            momentum=optimizer.momentum,
            max_norm=0 if only_gradients or network.max_norm is None else network.max_norm,
            prepared=self._buffer(n, network.sizes[0]),
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
        if i < len(network.dropout) and network.dropout[i]:
            layer.kept_scale = network.dtype.type(1 / (1 - network.dropout[i]))
            layer.dropped = self._buffer(n, layer.stride)
        in_panels = dense or (layer.stride * network.dtype.itemsize > 4 * PANEL and not only_gradients)
        if in_panels:
            height = filled_up(layer.n_in, network.dtype)
            layer.values.weights = self._buffer(height, layer.stride)
            if layer.velocity.weights:
                layer.velocity.weights = self._buffer(height, layer.stride)
        if dense:
            height = filled_up(n, network.dtype)
            layer.input_blocks = self._buffer(height, filled_up(layer.n_in, network.dtype))
            layer.delta_blocks, layer.turned_deltas = (self._buffer(height, layer.stride) for _ in range(2))
            return
        if i:
            layer.turned = self._buffer(layer.n_out, self.layers[i - 1].stride)
            layer.outputs = self._buffer(2, layer.n_out, 2)  # two numbers an entry
        layer.part = self._buffer(2, n, PANEL)
        layer.inputs, layer.examples = (self._buffer(n, layer.n_in, 2) for _ in range(2))
        layer.n_inputs, layer.n_examples = (self._buffer(size, dtype=np.int64) for size in (n, layer.n_in))

    def _pair(self, i: int, vector: Array) -> Pair:
        weights, biases = self.vector.views(vector)[i]
        return Pair(weights.ctypes.data, None if biases is None else biases.ctypes.data)

    def _buffer(self, *shape: int, dtype: Any = None) -> int:
        """The address of new zeros, that of a vector."""
        dtype = np.dtype(self.examples.network.dtype if dtype is None else dtype)
        array = np.zeros(math.prod(shape) * dtype.itemsize + VECTOR, np.uint8)
        self.buffers.append(array)
        return -(-array.ctypes.data // VECTOR) * VECTOR

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        """See `Step.gradients` in kernels."""
        self.generator = generator
        return self.make(rows, np.zeros(1), 1, logits) == len(rows)

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """See `Sweep.make` in sweeps."""
        if not self.rates:
            return self._run(rows, rates, logits)
        size, width = self.state.batch, sum(layer.n_out for layer in self.layers if layer.dropped)
        at_once = max(1, MASKS // (size * width))
        for i in range(0, len(rates), at_once):
            part = slice(i * size, (i + at_once) * size)
            self._draw_masks(len(rows[part]))
            done = self._run(rows[part], rates[i : i + at_once], logits[part])
            if done < len(rows[part]):
                return i * size + done
        return len(rows)

    def bring_back(self) -> None:
        """See `Sweep.bring_back` in sweeps."""
        state = self.state
        if state.in_panels:
            state.keep_panels, state.n_threads = 0, 1
            self.function(ctypes.addressof(state), None, 0, None, None, 0)

    def _draw_masks(self, n: int) -> None:
        """Of n examples for each layer with dropout, drawn batch by batch as `Network.forward` draws them."""
        assert self.generator is not None
        size, layers = self.state.batch, [layer for layer in self.layers if layer.dropped]
        self.masks = [np.empty((n, layer.n_out), bool) for layer in layers]
        for start in range(0, n, size):
            for mask, rate in zip(self.masks, self.rates):
                kept = mask[start : start + size]
                np.greater_equal(self.generator.random(kept.shape, np.float32), rate, out=kept)
        for layer, mask in zip(layers, self.masks):
            layer.kept = mask.ctypes.data

    def _run(self, rows: Array, rates: Array, logits: Array) -> int:
        state, examples, vector = self.state, self.examples, self.vector
        x = examples.x if examples.x.strides[1] == examples.x.itemsize else np.ascontiguousarray(examples.x)
        rows, rates = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(rates, np.float64)
        state.l2, state.keep_panels = vector.l2, not state.only_gradients
        state.x, state.x_stride = x.ctypes.data, x.strides[0] // x.itemsize
        state.targets = examples.t.ctypes.data
        state.example_weights = None if examples.weight is None else examples.weight.ctypes.data
        alone = self.second_thread.is_core_taken()
        state.arrived, state.finite, state.n_threads = 0, 1, 1 if alone else self.threads.choose()
        arguments = ctypes.addressof(state), rows.ctypes.data, len(rows), rates.ctypes.data, logits.ctypes.data
        done: list[int] = []
        started = time.perf_counter()
        if state.n_threads == 1:
            done.append(self.function(*arguments, 0))
        else:
            self.second_thread.both(
                lambda: done.append(self.function(*arguments, 0)), lambda: self.function(*arguments, 1)
            )
        if not alone:
            self.threads.learn((time.perf_counter() - started) / len(rows))
        return done[0]


def filled_up(n: int, dtype: np.dtype) -> int:
    """The height or width of the fewest blocks that hold n rows or columns."""
    lanes = VECTOR // dtype.itemsize
    return -(-n // lanes) * lanes


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
