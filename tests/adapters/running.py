"""Programs run under a watch in this process, as the shell runs them in one of their own."""

import contextlib
import io
import json
import linecache
import os
import sys
import time
from pathlib import Path
from types import ModuleType

from unstuck.adapters.watch import Outcome, Stopped
from unstuck.adapters.watched.examine import run_under
from unstuck.adapters.watched.history import History

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"


def runner(path, printed=None):
    """A `run` for a script: from its start, as `__main__`, its output kept in the list `printed`."""
    path = Path(path).resolve()
    text = path.read_text(encoding="utf-8")
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))

    def run(watch):
        started, output, error, stopped = time.perf_counter(), io.StringIO(), None, False
        before = sys.modules["__main__"], os.getcwd()
        module = ModuleType("__main__")
        module.__file__ = str(path)
        vars(module).update(watch.namespace)
        finder = watch.finder(str(path.parent))
        sys.meta_path.insert(0, finder)
        sys.modules["__main__"] = module
        try:
            with contextlib.redirect_stdout(output):
                exec(watch.compile(text, str(path)), vars(module))
        except Stopped:
            stopped = True
        except Exception as raised:
            error = raised
        finally:
            sys.modules["__main__"] = before[0]
            sys.meta_path.remove(finder)
            os.chdir(before[1])
        if printed is not None:
            printed.append(output.getvalue())
        return Outcome(stopped, error, time.perf_counter() - started)

    return run


def written(folder, text):
    """A script with this text, in a folder."""
    path = Path(folder) / "script.py"
    path.write_text(text, encoding="utf-8")
    return path


def history_of(folder, text, watch):
    """What a script with this text does under a watch, which is to the end without an error."""
    outcome = run_under(runner(written(folder, text)), watch)
    assert outcome.error is None, outcome.error
    return History(watch.events, watch.updates)


def pairs(framework):
    """The names of the pairs of programs of a framework, with what is expected of the broken one."""
    folders = sorted(path.parent for path in (PROGRAMS / framework).glob("*/expected.json"))
    return {folder.name: json.loads((folder / "expected.json").read_text(encoding="utf-8")) for folder in folders}
