"""Several ranks train the network that one process trains; here they are threads that wait for each other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from unstuck.errors import DataError, TrainingError
from unstuck.nn.engine.examples import Examples, fingerprint
from unstuck.nn.engine.normalization import BatchNormalization
from unstuck.nn.files.checkpoint import read_checkpoint
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam
from unstuck.nn.ranks import ALONE, from_the_first, own_part
from unstuck.nn.training import train

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(503, 12))
Y = (X[:, :3] + 0.5 * GENERATOR.normal(size=(503, 3))).argmax(axis=1)
COMMON = {"epochs": 14, "batch_size": 33, "seed": 3}  # 224 updates; the last batch of an epoch is smaller


class ThreadRank:
    """One of several ranks that are threads of this process; counts what it added up."""

    def __init__(self, rank, size, shared):
        self.rank, self.size, self.shared, self.added = rank, size, shared, []

    def add_up(self, vector):
        barrier, vectors = self.shared
        self.added.append(vector.size)
        vectors[self.rank] = vector.copy()
        barrier.wait()
        vector[...] = sum(vectors[i] for i in range(self.size))
        barrier.wait()


def in_ranks(size, work):
    """What `work(rank)` returns in each of so many threads; an error of one ends the others."""
    barrier, vectors = threading.Barrier(size, timeout=60), {}
    ranks = [ThreadRank(rank, size, (barrier, vectors)) for rank in range(size)]

    def run(rank):
        try:
            return work(rank)
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        tasks = [pool.submit(run, rank) for rank in ranks]
    errors = [task.exception() for task in tasks]
    for error in sorted(filter(None, errors), key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return [task.result() for task in tasks]


def trained(ranks=ALONE, x=X, dtype="float64", network=None, **settings):
    """All parameters as one vector, and what was measured without the seconds."""
    net = Network([12, 16, 8, 3], seed=1, dtype=dtype, **(network or {}))
    history = train(net, (x, Y), ranks=ranks, **{**COMMON, **settings})
    return np.concatenate([p.ravel() for p in net.parameters]), {**history.to_dict(), "seconds": 0}


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


VARIANTS = {
    "plain": {},
    "momentum and early stopping": {"optimizer": SGD(0.05, 0.9), "validation": 100, "early_stopping": 2},
    "dropout, decay and limited norms": {"network": {"dropout": 0.3, "l2": 1e-3, "max_norm": 2}},
    "adam on all examples at once": {"optimizer": Adam(0.003), "batch_size": None, "epochs": 200},
    "weights of examples": {"sample_weight": np.linspace(0, 2, 503)},
    "windows of a file": {"memory": 2 * 99 * 12 * 8, "network": {"dropout": 0.2}},
    "augmented": {"augmentation": lambda x, generator: x + 0.1 * generator.normal(size=x.shape)},
}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_ranks_train_the_network_of_one_process(settings, size, dtype, tolerance):
    alone, measured = trained(dtype=dtype, **settings)
    together = in_ranks(size, lambda ranks: trained(ranks, dtype=dtype, **settings))
    for parameters, found in together:
        assert distance(parameters, alone) < tolerance
        assert np.array_equal(parameters, together[0][0])
        assert found == together[0][1]
        assert found["updates"] == measured["updates"]
        assert found["train_loss"] == pytest.approx(measured["train_loss"], rel=1e-5)


def test_more_ranks_than_examples_in_a_batch():
    settings = {"batch_size": 4, "epochs": 2, "network": {"dropout": 0.5}}
    alone, _ = trained(**settings)
    for parameters, _ in in_ranks(6, lambda ranks: trained(ranks, **settings)):
        assert distance(parameters, alone) < 1e-12


def test_a_step_adds_up_one_vector():
    def sums(ranks):
        trained(ranks, epochs=1, batch_size=100)
        return ranks.added

    for added in in_ranks(2, sums):
        gradient = [16 * 12 + 16 * 16 + 8 * 16 + 3 * 16]  # rows of weights and biases are padded to 16 numbers
        assert added[:-1] == [added[0]] * 6
        assert added[0] >= gradient[0]
        assert added[-1] == 503 * 3  # the logits, once an epoch


def test_each_rank_reads_its_own_part_of_the_rows():
    """Everything else is missing in what a rank is given."""
    settings = {"memory": 2 * 99 * 12 * 8, "checkpoint_every": 5}
    alone, _ = trained(**settings)

    def read(ranks):
        x = np.full_like(X, np.nan)
        part = own_part(ranks, len(X))
        x[part] = X[part]
        return trained(ranks, x=x, **settings)

    for parameters, _ in in_ranks(3, read):
        assert distance(parameters, alone) < 1e-12


def stop_after(updates):
    def callback(progress):
        if progress.update >= updates:
            raise KeyboardInterrupt

    return callback


@pytest.mark.parametrize("later", [1, 2, 3])
def test_as_many_or_as_few_go_on_from_a_checkpoint(tmp_path, later):
    """The checkpoint was written in the middle of an epoch, by one of two."""
    path = tmp_path / "checkpoint"
    settings = {"optimizer": Adam(0.003), "network": {"dropout": 0.3}, "validation": 100, "checkpoint": path}
    whole, measured = trained(**{**settings, "checkpoint": None})

    def interrupted(ranks):
        with pytest.raises(KeyboardInterrupt):
            trained(ranks, checkpoint_every=5, callbacks=[stop_after(26)], **settings)

    in_ranks(2, interrupted)
    assert read_checkpoint(path, {})[0]["position"] > 0
    for parameters, found in in_ranks(later, lambda ranks: trained(ranks, resume=True, **settings)):
        assert distance(parameters, whole) < 1e-12
        assert found["train_loss"] == pytest.approx(measured["train_loss"], rel=1e-9)
        assert found["validation_accuracy"] == measured["validation_accuracy"]


def test_the_checksum_of_the_data_does_not_depend_on_the_ranks():
    network = Network([12, 3])
    x = np.random.default_rng(1).normal(size=(9000, 12))
    examples = Examples(network, x, np.zeros((9000, 3)), None)
    alone = fingerprint(examples, {})
    assert in_ranks(4, lambda ranks: fingerprint(examples, {}, ranks)) == [alone] * 4
    x[-1, -1] += 1
    assert fingerprint(examples, {}) != alone


def test_a_number_that_is_not_finite_stops_every_rank():
    """A gradient of one rank overflows; the others are told by the sum."""

    def stopped(ranks):
        x = X.copy()
        x[7] = 1e200
        with pytest.raises(TrainingError, match="training stopped at update"):
            trained(ranks, x=x, network={"hidden": "linear"})

    in_ranks(3, stopped)


def test_a_rank_finds_what_is_not_finite_in_its_part():
    x = X.copy()
    x[400, 3] = np.nan
    with pytest.raises(DataError, match="input 3 of example 400 is nan"):
        in_ranks(2, lambda ranks: trained(ranks, x=x))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"normalization": BatchNormalization()}, "needs the whole batch in one process"),
        ({"augmentation": lambda x, generator: x, "memory": 10**6}, "expected no memory="),
    ],
)
def test_what_cannot_be_shared_is_refused(settings, sentence):
    with pytest.raises(TrainingError, match=sentence):
        trained(ThreadRank(0, 2, None), **settings)


@pytest.mark.parametrize("n", [0, 1, 7, 100])
def test_parts_cover_everything_once(n):
    parts = [own_part(ThreadRank(rank, 3, None), n) for rank in range(3)]
    assert [i for part in parts for i in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("content", [None, b"", b"some \0 bytes"])
def test_what_the_first_has_all_have(content):
    assert in_ranks(3, lambda ranks: from_the_first(ranks, content if ranks.rank == 0 else b"other")) == [content] * 3
