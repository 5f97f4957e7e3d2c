"""A Case from a Python file that defines `case` or `build(seed)`."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from unstuck.diagnosis.case import Case
from unstuck.errors import CaseError


def read_case(path: str | os.PathLike[str]) -> Case:
    """Run the file and take its `case`, or what its `build(0)` returns."""
    file = Path(path)
    if file.is_dir():
        raise CaseError(f"{file}: is a folder, expected a Python file that defines `case` or `build(seed)`")
    if not file.is_file():
        raise CaseError(f"{file}: no such file, expected a Python file that defines `case` or `build(seed)`")
    if file.suffix != ".py":
        raise CaseError(f"{file}: expected a Python file (.py) that defines `case` or `build(seed)`")
    module = _run(file)
    try:
        case = module.case if hasattr(module, "case") else module.build(0) if hasattr(module, "build") else None
    except (Exception, SystemExit) as error:
        raise CaseError(f"{file}: build(0) raised {type(error).__name__}: {error}") from error
    if not isinstance(case, Case):
        found = "neither" if case is None else type(case).__name__
        raise CaseError(f"{file}: expected `case = unstuck.Case(…)` or a `build(seed)` that returns one, found {found}")
    if not case.name:
        case.name = file.stem
    return case


def _run(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"unstuck_case_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        line = _line_in(error, file)
        raise CaseError(
            f"{file}{line}: raised {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        ) from error
    finally:
        sys.path.remove(str(file.resolve().parent))
    return module


def _line_in(error: BaseException, file: Path) -> str:
    """ ":12" for the deepest line of the file that the error passed through."""
    line, trace = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == file.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return f":{line}" if line else ""
