"""Calling the user's code safely: whatever it does, a Call comes back and the process is as it was.

Not undone: what the code does to its own objects (see snapshot), to files, and to other threads or processes it starts.
"""

import ctypes
import io
import itertools
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType, ModuleType, TracebackType
from typing import Any

import numpy as np

from unstuck.diagnosis.origin import is_user_file

OUTPUT_LIMIT = 1 << 16  # characters of output kept of one call
WARNINGS_LIMIT = 50  # different warnings kept of one call
GRACE = 0.05  # seconds for the clauses `finally` of a call that has used up its time, before it is ended by force
RETRIES = (1e-3, 3e-4, 1e-4)  # seconds between two attempts to end a call in another thread than the main one


@dataclass(frozen=True)
class Call:
    """What came of one call of the user's code.

    error is None or one line such as "ValueError: shapes do not fit (train.py, line 12)"; the value is then None.
    output is what was printed, warnings one line each, seconds the time the call took.
    """

    value: Any
    error: str | None
    output: str
    warnings: tuple[str, ...]
    seconds: float
    timed_out: bool

    @property
    def failed(self) -> bool:
        return self.error is not None


class OutOfTime(BaseException):
    """Thrown into the user's code when its time is used up; not an Exception, so that few handlers catch it."""


def guard(
    function: Callable[..., Any],
    *args: Any,
    seconds: float = 5.0,
    copy_arguments: bool = False,
    copy_result: bool = True,
) -> Call:
    """Call function(*args) so that nothing it does can stop or change the caller.

    Exceptions of every kind, sys.exit included, become Call.error; only a Ctrl-C at the keyboard goes through. Output
    is captured, input() finds the end of the file, plots stay closed. Warnings are recorded, among them NumPy's
    floating point errors even where the program silenced them. The working directory, environment, sys.path, sys.argv,
    NumPy's and PyTorch's settings are put back.

    After the given seconds the call is ended: in the main thread by a timer signal, elsewhere by an exception sent from
    a watching thread. Both act between two Python instructions, so one long call inside a C library runs to its end
    first; handlers as broad as `except:` are outlasted by trying again and again.

    With copy_arguments, arrays, tensors and containers are handed over as copies; with copy_result they come back as
    copies (iterators as lists), so that a live buffer is not taken for a value.
    """
    if copy_arguments:
        args = tuple(copied(argument) for argument in args)
    value, error, deadline = None, None, _Deadline(seconds)
    with ExitStack() as stack:
        output, warned = stack.enter_context(_captured_output()), _Warned()
        for context in (_process_settings(), _array_settings(), _closed_plots(), _recorded_warnings(warned)):
            stack.enter_context(context)
        interrupt = stack.enter_context(_keyboard_interrupts())
        start = time.perf_counter()
        try:
            value = _call(function, args, copy_result, deadline)
        except BaseException as exception:
            error = _described(exception, deadline)
            del exception
        elapsed = time.perf_counter() - start
    if interrupt.is_set():
        raise KeyboardInterrupt
    return Call(value, error, output.text(), warned.lines(), elapsed, deadline.passed)


def copied(value: Any) -> Any:
    """A copy of arrays, tensors, and the lists, tuples, dicts and object arrays that hold them; the rest as it is."""
    kind = type(value)
    if issubclass(kind, np.ndarray):
        copy = np.array(value, copy=True, order="K", subok=False)
        if copy.dtype == object:
            for index, element in enumerate(copy.ravel(order="K").tolist()):
                copy.ravel(order="K")[index : index + 1] = _boxed(copied(element))
        return copy
    if kind in (list, tuple):
        return kind([copied(element) for element in value])
    if kind is dict:
        return {key: copied(element) for key, element in value.items()}
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value


def _boxed(element: Any) -> np.ndarray:
    box = np.empty(1, dtype=object)
    box[0] = element
    return box


def _call(function: Callable[..., Any], args: tuple[Any, ...], copy_result: bool, deadline: "_Deadline") -> Any:
    with deadline:
        value = function(*args)
        if copy_result and hasattr(type(value), "__next__"):
            value = list(value)
    return copied(value) if copy_result else value


# Time


