"""Calling the user's code safely: whatever it does, a Call comes back and the process is as it was.

Not undone: what the code does to its own objects (see snapshot), to files, and to other threads or processes it starts.
"""

import itertools
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.sandbox import clock
from unstuck.sandbox.deadline import Deadline, OutOfTime
from unstuck.sandbox.lines import Lines
from unstuck.sandbox.origin import is_user_file
from unstuck.sandbox.surroundings import (
    Warnings,
    array_settings,
    captured_output,
    closed_plots,
    keyboard_interrupts,
    one_line,
    place,
    process_settings,
    recorded_warnings,
)

ITEMS_LIMIT = 10_000_000  # taken from an iterator that a program returns


@dataclass(frozen=True)
class Call:
    """What came of one call of the user's code.

    error is None or one line such as "ValueError: shapes do not fit (train.py, line 12)"; the value is then None.
    output is what was printed, warnings one line each, seconds the time the call took, lines how many it ran where they
    were counted. timed_out: it hung; cut_short: it had run all the lines that it was given.
    """

    value: Any
    error: str | None
    output: str
    warnings: tuple[str, ...]
    seconds: float
    timed_out: bool
    lines: int = 0
    cut_short: bool = False

    @property
    def failed(self) -> bool:
        return self.error is not None


def guard(
    function: Callable[..., Any],
    *args: Any,
    seconds: float = 5.0,
    lines: int | None = None,
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

    With `lines`, the lines of Python that the call runs are counted, and it is ended after so many, at the same place
    on every machine.

    With copy_arguments, arrays, tensors and containers are handed over as copies; with copy_result they come back as
    copies (iterators as lists), so that a live buffer is not taken for a value.
    """
    if copy_arguments:
        args = tuple(copied(argument) for argument in args)
    value, error, deadline, counted = None, None, Deadline(seconds), Lines(lines)
    with ExitStack() as stack:
        output, warned = stack.enter_context(captured_output()), Warnings()
        for context in (process_settings(), array_settings(), closed_plots(), recorded_warnings(warned)):
            stack.enter_context(context)
        interrupt = stack.enter_context(keyboard_interrupts())
        start = clock.now()
        try:
            value = _call(function, args, copy_result, deadline, counted)
        except BaseException as exception:
            error = _described(exception, deadline, counted)
            del exception
        elapsed = clock.now() - start
        deadline.lift()
        counted.stop()
    if (deadline.passed or counted.over) and error is None:  # the program caught what ended it and went on to its end
        value, error = None, _described(OutOfTime(), deadline, counted)
    if interrupt.is_set():
        raise KeyboardInterrupt
    return Call(value, error, output.text(), warned.lines(), elapsed, deadline.passed, counted.count, counted.over)


def copied(value: Any) -> Any:
    """A copy of arrays, tensors, and the lists, tuples, dicts and object arrays that hold them; the rest as it is."""
    kind = type(value)
    if issubclass(kind, np.ndarray):
        copy = np.array(value, copy=True, order="K", subok=False)
        if copy.dtype == object:
            elements = copy.ravel(order="K")  # a view, as the copy has no gaps
            for index, element in enumerate(elements.tolist()):
                elements[index] = copied(element)
        return copy
    if kind in (list, tuple):
        return kind([copied(element) for element in value])
    if kind is dict:
        return {key: copied(element) for key, element in value.items()}
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value


def _call(
    function: Callable[..., Any], args: tuple[Any, ...], copy_result: bool, deadline: Deadline, counted: Lines
) -> Any:
    with deadline:
        counted.start()
        value = function(*args)
        counted.stop()
        if copy_result and hasattr(type(value), "__next__"):
            value = [element for element in itertools.islice(value, ITEMS_LIMIT)]  # noqa: C416, list() cannot be ended
    return copied(value) if copy_result else value


def _described(exception: BaseException, deadline: Deadline, counted: Lines) -> str:
    if counted.over:
        return f"did not end within {counted.most:,} lines"
    if deadline.passed:
        return f"did not end within {deadline.seconds:g} s{place(*deadline.place) if deadline.place else ''}"
    where = ""
    for frame, line in traceback.walk_tb(exception.__traceback__):
        if is_user_file(frame.f_code.co_filename):
            where = place(frame.f_code.co_filename, line)
    if isinstance(exception, SyntaxError) and exception.filename and is_user_file(exception.filename):
        where = place(exception.filename, exception.lineno or 0)
    try:
        message = exception.msg if isinstance(exception, SyntaxError) else str(exception)
    except BaseException:  # the user's own __str__ may fail as well
        message = "(its message cannot be printed)"
    text = f"{type(exception).__name__}: {one_line(message)}" if message else type(exception).__name__
    return text + where
