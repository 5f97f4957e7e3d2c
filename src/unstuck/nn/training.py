"""Training: epochs of updates, with everything that may be wished for around them."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, TrainingError
from unstuck.nn.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from unstuck.nn.examples import Examples, as_examples
from unstuck.nn.history import History, Progress
from unstuck.nn.kernels import find_step
from unstuck.nn.network import CHUNK, Network
from unstuck.nn.optimizers import SGD, Optimizer
from unstuck.nn.schedules import Schedule, find_schedule
from unstuck.nn.threads import SecondThread, single_threaded
from unstuck.nn.vector import ParameterVector

Array = np.ndarray
Callback = Callable[[Progress], Any]
Augmentation = Callable[[Array, np.random.Generator], Array]  # inputs (n, n_inputs) -> the same shape and type

SECONDS_BETWEEN_CALLBACKS = 0.1


def train(
    network: Network,
    data: Any,
    epochs: int = 10,
    batch_size: int | None = 100,
    optimizer: Optimizer = SGD(learning_rate=0.1),  # noqa: B008 (frozen)
    schedule: str | Schedule = "constant",
    validation: int | float | tuple[Any, Any] | None = None,
    early_stopping: int | None = None,
    seed: int | None = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
    shuffle: bool = True,
    augmentation: Augmentation | None = None,
) -> History:
    """Train the network in place; return what was measured.

    Parameters
    ----------
    data : a pair (x, targets), or an object with `images_train` and `y_train`. x is (n, n_inputs), uint8 or float;
        targets are labels (n,) or rows (n, n_outputs), see `encode_targets`
    batch_size : examples per update: 1 trains online, None on all examples at once
    schedule : name or function, see `schedules`
    validation : how many examples (int) or which share (float) to hold out, drawn at random, or a pair (x, targets)
    early_stopping : stop when the validation loss has not improved for so many epochs, and restore the best weights
    seed : for a new generator; without it the network's own goes on
    sample_weight, class_weight : factors of the loss of each example (n,) or of the examples of each label; the mean
        over a batch still divides by its number of examples
    callbacks : called with a Progress after each epoch, and about ten times a second in between; one that returns
        True after an epoch ends the training
    checkpoint : a file from which the run can go on to the same bits; written after each epoch, and after every
        `checkpoint_every` updates
    resume : go on from the checkpoint if there is one
    shuffle : whether to visit the examples in a new order in each epoch
    augmentation : called with all inputs as given and a generator at the start of each epoch; what it returns, of the
        same shape and type, is trained on in that epoch. Validation examples are held out before

    Raises TrainingError for impossible settings and when a number stops being finite, DataError for data that do not
    fit, ModelFileError for a damaged checkpoint.
    """
    if early_stopping is not None and validation is None:
        raise TrainingError("early_stopping needs validation examples: expected validation=a number, share or pair")
    if resume and checkpoint is None:
        raise TrainingError("resume needs a checkpoint file: expected checkpoint=path")
    counts = {
        "epochs": epochs,
        "batch_size": batch_size,
        "early_stopping": early_stopping,
        "checkpoint_every": checkpoint_every,
    }
    for name, count in counts.items():
        if count is not None and (not isinstance(count, (int, np.integer)) or count < 1):
            raise TrainingError(f"{name} is {count!r}: expected a whole number above 0")
    examples = as_examples(network, data, sample_weight, class_weight)
    run = TrainingRun(
        network, examples, epochs, batch_size, optimizer, find_schedule(schedule), early_stopping, shuffle
    )
    run.augmentation = augmentation
    run.generator = network.generator if seed is None else np.random.default_rng(seed)
    stored = None
    if checkpoint is not None:
        run.checkpoint, run.checkpoint_every = checkpoint, checkpoint_every
        run.identity = fingerprint(examples, {**run.settings, "validation": validation, "seed": seed})
        stored = read_checkpoint(checkpoint, run.identity) if resume else None
    with single_threaded(), SecondThread() as run.second_thread, run:
        if stored is not None:
            run.generator.bit_generator.state = stored[0]["generators"]["start"]
        run.hold_out(validation)
        if checkpoint is not None and stored is not None:
            try:
                run.restore(*stored)
            except (KeyError, TypeError, ValueError) as error:
                raise ModelFileError(f"{checkpoint} does not hold the state of a training run: {error}") from error
        run.finish(callbacks)
    return run.history


class TrainingRun:
    """One call of `train`: the settings, and the state that a checkpoint holds."""

    def __init__(
        self,
        network: Network,
        examples: Examples,
        epochs: int,
        batch_size: int | None,
        optimizer: Optimizer,
        schedule: Schedule,
        patience: int | None,
        shuffle: bool,
    ) -> None:
        self.network, self.examples, self.epochs = network, examples, epochs
        self.batch_size = min(batch_size or len(examples), len(examples))
        self.optimizer, self.schedule, self.patience, self.shuffle = optimizer, schedule, patience, shuffle
        self.generator = network.generator
        self.augmentation: Augmentation | None = None
        self.inputs = examples.x  # as given; examples.x may be augmented
        self.second_thread: SecondThread | None = None
        self.checkpoint: str | os.PathLike[str] | None = None
        self.checkpoint_every: int | None = None
        self.identity: dict[str, Any] = {}
        self.rows = np.arange(len(examples))  # the examples to train on
        self.validation: Examples | None = None

        self.update = 0  # updates made in all
        self.position = 0  # examples of the running epoch already trained on
        self.history = History()
        self.best_loss, self.waiting = np.inf, 0
        self.done = False

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "optimizer": repr(self.optimizer),
            "schedule": getattr(self.schedule, "__name__", "custom"),
            "early_stopping": self.patience,
            "shuffle": self.shuffle,
            "augmentation": repr(self.augmentation),
        }

    def __enter__(self) -> "TrainingRun":
        self.vector = ParameterVector(self.network, self.optimizer)
        self.best = self.vector.values.copy()
        return self

    def __exit__(self, *exception: object) -> None:
        self.vector.release()

    def hold_out(self, validation: int | float | tuple[Any, Any] | None) -> None:
        """Set aside the validation examples and make what depends on how many are left."""
        self.generators = {"start": self.generator.bit_generator.state}
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
        n = len(self.rows)
        self.batch_size = min(self.batch_size, n)
        self.updates = self.epochs * -(-n // self.batch_size)
        self.logits = np.empty((n, self.network.sizes[-1]), self.network.dtype)
        sizes = {self.batch_size, n % self.batch_size} - {0}
        self.steps = {size: find_step(self.examples, self.vector, size, self.second_thread) for size in sizes}
        self.order = self.rows

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
            self._write_checkpoint()
        if self.patience is not None:
            self.vector.values[...] = self.best

    def _start_epoch(self) -> None:
        self.generators["epoch"] = self.generator.bit_generator.state
        self.order = self.generator.permutation(self.rows) if self.shuffle else self.rows
        if self.augmentation is not None:
            self.examples.x = self.augmentation(self.inputs, self.generator)

    def _run_epoch(self, callbacks: Sequence[Callback]) -> None:
        n, peak = len(self.rows), self.optimizer.learning_rate
        every = self.checkpoint_every if self.checkpoint is not None else None
        spoken = time.perf_counter()
        while self.position < n:
            start, end = self.position, min(self.position + self.batch_size, n)
            step, rows = self.steps[end - start], self.order[start:end]
            if not step.gradients(rows, self.generator, self.logits[start:end]):
                raise TrainingError(self._explain_non_finite(rows))
            learning_rate = peak * self.schedule(self.update / self.updates)
            self.update += 1
            step.update(learning_rate, self.update)
            self.position = end
            if every is not None and self.update % every == 0 and end < n:
                self._write_checkpoint()
            if callbacks and time.perf_counter() - spoken > SECONDS_BETWEEN_CALLBACKS:
                spoken = time.perf_counter()
                for callback in callbacks:
                    callback(self._progress(epoch_done=False))

    def _end_epoch(self) -> None:
        loss, accuracy = self._measure(self.logits, *self.examples.answers(self.order))
        history = self.history
        history.train_loss.append(loss)
        history.train_accuracy.append(accuracy)
        history.updates, history.examples_seen = self.update, history.examples_seen + len(self.rows)
        self.position = 0
        self.done = history.epochs == self.epochs
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
        logits = np.empty((len(examples), self.network.sizes[-1]), self.network.dtype)
        for start in range(0, len(examples), CHUNK):
            x = self.network.prepare(examples.x[start : start + CHUNK])
            logits[start : start + CHUNK] = self.network.forward(x)[-1].z
        return logits

    def _progress(self, epoch_done: bool) -> Progress:
        epoch = self.history.epochs + (0 if epoch_done else 1)
        return Progress(epoch, self.epochs, self.update, self.updates, epoch_done, self.history)

    def _write_checkpoint(self) -> None:
        if self.checkpoint is None:
            return
        state = {
            "update": self.update,
            "position": self.position,
            "done": self.done,
            "history": self.history.to_dict(),
            "best_loss": self.best_loss,
            "waiting": self.waiting,
            "generators": self.generators | {"now": self.generator.bit_generator.state},
        }
        arrays = {"values": self.vector.values, "best": self.best, "logits": self.logits[: self.position]}
        arrays |= {f"memory.{name}": array for name, array in self.vector.memory.items()}
        write_checkpoint(self.checkpoint, self.identity, state, arrays)

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Go back to where a checkpoint was written."""
        self.update, self.position, self.done = state["update"], state["position"], state["done"]
        self.history = History(**state["history"])
        self.best_loss, self.waiting = state["best_loss"], state["waiting"]
        self.vector.values[...], self.best[...] = arrays["values"], arrays["best"]
        self.logits[: self.position] = arrays["logits"]
        for name, array in self.vector.memory.items():
            array[...] = arrays[f"memory.{name}"]
        if self.position:
            self.generator.bit_generator.state = state["generators"]["epoch"]
            self._start_epoch()
        self.generator.bit_generator.state = state["generators"]["now"]

    def _explain_non_finite(self, rows: Array) -> str:
        """Where the first number that is not finite stands, and what probably made it."""
        passes = self.network.forward(self.network.prepare(self.examples.x[rows]))
        where = "the gradients"
        for i, (layer, this) in enumerate(zip(self.network.layers, passes), start=1):
            parameters = [layer.weights] if layer.biases is None else [layer.weights, layer.biases]
            if not all(np.isfinite(parameter).all() for parameter in parameters):
                where = f"the parameters of layer {i}"
            elif not np.isfinite(this.z).all():
                where = f"the pre-activations of layer {i}"
            else:
                continue
            break
        if self.update == 0:
            cause = "the inputs, the targets or the initial weights are too large"
        else:
            cause = f"the learning rate {self.optimizer.learning_rate:g} is probably too high"
        return f"training stopped at update {self.update + 1}: {where} are not finite; {cause}"