class _Deadline:
    """Throws OutOfTime into the code that runs inside the with-block once the seconds are over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self.place = ""  # where the user's code was when its time was over
        self._running = False
        self._retries = itertools.cycle(RETRIES)

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._frame = sys._getframe(1)
        self._by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        self._running = True
        if self._by_signal:
            self._start = time.monotonic()
            self._handler = signal.signal(signal.SIGALRM, self._on_alarm)
            self._outer_timer = signal.setitimer(signal.ITIMER_REAL, self.seconds)
        else:
            self._lock = threading.Lock()
            self._finished = threading.Event()
            threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(self, kind: type | None, exception: BaseException | None, trace: TracebackType | None) -> None:
        self._running = False
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._handler)
            remaining, interval = self._outer_timer
            if remaining:  # a timer of the caller was running: let it go on
                remaining = max(remaining - (time.monotonic() - self._start), 1e-6)
                signal.setitimer(signal.ITIMER_REAL, remaining, interval)
        else:
            self._finished.set()
            with self._lock:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), None)
        del self._frame

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        if not self._is_inside(frame):
            signal.setitimer(signal.ITIMER_REAL, RETRIES[0])
        elif not self.passed:
            self._note(frame)
            signal.setitimer(signal.ITIMER_REAL, GRACE)
            raise OutOfTime
        else:
            # The signal is set again before the exception leaves, so that the first loop or call of an `except` clause
            # that swallows it throws the next one. A loop over map calls C without looking for signals in between.
            for _ in map(ctypes.pythonapi.PyErr_SetInterruptEx, (signal.SIGALRM,)):
                raise OutOfTime

    def _watch(self) -> None:
        wait = self.seconds
        while not self._finished.wait(wait):
            wait = next(self._retries)
            with self._lock:
                frame = sys._current_frames().get(self._thread)
                if self._running and self._is_inside(frame):
                    self._note(frame)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(OutOfTime))

    def _is_inside(self, frame: FrameType | None) -> bool:
        """Whether the interrupted frame lies above the with-block and is not the end of it."""
        if frame is None or frame is self._frame or frame.f_code in _ENDING:
            return False
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is not None

    def _note(self, frame: FrameType | None) -> None:
        if not self.passed:
            self.passed = True
            while frame is not None and not is_user_file(frame.f_code.co_filename):
                frame = frame.f_back
            if frame is not None:
                self.place = _place(frame.f_code.co_filename, frame.f_lineno)


_ENDING = {_Deadline.__exit__.__code__, _Deadline._on_alarm.__code__}


# Errors and warnings


def _described(exception: BaseException, deadline: _Deadline) -> str:
    if deadline.passed:
        return f"did not end within {deadline.seconds:g} s{deadline.place}"
    place = ""
    for frame, line in traceback.walk_tb(exception.__traceback__):
        if is_user_file(frame.f_code.co_filename):
            place = _place(frame.f_code.co_filename, line)
    if isinstance(exception, SyntaxError) and exception.filename and is_user_file(exception.filename):
        place = _place(exception.filename, exception.lineno or 0)
    try:
        message = exception.msg if isinstance(exception, SyntaxError) else str(exception)
    except BaseException:  # the user's own __str__ may fail as well
        message = "(its message cannot be printed)"
    text = f"{type(exception).__name__}: {_one_line(message)}" if message else type(exception).__name__
    return text + place


def _place(filename: str, line: int) -> str:
    return f" ({os.path.basename(filename)}, line {line})"


def _one_line(message: str, limit: int = 300) -> str:
    text = " ".join(message.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Warned:
    """The different warnings of a call, in order, each with its place if that is the user's."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def show(
        self, message: Warning | str, category: type, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if len(self._lines) < WARNINGS_LIMIT:
            place = _place(filename, lineno) if is_user_file(filename) else ""
            self._lines[f"{category.__name__}: {_one_line(str(message))}{place}"] = None

    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)


@contextmanager
def _recorded_warnings(warned: _Warned) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = warned.show  # type: ignore[assignment]
        yield


@contextmanager
def _keyboard_interrupts() -> Iterator[threading.Event]:
    """Tells a Ctrl-C from a KeyboardInterrupt that the program raises itself."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    handler = signal.getsignal(signal.SIGINT)

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, handler)


# Output


class _Output(io.RawIOBase):
    """Keeps the first bytes written and forgets the rest."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = len(data)
        if len(self.kept) < OUTPUT_LIMIT:
            self.kept += bytes(data)[: OUTPUT_LIMIT - len(self.kept)]
        return size

    def text(self) -> str:
        return self.kept.decode("utf-8", errors="replace")


@contextmanager
def _captured_output() -> Iterator[_Output]:
    output = _Output()
    stream = io.TextIOWrapper(output, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[arg-type]
    saved = sys.stdout, sys.stderr, sys.stdin
    sys.stdout = sys.stderr = stream
    sys.stdin = io.StringIO("")
    try:
        yield output
    finally:
        sys.stdout, sys.stderr, sys.stdin = saved


# Settings of the process and of libraries


@contextmanager
def _process_settings() -> Iterator[None]:
    folder, environment = _working_directory(), os.environ.copy()
    path, argv, limit = list(sys.path), list(sys.argv), sys.getrecursionlimit()
    os.environ["MPLBACKEND"] = "Agg"  # for a program that imports matplotlib inside the call
    try:
        yield
    finally:
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
        if folder is not None and _working_directory() != folder:
            os.chdir(folder)
        sys.path[:], sys.argv[:] = path, argv
        sys.setrecursionlimit(limit)


def _working_directory() -> str | None:
    with suppress(OSError):
        return os.getcwd()
    return None


@contextmanager
def _array_settings() -> Iterator[None]:
    """NumPy's error handling and printing, PyTorch's gradient mode and default type; floating point errors warn."""
    shown = {kind: "warn" for kind, how in np.geterr().items() if kind != "under" and how in ("ignore", "print", "log")}
    printing = np.get_printoptions()
    torch = sys.modules.get("torch")
    torch_state = (torch.is_grad_enabled(), torch.get_default_dtype()) if torch is not None else None
    try:
        with np.errstate(**shown):  # type: ignore[arg-type]
            yield
    finally:
        if np.get_printoptions() != printing:
            np.set_printoptions(**printing)
        if torch is not None and torch_state is not None:
            torch.set_grad_enabled(torch_state[0])
            torch.set_default_dtype(torch_state[1])


@contextmanager
def _closed_plots() -> Iterator[None]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if not isinstance(pyplot, ModuleType):
        yield
        return
    show, pause, figures, interactive = pyplot.show, pyplot.pause, pyplot.get_fignums(), pyplot.isinteractive()
    pyplot.show = pyplot.pause = lambda *args, **keywords: None  # type: ignore[attr-defined]
    pyplot.ioff()
    try:
        yield
    finally:
        pyplot.show, pyplot.pause = show, pause  # type: ignore[attr-defined]
        for number in set(pyplot.get_fignums()) - set(figures):
            pyplot.close(number)
        if interactive:
            pyplot.ion()
