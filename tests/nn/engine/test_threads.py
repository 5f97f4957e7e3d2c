import numpy as np
import pytest

from tests.nn.numerical import problem, relative_error
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


def test_the_number_of_threads_is_given_back() -> None:
    library = threads._openblas()
    if library is None:
        pytest.skip("NumPy brings no OpenBLAS of its own here")
    get, put = library
    before = get()
    put(2)
    try:
        with threads.single_threaded():
            assert get() == 1
        assert get() == 2
    finally:
        put(before)
