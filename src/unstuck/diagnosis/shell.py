"""What the shell needs of the diagnosis: a Case from a file, and the catalogue as text."""

from __future__ import annotations

import importlib.util
import os
import sys
import textwrap
from pathlib import Path
from types import ModuleType

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.diagnose import Listener, diagnose
from unstuck.diagnosis.examples.curves import recorded
from unstuck.diagnosis.pages import in_words
from unstuck.diagnosis.report import Report
from unstuck.diagnosis.rule import SECTIONS, Rule
from unstuck.diagnosis.rules import RULES, find_rule, in_order
from unstuck.errors import CaseError
from unstuck.nn.threads import single_threaded

WIDTH = 100


def diagnose_file(path: str | os.PathLike[str], budget: float, cures: bool, listen: Listener | None = None) -> Report:
    """Diagnose the Case that a Python file defines as `case`, or makes with `build(seed)`. Raises CaseError."""
    with single_threaded():
        return diagnose(read_case(path), budget, cures, listen)


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


def rules_text(code_or_name: str | None) -> str:
    """The catalogue, one line a rule, or one rule in full. Raises CaseError for a name that is not in it."""
    if code_or_name is None:
        return "\n".join(f"{code}  {RULES[code].name:34}  {RULES[code].fact}" for code in in_order(list(RULES)))
    found = find_rule(code_or_name)
    if found is None:
        raise CaseError(f"{code_or_name}: no such rule; `unstuck rules` lists all {len(RULES)}")
    return rule_page(found)


def rule_page(rule: Rule) -> str:
    """A rule in full, in lines that fit a terminal, with the learning curves of its example."""
    kind = f"{rule.stage}, a setting" if rule.setting else rule.stage
    sections = {title: rule.sections[title] for title in SECTIONS if title in rule.sections}
    parts = [f"{rule.code} {rule.name} ({kind})\n{rule.fact}", *(_paragraph(*section) for section in sections.items())]
    curves = recorded().get(rule.code)
    if curves is not None:
        drawn = {"with the fault": curves.faulty, "without it": curves.healthy}
        lines = [f"  {sparkline(scores)}  {scores[-1]:4.0%} {words}" for words, scores in drawn.items()]
        parts.append("\n".join([_paragraph("Example", in_words(curves)), *lines]))
    return "\n\n".join(parts)


def _paragraph(title: str, words: str) -> str:
    lines = textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([title, *lines])


def sparkline(shares: list[float]) -> str:
    """Shares from 0 to 1 as blocks of eight heights."""
    return "".join("▁▂▃▄▅▆▇█"[min(int(8 * share), 7)] for share in shares)
