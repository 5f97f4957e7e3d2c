"""A network, its examples and their buffers as the compiled library sees them."""

import math
import os
import time
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.nn.engine.compiled.library import Library, load_library
from unstuck.nn.engine.examples import Examples, release_pages
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD

Array = np.ndarray

LINE = 64  # bytes of the cache, at which buffers start

# From how many weights on, and for which share of inputs that are not 0, a layer is multiplied as a dense one.
DENSE = 200 * 200
DENSE_SHARE = 0.6

MASKS = 16_000_000  # bytes of dropout masks drawn ahead

# Weights times examples of a batch from which on two threads may be faster, and from which on they are.
WORTH_SHARING, SURELY_WORTH_SHARING = 4_000_000, 200_000_000
CALLS_BETWEEN_TRIALS = 32  # of the other number of threads


def has_compiled_form(network: Network, x: Array) -> bool:
    """Whether the library can be had, and computes what a network made of known parts does with inputs like x."""
    library = load_library(network.dtype.name)
    return (
        library is not None
        and x.dtype.name in library.inputs
        and x.dtype.isnative
        and x.flags.aligned
        and all(layer.activation.name in library.activations for layer in network.layers)
        and all(layer.activation.name != "softmax" for layer in network.layers[:-1])
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
        self.library, self.examples, self.vector, self.second_thread = library, examples, vector, second_thread
        self.generator = generator
        self.masks: list[Array] = []
        self.rates = [rate for rate in network.dropout if rate]
        self.threads = FasterThreads(n * vector.n_weights)
        self.buffers: list[Array] = []
        shares = [share_of_inputs(examples)]
        shares += [0.5 if layer.activation.name == "relu" else 1.0 for layer in network.layers[:-1]]
        self.layers = np.zeros(len(network.layers), library.layer)
        for i, share in enumerate(shares):
            size = network.layers[i].weights.size
            dense = size >= DENSE and (share > DENSE_SHARE or i > 0)
            self._lay_out(i, n, dense, only_gradients)
        optimizer = vector.optimizer if isinstance(vector.optimizer, SGD) else SGD()
        scale, shift = network.input_scale(examples.x.dtype)
        self.states = np.zeros(1, library.network)
        self._state(
            n_layers=len(self.layers),
            batch=n,
            layers=self.layers.ctypes.data,
            input_type=library.inputs[examples.x.dtype.name],
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

    def _state(self, **fields: Any) -> None:
        """Set fields of the library's `network`."""
        for name, value in fields.items():
            self.states[name] = value

    def _lay_out(self, i: int, n: int, dense: bool, only_gradients: bool) -> None:
        """Fill in the library's `layer` i for batches of n examples."""
        network, vector, library = self.examples.network, self.vector, self.library
        n_in, n_out = network.layers[i].weights.shape
        stride = vector.views(vector.values)[i][0].strides[0] // network.dtype.itemsize
        fields: dict[str, Any] = {"n_in": n_in, "n_out": n_out, "stride": stride, "dense": dense}
        fields["activation"] = library.activations[network.layers[i].activation.name]
        fields |= self._pair("values", i, vector.values) | self._pair("given_values", i, vector.values)
        fields |= self._pair("gradient", i, vector.gradient)
        has_velocity = "velocity" in vector.memory
        if has_velocity:
            velocity = vector.memory["velocity"]
            fields |= self._pair("velocity", i, velocity) | self._pair("given_velocity", i, velocity)
        fields |= {name: self._buffer(n, stride) for name in ("a", "delta")}
        if i < len(network.dropout) and network.dropout[i]:
            fields["kept_scale"] = network.dtype.type(1 / (1 - network.dropout[i]))
            fields["dropped"] = self._buffer(n, stride)
        if dense or (stride > library.widest * library.lanes and not only_gradients):  # in panels
            for name in ("values", "velocity") if has_velocity else ("values",):
                fields[f"{name}.weights"] = self._buffer(filled_up(n_in, library), stride)
        fields |= self._dense_buffers(n, n_in, stride) if dense else self._list_buffers(i, n, n_in, n_out)
        for name, value in fields.items():
            self.layers[i][name] = value

    def _dense_buffers(self, n: int, n_in: int, stride: int) -> dict[str, int]:
        height = filled_up(n, self.library)
        return {
            "input_blocks": self._buffer(height, filled_up(n_in, self.library)),
            "delta_blocks": self._buffer(height, stride),
            "turned_deltas": self._buffer(height, stride),
        }

    def _list_buffers(self, i: int, n: int, n_in: int, n_out: int) -> dict[str, int]:
        entry, panel = np.dtype((np.void, self.library.entry_bytes)), self.library.widest * self.library.lanes
        buffers = {
            "part": self._buffer(2, n, panel),
            "inputs": self._buffer(n, n_in, dtype=entry),
            "examples": self._buffer(n, n_in, dtype=entry),
            "n_inputs": self._buffer(n, dtype=np.int64),
            "n_examples": self._buffer(n_in, dtype=np.int64),
        }
        if i:
            buffers["turned"] = self._buffer(n_out, int(self.layers[i - 1]["stride"]))
            buffers["outputs"] = self._buffer(2, n_out, dtype=entry)
        return buffers

    def _pair(self, name: str, i: int, vector: Array) -> dict[str, int]:
        """The addresses of a layer's weights and biases in that vector; 0 for biases that it has not."""
        weights, biases = self.vector.views(vector)[i]
        return {f"{name}.weights": weights.ctypes.data, f"{name}.biases": 0 if biases is None else biases.ctypes.data}

    def _buffer(self, *shape: int, dtype: Any = None) -> int:
        """The address of new zeros, that of a line of the cache."""
        dtype = np.dtype(self.examples.network.dtype if dtype is None else dtype)
        array = np.zeros(math.prod(shape) * dtype.itemsize + LINE, np.uint8)
        self.buffers.append(array)
        return -(-array.ctypes.data // LINE) * LINE

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        """See `Step.gradients` in kernels."""
        self.generator = generator
        return self.make(rows, np.zeros(1), 1, logits) == len(rows)

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """See `Sweep.make` in sweeps."""
        if not self.rates:
            return self._run(rows, rates, logits)
        size, width = self._batch(), int(self.layers["n_out"][self.layers["dropped"] != 0].sum())
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
        if self.states["in_panels"][0]:
            self._state(keep_panels=0, n_threads=1)
            self.library.run(self.states.ctypes.data, None, 0, None, None, 0)

    def _batch(self) -> int:
        return int(self.states["batch"][0])

    def _draw_masks(self, n: int) -> None:
        """Of n examples for each layer with dropout, drawn batch by batch as `Network.forward` draws them."""
        assert self.generator is not None
        size, dropping = self._batch(), np.flatnonzero(self.layers["dropped"])
        self.masks = [np.empty((n, n_out), bool) for n_out in self.layers["n_out"][dropping]]
        for start in range(0, n, size):
            for mask, rate in zip(self.masks, self.rates):
                kept = mask[start : start + size]
                np.greater_equal(self.generator.random(kept.shape, np.float32), rate, out=kept)
        self.layers["kept"][dropping] = [mask.ctypes.data for mask in self.masks]

    def _run(self, rows: Array, rates: Array, logits: Array) -> int:
        examples, vector = self.examples, self.vector
        x = examples.x if examples.x.strides[1] == examples.x.itemsize else np.ascontiguousarray(examples.x)
        rows, rates = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(rates, np.float64)
        alone = self.second_thread.is_core_taken()
        n_threads = 1 if alone else self.threads.choose()
        self._state(
            l2=vector.l2,
            keep_panels=not self.states["only_gradients"][0],
            x=x.ctypes.data,
            x_stride=x.strides[0] // x.itemsize,
            targets=examples.t.ctypes.data,
            example_weights=0 if examples.weight is None else examples.weight.ctypes.data,
            arrived=0,
            finite=1,
            n_threads=n_threads,
        )
        run = self.library.run
        arguments = self.states.ctypes.data, rows.ctypes.data, len(rows), rates.ctypes.data, logits.ctypes.data
        done: list[int] = []
        started = time.perf_counter()
        if n_threads == 1:
            done.append(run(*arguments, 0))
        else:
            self.second_thread.both(lambda: done.append(run(*arguments, 0)), lambda: run(*arguments, 1))
        if not alone:
            self.threads.learn((time.perf_counter() - started) / len(rows))
        return done[0]


def filled_up(n: int, library: Library) -> int:
    """The height or width of the fewest blocks that hold n rows or columns."""
    return -(-n // library.lanes) * library.lanes


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
