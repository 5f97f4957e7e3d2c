"""What a call of the user's code may not change for others: streams, warnings, settings of process and libraries."""

import gc
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from unstuck.sandbox.origin import is_user_file

OUTPUT_LIMIT = 1 << 16  # bytes of output kept of one call
WARNINGS_LIMIT = 50  # different warnings kept of one call
MESSAGE_LIMIT = 300  # characters kept of one message

ENVIRONMENT = threading.Lock()  # held while the environment is copied or put back: calls in other threads change it too


def place(filename: str, line: int) -> str:
    """ " (train.py, line 12)" where the file is the user's, else nothing."""
    return f" ({os.path.basename(filename)}, line {line})" if is_user_file(filename) else ""


def one_line(message: str) -> str:
    """A message without its line breaks, cut where it is too long for a report."""
    text = " ".join(message.split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


class Output(io.RawIOBase):
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
def captured_output() -> Iterator[Output]:
    output = Output()
    stream = io.TextIOWrapper(output, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[type-var]
    saved = sys.stdout, sys.stderr, sys.stdin
    sys.stdout = sys.stderr = stream
    sys.stdin = io.StringIO("")
    try:
        yield output
    finally:
        sys.stdout, sys.stderr, sys.stdin = saved


class Warnings:
    """The different warnings of a call, in order, each with its place if that is the user's."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def show(
        self, message: Warning | str, category: type, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if len(self._lines) < WARNINGS_LIMIT:
            self._lines[f"{category.__name__}: {one_line(str(message))}{place(filename, lineno)}"] = None

    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)


@contextmanager
def recorded_warnings(warned: Warnings) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = warned.show
        yield


@contextmanager
def keyboard_interrupts() -> Iterator[threading.Event]:
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


@contextmanager
def process_settings() -> Iterator[None]:
    folder = _working_directory()
    with ENVIRONMENT:
        environment = os.environ.copy()
        os.environ["MPLBACKEND"] = "Agg"  # for a program that imports matplotlib inside the call
    path, argv, limit = list(sys.path), list(sys.argv), sys.getrecursionlimit()
    collecting, traced, library = gc.isenabled(), sys.gettrace(), dict(vars(np))
    try:
        yield
    finally:
        with ENVIRONMENT:
            for name in os.environ.keys() - environment.keys():
                del os.environ[name]
            os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
        if folder is not None and _working_directory() != folder:
            os.chdir(folder)
        sys.path[:], sys.argv[:] = path, argv
        sys.setrecursionlimit(limit)
        (gc.enable if collecting else gc.disable)()
        if sys.gettrace() is not traced:
            sys.settrace(traced)
        _put_back(np, library)


def _put_back(module: ModuleType, as_it_was: dict[str, Any]) -> None:
    """Functions of a library that a program has replaced; what was added, as modules loaded late, stays."""
    now = vars(module)
    for name, value in as_it_was.items():
        if now.get(name) is not value:
            setattr(module, name, value)


def _working_directory() -> str | None:
    with suppress(OSError):
        return os.getcwd()
    return None


@contextmanager
def array_settings() -> Iterator[None]:
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
def closed_plots() -> Iterator[None]:
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
