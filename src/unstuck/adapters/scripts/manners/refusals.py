"""What a script may not do to others: wait for answers, use the network, start or end processes. It is told gently."""

from __future__ import annotations

import builtins
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.manners.whose import acts_for_script, for_the_script, is_ours, replace

MOST_QUESTIONS = 1000  # then input() finds the end of the file: who asks until there is an answer would ask for ever
NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostby")
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "os.startfile")
KILLING = ("os.kill", "os.killpg", "signal.pthread_kill")
NO_NETWORK = "there is no network for a script under unstuck"
NO_PROCESSES = "unstuck starts no other programs for a script"


def refuse(remarks: Remarks) -> None:
    """From now on, in calls that act for the script: empty answers, no network, no processes, no sleep."""
    _answer_questions(remarks)
    _start_nothing(remarks)
    _stay_alive()
    _shorten_sleep(remarks)
    sys.addaudithook(lambda event, args: _audit(event, remarks))


def _audit(event: str, remarks: Remarks) -> None:
    """Whatever way a call took: Python announces what it is about to do."""
    if not event.startswith(("socket.", "subprocess.", "os.", "signal.")) or is_ours():
        return
    kind, sentence, words = next(
        (
            (kind, sentence, words)
            for events, kind, sentence, words in (
                (NETWORK, "network", NO_NETWORK, "it asks for the network: refused"),
                (PROCESSES, "processes", NO_PROCESSES, "it starts another program: refused"),
                (KILLING, "killing", "unstuck ends no processes for a script", "it sends a signal: refused"),
            )
            if event.startswith(events)
        ),
        ("", "", ""),
    )
    if kind and acts_for_script(sys._getframe(2)):
        remarks.add(kind, words)
        raise PermissionError(sentence)


def _answer_questions(remarks: Remarks) -> None:
    asked = 0

    def answer(prompt: object = "") -> str:
        nonlocal asked
        asked += 1
        if asked > MOST_QUESTIONS:
            raise EOFError("nobody answers")
        print(prompt)
        remarks.add("input", f"it asks for input ({' '.join(str(prompt).split())!r}): given an empty line")
        return ""

    replace(builtins, "input", answer)


def _shorten_sleep(remarks: Remarks) -> None:
    sleep = time.sleep

    def short(seconds: float) -> None:
        remarks.add("sleep", "it sleeps: not waited for")
        sleep(0)

    replace(time, "sleep", short)


def _stay_alive() -> None:
    """An end of the process becomes an end of the script."""

    def end(status: int = 0) -> None:
        raise SystemExit(status)

    def end_badly() -> None:
        raise SystemExit("abort")

    replace(os, "_exit", end)
    replace(os, "abort", end_badly)
    replace(signal, "signal", lambda number, handler: signal.getsignal(number))
    for name, answer in (("alarm", 0), ("setitimer", (0.0, 0.0)), ("pause", None), ("sigwait", 0)):
        replace(signal, name, _always(answer))


def _always(answer: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: answer


def _start_nothing(remarks: Remarks) -> None:
    """Other programs end at once, with code 1 and without a word."""

    def refused(command: object = "", *args: object, **kwargs: object) -> int:
        words = " ".join(map(str, command)) if isinstance(command, (list, tuple)) else str(command)
        remarks.add("processes", f"it starts another program ({words}): refused")
        return 1

    replace(os, "system", refused)
    for name in ("spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe"):
        replace(os, name, lambda mode, file, *args: refused(file))

    start = subprocess.Popen.__init__

    def ended(self: Any, args: Any, bufsize: int = -1, *more: Any, **kwargs: Any) -> None:
        refused(args)
        text = any(kwargs.get(name) for name in ("text", "universal_newlines", "encoding", "errors"))
        self.args, self.pid, self.returncode, self._child_created = args, 0, 1, False
        for name in ("stdin", "stdout", "stderr"):
            stream = io.StringIO() if text else io.BytesIO()
            setattr(self, name, stream if kwargs.get(name) == subprocess.PIPE else None)
        said = tuple(stream and stream.getvalue() for stream in (self.stdout, self.stderr))
        answers = {"communicate": said, "poll": 1, "wait": 1, "send_signal": None, "terminate": None, "kill": None}
        for name, answer in answers.items():
            setattr(self, name, _always(answer))

    subprocess.Popen.__init__ = for_the_script(start)(ended)  # type: ignore[method-assign]
