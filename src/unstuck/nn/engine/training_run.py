"""A training run: its loop, its state, and how that state goes to a checkpoint and comes back."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.errors import ModelFileError, TrainingError, UnstuckError
from unstuck.nn.engine.examples import Examples, as_examples
from unstuck.nn.engine.non_finite import explain_non_finite
from unstuck.nn.engine.normalization import BatchNormalization, NormalizedSteps
from unstuck.nn.engine.shared_steps import SharedSteps, find_gradients
from unstuck.nn.engine.supply import Augmentation, Supply
from unstuck.nn.engine.sweeps import Sweep, is_compiled_faster, make_sweep
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.files.checkpoint import write_checkpoint
from unstuck.nn.history import History, Progress
from unstuck.nn.network import CHUNK, Network
from unstuck.nn.optimizers import Optimizer
from unstuck.nn.ranks import Ranks, own_part
from unstuck.nn.schedules import Schedule

Array = np.ndarray
Callback = Callable[[Progress], Any]
Validation = int | float | tuple[Any, Any] | None

SECONDS_AT_ONCE = 0.2  # of updates between looks at the clock
FEW, SECONDS_OF_FEW = 8, 2.0  # but so few updates may take so long: callbacks that look have all parameters copied
SECONDS_BETWEEN_CALLBACKS = 0.1
SECONDS_BETWEEN_CHECKPOINTS = 1.0  # at the ends of epochs: a short epoch takes less time than writing a file


@dataclass
class TrainingRun:
    """One call of `train`. Inside `with`, the network's parameters lie in the run's vector."""

    network: Network
    examples: Examples
    generator: Generator
    second_thread: SecondThread
    optimizer: Optimizer
    schedule: Schedule
    epochs: int
    batch_size: int
    patience: int | None  # epochs without a better validation loss
    shuffle: bool
    deterministic: bool
    memory: int | None  # bytes of inputs held at a time
    augmentation: Augmentation | None
    normalization: BatchNormalization | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int | None  # updates
    identity: dict[str, Any]  # what a checkpoint must agree with
    ranks: Ranks

    # The state: this, the vector, the logits and the generators are what a checkpoint holds.
    update: int = 0  # updates made in all
    position: int = 0  # examples of the running epoch already trained on
    history: History = field(default_factory=History)
    best_loss: float = np.inf
    waiting: int = 0  # epochs since the best
    done: bool = False

    def __post_init__(self) -> None:
        self.written = time.perf_counter()  # when the last checkpoint was
        self.rows = np.arange(len(self.examples))  # the examples to train on
        self.validation: Examples | None = None
        self.peak = self.optimizer.learning_rate
        self.resources = ExitStack()
        self.at_once = FEW // 2  # updates between looks at the clock

    def __enter__(self) -> "TrainingRun":
        n_statistics = 0 if self.normalization is None else self.normalization.n_statistics(self.network)
        self.vector = ParameterVector(self.network, self.optimizer, n_statistics)
        self.best = self.vector.values if self.patience is None else self.vector.values.copy()
        return self

    def __exit__(self, *exception: object) -> None:
        self.resources.close()
        self.vector.release()

    def start(self, validation: Validation, stored: tuple[dict[str, Any], dict[str, Array]] | None = None) -> None:
        """Make everything that the epochs need; go back to where a stored checkpoint was written."""
        if stored is None:
            self._lay_out(validation)
            return
        try:
            self.generator.bit_generator.state = stored[0]["generators"]["start"]
            self._lay_out(validation)
            self._restore(*stored)
        except UnstuckError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{self.checkpoint} holds no state of a training run: {error!r}") from error

    def _lay_out(self, validation: Validation) -> None:
        self.generators = {"start": self.generator.bit_generator.state}
        self._hold_out(validation)
        n = len(self.rows)
        self.batch_size = min(self.batch_size, n)
        self.updates = self.epochs * -(-n // self.batch_size)
        self.logits = np.empty((n, self.network.sizes[-1]), self.network.dtype)
        self.supply = self.resources.enter_context(
            Supply(
                self.examples,
                self.augmentation,
                self.memory,
                self.batch_size,
                self.generators["start"],
                own_part(self.ranks, len(self.examples)),
            )
        )
        self.second_thread.is_core_taken = self.supply.is_augmenting
        self.sweep = self._find_sweep()
        self.resources.callback(self.sweep.bring_back)
        self.order = self.rows

    def _find_sweep(self) -> Sweep:
        work = self.epochs * len(self.rows)
        if self.ranks.size > 1:
            find = find_gradients(self.supply.shown, self.vector, self.second_thread, work, self.deterministic)
            holds_part = self.memory is not None
            return SharedSteps(find, self.vector, self.batch_size, self.generator, self.ranks, holds_part)
        shown, threads = self.supply.shown, self.second_thread
        common = shown, self.vector, self.batch_size, self.generator, threads
        if self.normalization is not None:
            return NormalizedSteps(*common, self.normalization)
        compiled = not self.deterministic and is_compiled_faster(shown, self.vector, self.batch_size, threads, work)
        return make_sweep(compiled, *common)

    def _hold_out(self, validation: Validation) -> None:
        if isinstance(validation, (tuple, list)):
            self.validation = as_examples(self.network, validation)
        elif validation is not None:
            n = len(self.examples)
            held_out = round(validation * n) if isinstance(validation, float) else validation
            if not 0 < held_out < n:
                raise TrainingError(
                    f"validation is {validation!r}: expected to hold out from 1 to {n - 1} of {n} examples"
                )
            order = self.generator.permutation(n)
            self.rows = np.sort(order[held_out:])
            self.validation = self.examples.subset(np.sort(order[:held_out]))

    def finish(self, callbacks: Sequence[Callback]) -> None:
        """Run the epochs that are left."""
        started = time.perf_counter() - self.history.seconds
        while not self.done:
            if self.position == 0:
                self._start_epoch()
            with np.errstate(all="ignore"):  # the step says itself whether its numbers are finite
                self._run_epoch(callbacks)
                self._end_epoch()
            self.history.seconds = time.perf_counter() - started
            stop = [callback(self._progress(epoch_done=True)) for callback in callbacks]
            self.done = self.done or any(answer is True for answer in stop)
            if self.done or time.perf_counter() - self.written > SECONDS_BETWEEN_CHECKPOINTS:
                self._write_checkpoint()
        if self.patience is not None:
            self.vector.values[...] = self.best

    def _start_epoch(self) -> None:
        self.generators["epoch"] = self.generator.bit_generator.state
        self.order = self.supply.shuffle(self.rows, self.generator) if self.shuffle else self.rows

    def _run_epoch(self, callbacks: Sequence[Callback]) -> None:
        n, size = len(self.rows), self.batch_size
        every = self.checkpoint_every if self.checkpoint is not None else None
        spoken, shown, shown_end = time.perf_counter(), 0, -1
        while self.position < n:
            if self.position >= shown_end:
                epoch = self.history.epochs
                shown, shown_end, rows = self.supply.show(epoch, self.order, self.position, epoch + 1 == self.epochs)
            count = self.at_once if every is None else min(self.at_once, every - self.update % every)
            start, end = self.position, min(self.position + count * size, shown_end)
            count = -(-(end - start) // size)
            self._make_updates(rows[start - shown : end - shown], count, self.logits[start:end])
            self.update += count
            self.position = end
            if every is not None and self.update % every == 0 and end < n:
                self._write_checkpoint()
            if callbacks and time.perf_counter() - spoken > SECONDS_BETWEEN_CALLBACKS:
                spoken = time.perf_counter()
                self.sweep.bring_back()
                for callback in callbacks:
                    callback(self._progress(epoch_done=False))

    def _make_updates(self, rows: Array, count: int, logits: Array) -> None:
        """So many updates on these rows of the shown examples."""
        started = time.perf_counter()
        shares = [self.schedule((self.update + i) / self.updates) for i in range(count)]
        done = self.sweep.make(rows, self.peak * np.array(shares), self.update + 1, logits)
        if done < len(rows):
            self.sweep.bring_back()
            x = self.supply.shown.x[rows[done : done + self.batch_size]]
            update = self.update + done // self.batch_size + 1
            raise TrainingError(explain_non_finite(self.network, x, update, self.peak))
        self._adapt(time.perf_counter() - started)

    def _adapt(self, seconds: float) -> None:
        """Let the next updates at once take about as long as may be waited for them."""
        if seconds < (SECONDS_OF_FEW if self.at_once < FEW else SECONDS_AT_ONCE) / 2:
            self.at_once *= 2
        elif seconds > (SECONDS_OF_FEW if self.at_once <= FEW else SECONDS_AT_ONCE):
            self.at_once = max(1, self.at_once // 2)

    def _end_epoch(self) -> None:
        self.sweep.bring_back()
        self.ranks.add_up(self.logits)
        loss, accuracy = self._measure(self.logits, *self.examples.answers(self.order))
        history = self.history
        history.train_loss.append(loss)
        history.train_accuracy.append(accuracy)
        history.updates, history.examples_seen = self.update, history.examples_seen + len(self.rows)
        self.position = 0
        self.done = history.epochs == self.epochs
        if not np.isfinite(self.vector.values).all():
            raise TrainingError(explain_non_finite(self.network, self.examples.x[:1], self.update, self.peak))
        if self.validation is None:
            return
        loss, accuracy = self._measure(self._logits_of(self.validation), *self.validation.answers())
        history.validation_loss.append(loss)
        history.validation_accuracy.append(accuracy)
        if self.patience is None:
            return
        if loss < self.best_loss:
            self.best_loss, self.waiting, history.best_epoch = loss, 0, history.epochs
            self.best[...] = self.vector.values
        else:
            self.waiting += 1
            history.stopped_early = self.waiting >= self.patience and not self.done
            self.done = self.done or history.stopped_early

    def _measure(self, logits: Array, t: Array, weight: Array | None) -> tuple[float, float | None]:
        """Mean loss, and accuracy of a classifier, of examples with these logits."""
        network = self.network
        outputs = network.output.value(logits)
        losses = network.loss.per_example(network.output, logits, outputs, t)
        if weight is not None:
            losses = losses * weight
        accuracy = float(np.mean(network.labels(outputs) == network.labels(t))) if network.is_classifier else None
        return float(losses.mean(dtype=np.float64)), accuracy

    def _logits_of(self, examples: Examples) -> Array:
        logits = np.zeros((len(examples), self.network.sizes[-1]), self.network.dtype)
        own = own_part(self.ranks, len(examples))
        for start in range(own.start, own.stop, CHUNK):
            part = slice(start, min(start + CHUNK, own.stop))
            logits[part] = self.network.forward(self.network.prepare(examples.x[part]))[-1].z
        self.ranks.add_up(logits)
        return logits

    def _progress(self, epoch_done: bool) -> Progress:
        epoch = self.history.epochs + (0 if epoch_done else 1)
        return Progress(epoch, self.epochs, self.update, self.updates, epoch_done, self.history)

    def _write_checkpoint(self) -> None:
        if self.checkpoint is None:
            return
        self.sweep.bring_back()
        state = {
            "update": self.update,
            "position": self.position,
            "done": self.done,
            "history": self.history.to_dict(),
            "best_loss": self.best_loss,
            "waiting": self.waiting,
            "generators": self.generators | {"now": self.generator.bit_generator.state},
        }
        logits = self.logits[: self.position].copy()
        if self.position:  # then all ranks are here: between epochs each looks at its own clock
            self.ranks.add_up(logits)
        if self.ranks.rank > 0:
            return
        arrays = {"values": self.vector.values, "best": self.best, "logits": logits}
        arrays |= {f"memory.{name}": array for name, array in self.vector.memory.items()}
        write_checkpoint(self.checkpoint, self.identity, state, arrays)
        self.written = time.perf_counter()

    def _restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Go back to where a checkpoint was written."""
        self.update, self.position, self.done = state["update"], state["position"], state["done"]
        self.history = History(**state["history"])
        self.best_loss, self.waiting = state["best_loss"], state["waiting"]
        self.vector.values[...], self.best[...] = arrays["values"], arrays["best"]
        self.logits[: self.position] = arrays["logits"] if self.ranks.rank == 0 else 0  # they will be added up
        for name, array in self.vector.memory.items():
            array[...] = arrays[f"memory.{name}"]
        if self.position:
            self.generator.bit_generator.state = state["generators"]["epoch"]
            self._start_epoch()
        self.generator.bit_generator.state = state["generators"]["now"]
