"""Runs a text as a script under a watch, in this process."""

import contextlib
import io
import linecache
import random
import time

import numpy as np

from unstuck.adapters.watch import Outcome, Stopped

NAME = "drawn_script.py"


def runner(text):
    """The `run` that `unstuck.adapters.watch` speaks of, for a script without files of its own."""
    linecache.cache[NAME] = (len(text), None, text.splitlines(keepends=True), NAME)

    def run(watch):
        np.random.seed(0)  # noqa: NPY002 - what scripts draw from
        random.seed(0)
        main = {"__name__": "__main__", "__file__": NAME, **watch.namespace}
        started, error, stopped = time.perf_counter(), None, False
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            try:
                exec(watch.compile(text, NAME), main)
            except Stopped:
                stopped = True
            except Exception as raised:
                error = raised
        return Outcome(stopped, error, time.perf_counter() - started)

    return run
