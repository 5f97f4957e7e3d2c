"""The process behind a job: a request as one line of JSON on stdin, what happens as lines of JSON on stdout.

Each line has one key: `point` is added to what was said before, `snapshot` takes the place of the one before, `result`
or `error` is the last word. A second line on stdin asks to stop; its end means that the server has gone.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from unstuck.errors import UnstuckError

Say = Callable[..., None]


def main() -> None:
    """Do what is asked for on stdin."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what programs print is none of our lines
    sys.stdout = sys.stderr

    def say(**message: Any) -> None:
        out.write(json.dumps(finite(message), allow_nan=False) + "\n")
        out.flush()

    request = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=listen, args=(stop, request["task"] == "train"), daemon=True).start()
    try:
        TASKS[request["task"]](say, stop, **request["settings"])
    except UnstuckError as error:
        say(error=str(error))
    except MemoryError:
        say(error="there was not enough memory for this")


def listen(stop: threading.Event, gently: bool) -> None:
    """Wait for the wish to stop: training ends its update and is evaluated, other work ends at once."""
    if sys.stdin.readline() and gently:
        stop.set()
        sys.stdin.readline()  # until the server closes it
    os._exit(0)


def finite(value: Any) -> Any:
    """The value with None for numbers that are not finite, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def train(say: Say, stop: threading.Event, **settings: Any) -> None:
    """Train a recipe with changes; what is learnt is left as model.safetensors."""
    from unstuck.web.live_training import train_live

    train_live(say, stop, **settings)


def run(say: Say, stop: threading.Event, program: str, cured: bool) -> None:
    """Run a program of the gallery as its author does."""
    last = None
    for updates, loss, accuracy in load_program(program, cured).training():
        last = {"update": int(updates), "loss": float(loss), "accuracy": float(accuracy)}
        say(point=last)
    say(result=last)


def diagnose(say: Say, stop: threading.Event, program: str, cured: bool) -> None:
    """Diagnose a program of the gallery."""
    from unstuck.diagnosis.diagnose import diagnose
    from unstuck.diagnosis.report.page.document import as_fragment
    from unstuck.web.limits import DIAGNOSIS_BUDGET

    case = load_program(program, cured).build(0)
    case.name = program
    report = diagnose(case, DIAGNOSIS_BUDGET, listen=lambda line: say(point={"line": line}))
    codes = [finding.rule.code for finding in report.findings]
    say(result={"verdict": report.verdict, "codes": codes, "html": as_fragment(report)})


def program(say: Say, stop: threading.Event, text: str, kind: str, fix: bool) -> None:
    """Diagnose a program of the visitor's own as the shell does, and look for its fix."""
    from unstuck.adapters.fixes.files import content
    from unstuck.adapters.fixes.trials import fix_of
    from unstuck.adapters.scripts.running.job import Job
    from unstuck.adapters.scripts.running.process import diagnose_script
    from unstuck.adapters.scripts.text.source import read_source
    from unstuck.web.limits import PROGRAM_BUDGET

    name = "program.ipynb" if kind == "notebook" else "program.py"
    Path(name).write_text(text, encoding="utf-8")
    source = read_source(Path(name))
    job = Job(name, budget=PROGRAM_BUDGET, html=True)
    answer = diagnose_script(job, lambda line: say(point={"line": line}))
    report = answer.reported()
    body = answer.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    result = {"verdict": report["verdict"], "html": body, "name": f"fixed-{name}", "fix": None, "fixed": ""}
    if fix:
        found = fix_of(job, report, lambda line: say(point={"line": line}))
        result |= {"fix": found.to_dict(name), "fixed": content(source, found.text).decode()}
    say(result=result)


def load_program(name: str, cured: bool) -> ModuleType:
    """A program of the gallery from a file in the working folder: the diagnosis points to its lines there."""
    from unstuck.web.gallery import PROGRAMS

    program = PROGRAMS[name]
    path = Path(f"{name}.py").resolve()
    path.write_text(program.cured_source if cured else program.source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TASKS: dict[str, Callable[..., None]] = {"train": train, "run": run, "diagnose": diagnose, "program": program}

if __name__ == "__main__":
    main()
