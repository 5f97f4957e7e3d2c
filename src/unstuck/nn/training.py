"""Training: epochs of updates, with everything that may be wished for around them."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.errors import TrainingError
from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.engine.examples import as_examples, fingerprint, names_of_classes
from unstuck.nn.engine.normalization import BatchNormalization
from unstuck.nn.engine.supply import Augmentation
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.training_run import Callback, TrainingRun, Validation
from unstuck.nn.files.checkpoint import read_checkpoint
from unstuck.nn.history import History
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Optimizer
from unstuck.nn.ranks import ALONE, Ranks
from unstuck.nn.schedules import Schedule, find_schedule
from unstuck.nn.settings import name_of


def train(
    network: Network,
    data: Any,
    epochs: int = 10,
    batch_size: int | None = 100,
    optimizer: Optimizer = SGD(learning_rate=0.1),  # noqa: B008 (frozen)
    schedule: str | Schedule = "constant",
    validation: Validation = None,
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
    deterministic: bool = False,
    memory: int | None = None,
    normalization: BatchNormalization | None = None,
    ranks: Ranks = ALONE,
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
    callbacks : called with a Progress after each epoch, and a few times a second in between; one that returns
        True after an epoch ends the training
    checkpoint : a file from which the run can go on to the same bits; written after an epoch if the last one is older
        than a second, after every `checkpoint_every` updates, and at the end
    resume : go on from the checkpoint if there is one
    shuffle : whether to visit the examples in a new order in each epoch
    augmentation : called with all inputs as given and a generator for each epoch, in the background of the epoch
        before; what it returns, of the same shape and type, is trained on in that epoch. Validation examples are held
        out before
    deterministic : take the same form on every machine, whatever its processor, at a cost in speed. The results
        never depend on the number of threads
    memory : bytes of inputs to hold at a time, for x that is mapped from a file (`np.load(path, mmap_mode="r")`, or
        `np.memmap` behind the header of an IDX file). Each epoch visits blocks of neighbouring rows in a new order,
        and shuffles some 64 of them together at a time. Targets stay in memory; an augmentation is given a part
        of the inputs at a time
    normalization : normalise the hidden layers over each batch, under noise if wanted, while training; afterwards the
        network is a plain one again, with the same predictions
    ranks : the processes that train this network together, each called with the same arguments, see
        `unstuck.distributed`. Each makes the gradient of its part of every batch, and one sum a step joins them: the
        network is that of one process, to rounding. Where `memory` is given each reads only its own part of the rows;
        then parts of a batch differ in size. Only the first writes the checkpoint, all go on from it, as many or as
        few as there are then. A callback that ends the training must do so on all ranks

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
        "memory": memory,
    }
    for name, count in counts.items():
        if count is not None and (not isinstance(count, (int, np.integer)) or count < 1):
            raise TrainingError(f"{name} is {count!r}: expected a whole number above 0")
    if normalization is not None:
        normalization.check(network)
    if ranks.size > 1:
        expect_divisible(normalization, augmentation, memory)
    generator = network.generator if seed is None else np.random.default_rng(seed)
    examples = as_examples(network, data, sample_weight, class_weight, ranks)
    network.class_names = names_of_classes(network, data)
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": repr(optimizer),
        "schedule": name_of(schedule),
        "validation": validation,
        "early_stopping": early_stopping,
        "seed": seed,
        "shuffle": shuffle,
        "augmentation": repr(augmentation),
        "deterministic": deterministic,
        "memory": memory,
        **({} if normalization is None else {"normalization": repr(normalization)}),
    }
    identity = {} if checkpoint is None else fingerprint(examples, given, ranks)
    stored = read_checkpoint(checkpoint, identity, ranks) if checkpoint is not None and resume else None
    with single_threaded(), SecondThread() as second_thread:
        run = TrainingRun(
            network,
            examples,
            generator,
            second_thread,
            optimizer,
            find_schedule(schedule),
            epochs,
            batch_size or len(examples),
            early_stopping,
            shuffle,
            deterministic,
            memory,
            augmentation,
            normalization,
            checkpoint,
            checkpoint_every,
            identity,
            ranks,
        )
        with run:
            run.start(validation, stored)
            run.finish(callbacks)
    return run.history


def expect_divisible(
    normalization: BatchNormalization | None, augmentation: Augmentation | None, memory: int | None
) -> None:
    """Raise TrainingError for what several ranks cannot share so that the network is that of one process."""
    if normalization is not None:
        raise TrainingError("batch normalization needs the whole batch in one process: expected one rank")
    if augmentation is not None and memory is not None:
        raise TrainingError("several ranks cannot augment inputs of which each reads a part: expected no memory=")
