"""Whatever the user's code does, a Call comes back and the process is as it was."""

import gc
import itertools
import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from unstuck.sandbox.call import Call, guard


def swallows_everything():
    while True:
        try:
            while True:
                try:  # noqa: SIM105
                    sum(range(100))
                except:  # noqa: E722
                    pass
        except BaseException:
            continue


def prints_and_waits():
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            print("once more")


def test_the_value_comes_back():
    call = guard(lambda a, b: a + b, 2, 3)
    assert (call.value, call.error, call.output, call.warnings, call.timed_out) == (5, None, "", (), False)
    assert not call.failed


def raises_value_error():
    raise ValueError("shapes (3,) and (4,)\n   do not fit")


def calls_a_library_that_raises():
    np.zeros(3).reshape(2, 2)


def recurses():
    recurses()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (raises_value_error, "ValueError: shapes (3,) and (4,) do not fit (test_call.py, line "),
        (
            calls_a_library_that_raises,
            "ValueError: cannot reshape array of size 3 into shape (2,2) (test_call.py, line ",
        ),
        (recurses, "RecursionError: maximum recursion depth exceeded"),
        (lambda: sys.exit(3), "SystemExit: 3 (test_call.py, line "),
        (lambda: (_ for _ in ()).throw(KeyboardInterrupt), "KeyboardInterrupt (test_call.py, line "),
        (lambda: (_ for _ in ()).throw(MemoryError("too large")), "MemoryError: too large"),
        (lambda: input("how many epochs? "), "EOFError: "),
        (lambda: eval("1 +"), "SyntaxError: invalid syntax"),
    ],
)
def test_every_exception_becomes_one_line_with_the_place_in_the_users_code(function, expected):
    call = guard(function)
    assert call.failed
    assert call.value is None
    assert call.error.startswith(expected)
    assert "\n" not in call.error


def test_an_exception_that_cannot_be_printed_is_still_described():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    def function():
        raise Broken

    assert guard(function).error.startswith("Broken: (its message cannot be printed) (test_call.py, line ")


@pytest.mark.parametrize(
    "function", [swallows_everything, prints_and_waits, lambda: list(itertools.repeat(1, 10**6)) * 0]
)
def test_endless_code_is_ended_even_where_it_catches_everything(function):
    call = guard(lambda: [function() for _ in itertools.count()], seconds=0.1)
    assert call.timed_out
    assert call.value is None
    assert call.error.startswith("did not end within 0.1 s (test_call.py, line ")


@pytest.mark.parametrize("function", [swallows_everything, prints_and_waits])
def test_endless_code_is_ended_in_other_threads_too(function):
    calls: list[Call] = []
    thread = threading.Thread(target=lambda: calls.append(guard(function, seconds=0.1)))
    thread.start()
    thread.join(30)
    assert calls[0].timed_out


def test_an_endless_iterator_is_ended_and_a_finite_one_becomes_a_list():
    assert guard(itertools.count, seconds=0.1).timed_out
    assert guard(lambda: (k * k for k in range(3))).value == [0, 1, 4]


def test_code_that_survives_its_time_and_returns_still_counts_as_timed_out():
    def stubborn():
        try:
            time.sleep(10)
        except BaseException:
            return "half a result"

    call = guard(stubborn, seconds=0.05)
    assert call.timed_out
    assert (call.value, call.error.split(" (")[0]) == (None, "did not end within 0.05 s")


def test_a_timer_and_a_handler_of_the_caller_survive():
    previous = signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        handler = signal.getsignal(signal.SIGALRM)
        signal.setitimer(signal.ITIMER_REAL, 1000)
        guard(lambda: None, seconds=5)
        assert signal.getsignal(signal.SIGALRM) is handler
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_a_call_may_have_all_the_time_there_is():
    assert guard(lambda: 5, seconds=float("inf")).value == 5


def test_guards_nest():
    inner = []
    outer = guard(lambda: (inner.append(guard(swallows_everything, seconds=0.05)), swallows_everything()), seconds=0.3)
    assert inner[0].timed_out
    assert outer.timed_out


