"""An end to code that does not end: an exception thrown into it from outside, until nothing catches it any more."""

import ctypes
import signal
import sys
import threading
from types import FrameType, TracebackType

from unstuck.sandbox import clock
from unstuck.sandbox.origin import is_user_file

GRACE = 0.05  # seconds for the clauses `finally` of a call that has used up its time, before it is ended by force
RETRY = 1e-3  # seconds to the next attempt, when the code was just entering or leaving


class OutOfTime(BaseException):
    """Thrown into the user's code when its time is used up; not an Exception, so that few handlers catch it.

    A program that catches it nevertheless meets the next one in its first loop or call thereafter.
    """

    def __new__(cls, *args: object) -> "OutOfTime":
        instance = super().__new__(cls, *args)
        thread = threading.get_ident()
        deadline = _PURSUED.get(thread)
        if deadline is not None and deadline.is_inside(sys._getframe(1)):
            # Python looks for exceptions from outside at loops and calls. A loop over map calls C without such a look.
            for _ in map(_throw, (ctypes.c_ulong(thread),), (ctypes.py_object(cls),)):
                return instance
        return instance


class Deadline:
    """Throws OutOfTime into the code that runs inside the with-block once the seconds, of our clock, are over.

    In the main thread by a timer signal, which also interrupts waiting; in others by an exception set from a watching
    thread. lift() must be called after the with-block, for an exception that was on its way when the block ended.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = min(seconds, threading.TIMEOUT_MAX)  # no timer takes infinity
        self.passed = False
        self.place: tuple[str, int] | None = None  # file and line of the user's code when its time was over
        self._running = False

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._frame = sys._getframe(1)
        self._by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        self._running, self._countdown = True, clock.Countdown(self.seconds)
        if self._by_signal:
            self._start = clock.real_now()
            self._handler = signal.signal(signal.SIGALRM, self._on_alarm)
            self._outer_timer = signal.setitimer(signal.ITIMER_REAL, max(self._countdown.lasts(), RETRY))
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
                remaining = max(remaining - (clock.real_now() - self._start), 1e-6)
                signal.setitimer(signal.ITIMER_REAL, remaining, interval)

    def lift(self) -> None:
        """Make sure that nothing is thrown any more."""
        while not self._by_signal:
            try:
                self._running = False
                _PURSUED.pop(self._thread, None)
                self._finished.set()
                with self._lock:
                    if self.passed:
                        _throw(ctypes.c_ulong(self._thread), None)
                break
            except OutOfTime:
                continue
        if self.passed and not self._by_signal:
            _settle(self._thread)

    def is_inside(self, frame: FrameType | None) -> bool:
        """Whether a frame lies above the with-block and is not the end of it."""
        if frame is None or frame is self._frame or frame.f_code in _ENDING:
            return False
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is not None

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        if not self.is_inside(frame) or self._countdown.lasts() > 0:
            signal.setitimer(signal.ITIMER_REAL, max(self._countdown.lasts(), RETRY))
        elif not self.passed:
            self._note(frame)
            signal.setitimer(signal.ITIMER_REAL, GRACE)
            raise OutOfTime
        else:
            exception = OutOfTime()
            for _ in map(ctypes.pythonapi.PyErr_SetInterruptEx, (signal.SIGALRM,)):  # as in OutOfTime
                raise exception

    def _watch(self) -> None:
        wait = self._countdown.lasts()
        while not self._finished.wait(wait):
            if (wait := self._countdown.lasts()) > 0:
                continue
            with self._lock:
                frame = sys._current_frames().get(self._thread)
                wait = RETRY
                if self._running and self.is_inside(frame):
                    if self.passed:
                        _PURSUED[self._thread] = self
                    self._note(frame)
                    wait = GRACE
                    _throw(ctypes.c_ulong(self._thread), ctypes.py_object(OutOfTime))

    def _note(self, frame: FrameType | None) -> None:
        if not self.passed:
            self.passed = True
            while frame is not None and not is_user_file(frame.f_code.co_filename):
                frame = frame.f_back
            if frame is not None:
                self.place = frame.f_code.co_filename, frame.f_lineno


def _settle(thread: int) -> None:
    """Take one exception from outside. One that was called back leaves Python looking for it for ever, and code that is
    traced then stands still (3.11)."""
    try:
        _throw(ctypes.c_ulong(thread), ctypes.py_object(OutOfTime))
        while True:
            pass
    except OutOfTime:
        return


_PURSUED: dict[int, Deadline] = {}  # by thread: deadlines whose first OutOfTime has been caught by the program
_ENDING = {Deadline.__exit__.__code__, Deadline.lift.__code__, Deadline._on_alarm.__code__, OutOfTime.__new__.__code__}
_throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
