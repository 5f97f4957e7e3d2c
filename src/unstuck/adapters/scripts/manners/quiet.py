"""The script's own output: a little of it is kept, the rest is forgotten."""

from __future__ import annotations

import io
import os
import sys

from unstuck.sandbox.surroundings import Output


def separate_streams() -> int:
    """Takes standard output away from the script, the process's own descriptors too.

    Returns a new descriptor of what was standard output. Standard input is at its end.
    """
    channel = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if os.environ.get("UNSTUCK_STRICT") else (0, 1, 2):
        os.dup2(silence, descriptor)
    os.close(silence)
    return channel


def quiet_output() -> Output:
    """Fresh streams for a run of the script; answers what keeps the beginning of what is printed."""
    output = Output()
    stream = io.TextIOWrapper(output, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[type-var]
    sys.stdout = sys.stderr = stream
    sys.stdin = io.StringIO("")
    return output