def test_output_is_captured_and_bounded(capsys):
    def chatter():
        print("epoch 1")
        print("loss nan", file=sys.stderr)
        sys.stdout.buffer.write(b"raw")

    assert guard(chatter).output == "epoch 1\nloss nan\nraw"
    assert len(guard(lambda: [print("x" * 1000) for _ in range(1000)]).output) < 100_000
    assert capsys.readouterr() == ("", "")


def test_warnings_are_recorded_once_each_and_never_raised():
    def overflows():
        for _ in range(5):
            np.exp(np.array([1000.0]))
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)

    recorded = guard(overflows).warnings
    assert len(recorded) == 2
    assert recorded[0].startswith("RuntimeWarning: overflow encountered in exp (test_call.py, line ")
    assert recorded[1].startswith("DeprecationWarning: deprecated")


def test_floating_point_errors_are_recorded_although_the_program_silenced_them():
    with np.errstate(all="ignore"):
        assert len(guard(lambda: np.log(np.zeros(1))).warnings) == 1


def test_settings_are_put_back(tmp_path):
    def meddles():
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        os.chdir(tmp_path)
        os.environ["UNSTUCK_TEST"] = "1"
        os.environ.pop("PATH", None)
        sys.path.insert(0, "nowhere")
        sys.argv[:] = ["other"]
        sys.setrecursionlimit(5000)
        warnings.simplefilter("ignore")
        sys.stdout = None

    def state():
        return (
            np.geterr(), np.get_printoptions(), os.getcwd(), dict(os.environ), list(sys.path), list(sys.argv),
            sys.getrecursionlimit(), list(warnings.filters), sys.stdout, sys.stderr, sys.stdin,
            signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM),
        )  # fmt: skip

    before = state()
    assert guard(meddles).error is None
    assert state() == before


def test_torch_settings_are_put_back():
    torch = pytest.importorskip("torch")

    def meddles():
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)

    guard(meddles)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() is torch.float32


def test_plots_are_neither_shown_nor_kept():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    kept = pyplot.figure()
    shown = pyplot.show
    guard(lambda: (pyplot.figure(), pyplot.plot([1, 2]), pyplot.show()))
    assert pyplot.get_fignums() == [kept.number]
    assert pyplot.show is shown
    pyplot.close(kept)


def test_arguments_are_copies_when_asked():
    def overwrites(x, pairs):
        x[:] = 0
        pairs[0][0][:] = 0
        pairs.clear()

    x, pairs = np.ones(3), [(np.ones(2), 1)]
    inner = pairs[0][0]
    assert guard(overwrites, x, pairs, copy_arguments=True).error is None
    assert x.sum() == 3
    assert pairs[0][0] is inner
    assert inner.sum() == 2


def test_read_only_and_fortran_ordered_arguments_arrive_writeable_and_in_order():
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    x.flags.writeable = False
    call = guard(lambda a: (a.flags.f_contiguous, a.flags.writeable, a), x, copy_arguments=True)
    assert call.value[:2] == (True, True)
    np.testing.assert_array_equal(call.value[2], x)


def test_results_are_copies_and_live_on_demand():
    buffer = np.zeros(2)
    nested = np.empty(1, dtype=object)
    nested[0] = buffer
    for value in (buffer, [buffer], {"w": (buffer,)}, nested):
        copy = guard(lambda value=value: value).value
        while not (isinstance(copy, np.ndarray) and copy.dtype == float):
            copy = copy["w"] if isinstance(copy, dict) else copy[0]
        assert copy is not buffer
        assert not np.shares_memory(copy, buffer)
    assert guard(lambda: buffer, copy_result=False).value is buffer


def test_numbers_and_foreign_objects_come_back_as_they_are():
    marker = object()
    assert guard(lambda: marker).value is marker
    value = guard(lambda: np.int64(3)).value
    assert (value, type(value)) == (3, np.int64)


def test_functions_of_the_library_the_collector_and_the_trace_are_put_back():
    right, traced = np.exp, sys.gettrace()

    def rude():
        np.exp = lambda z: z
        gc.disable()
        sys.settrace(lambda *event: None)
        return 1

    assert guard(rude).value == 1
    assert np.exp is right
    assert gc.isenabled()
    assert sys.gettrace() is traced
