import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from tests.nn.numerical import problem, relative_error
from unstuck.nn import blas_threads
from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.engine import threads
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD
from unstuck.nn.training import train


@pytest.mark.parametrize("shape", [(32, 7, 5), (33, 1, 1), (100, 20, 30)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_shared_product_is_the_product(shape, turned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORTH_SHARING", 1)
    m, k, n = shape
    generator = np.random.default_rng(0)
    a = generator.normal(size=(k, m)).T if turned else generator.normal(size=(m, k))
    b = generator.normal(size=(n, k)).T if turned else generator.normal(size=(k, n))
    out = np.full((m, n), np.nan)
    with SecondThread() as second_thread:
        second_thread.matmul(a, b, out=out)
    assert relative_error(out, a @ b) < 1e-14


def test_shared_training_gives_the_same_bits_each_time_and_learns_what_unshared_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = []
    for worth in (1, 1, 10**12):
        monkeypatch.setattr(threads, "WORTH_SHARING", worth)
        network = Network([40, 50, 3], dtype="float64", dropout=0.3, max_norm=1.0)
        train(network, problem(network, 200), 3, 64, SGD(0.1, 0.9), seed=1)
        outcomes.append(network.parameters)
    assert all(np.array_equal(p, q) for p, q in zip(outcomes[0], outcomes[1]))
    assert all(relative_error(p, q) < 1e-12 for p, q in zip(outcomes[0], outcomes[2]))


def test_what_the_second_thread_raises_is_raised_and_it_goes_on() -> None:
    done = []
    with SecondThread() as second_thread:
        with pytest.raises(ZeroDivisionError):
            second_thread.both(lambda: None, lambda: 1 // 0)
        second_thread.both(lambda: done.append("ours"), lambda: done.append("theirs"))
    assert sorted(done) == ["ours", "theirs"]
    assert not second_thread.thread.is_alive()


def numbers_of_threads() -> dict[str, int]:
    return {library.filepath: library.get_num_threads() for library in ThreadpoolController().lib_controllers}


@pytest.fixture
def two_threads():
    """All pools at two threads, as on a machine with two cores; as found afterwards."""
    libraries = ThreadpoolController().lib_controllers
    if not libraries:
        pytest.skip("no library with a pool of threads is loaded here")
    before = [library.get_num_threads() for library in libraries]
    for library in libraries:
        blas_threads.put(library, 2)
    yield numbers_of_threads()
    for library, number in zip(libraries, before, strict=True):
        blas_threads.put(library, number)


def test_pools_are_limited_inside_and_put_back_afterwards(two_threads) -> None:
    with single_threaded():
        assert set(numbers_of_threads().values()) == {1}
        with single_threaded():
            assert set(numbers_of_threads().values()) == {1}
        assert set(numbers_of_threads().values()) == {1}
    assert numbers_of_threads() == two_threads


def test_pools_are_put_back_when_something_is_raised(two_threads) -> None:
    with pytest.raises(ZeroDivisionError), single_threaded(), single_threaded():
        raise ZeroDivisionError
    assert numbers_of_threads() == two_threads


def test_two_threads_at_once_leave_the_pools_as_they_were(two_threads) -> None:
    """The first to leave takes nothing from the other."""
    inside, left, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        with single_threaded():
            inside.set()
            assert left.wait(60)
            seen.append(set(numbers_of_threads().values()))

    thread = threading.Thread(target=other)
    with single_threaded():
        thread.start()
        assert inside.wait(60)
    left.set()
    thread.join()
    assert seen == [{1}]
    assert numbers_of_threads() == two_threads


def test_a_pool_that_is_set_inside_is_limited_again_and_put_back_to_what_it_was(two_threads) -> None:
    with single_threaded():
        for library in ThreadpoolController().lib_controllers:
            blas_threads.put(library, 2)
        blas_threads.POOLS.keep()
        assert set(numbers_of_threads().values()) == {1}
    assert numbers_of_threads() == two_threads


def test_libraries_loaded_inside_are_limited_too() -> None:
    program = """
import numpy
from threadpoolctl import threadpool_info
from unstuck.nn.blas_threads import POOLS, single_threaded

with single_threaded():
    before = len(threadpool_info())
    import scipy.linalg
    POOLS.keep()
    assert len(threadpool_info()) > before
    assert all(pool["num_threads"] == 1 for pool in threadpool_info())
assert all(pool["num_threads"] == 2 for pool in threadpool_info() if pool["user_api"] == "blas"), threadpool_info()
"""
    if os.cpu_count() == 1:
        pytest.skip("there is one core only")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_a_prediction_leaves_the_pools_as_they_were(two_threads) -> None:
    Network([3, 2]).predict(np.zeros((4, 3)))
    assert numbers_of_threads() == two_threads
