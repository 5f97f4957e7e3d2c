"""`unstuck diagnose` of many programs: the options, the progress, and what is written at the end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstuck.cli.arguments import expect_apart, expect_writable
from unstuck.cli.shell import print_json
from unstuck.errors import CaseError, UnstuckError
from unstuck.writing import write_whole

if TYPE_CHECKING:
    from unstuck.many.examine import Settings
    from unstuck.many.outcome import Outcome
    from unstuck.many.run import Listener, Workers

FOR_MANY = ("jobs", "scheduler", "resume", "trust", "junit")  # options that ask for many programs
FOR_ONE = ("html", "fix", "diff", "parameters", "inputs", "targets", "outputs")
BUDGET = 60.0  # seconds for each, if none are given
RUNS, GRACE = 3, 60.0  # how often a script is begun at most; seconds for starting Python and for drawing the page


def expect_one(file: Path, options: dict[str, Any]) -> None:
    """Raises CaseError where a folder is given, or an option for many programs, without a folder for the reports."""
    asked = [name for name in FOR_MANY if options[name]]
    if file.is_dir():
        raise CaseError(
            f"{file}: is a folder; --out REPORTS examines all programs in it and writes their reports there"
        )
    if asked:
        raise CaseError(f"--{asked[0]}: is for many programs, whose reports go into a folder: expected --out REPORTS")


def expect_no_program(arguments: Sequence[str]) -> None:
    """Raises CaseError where one of the arguments is a program that was meant to be examined too."""
    from unstuck.many.submissions import PROGRAMS

    for argument in arguments:
        if argument.endswith(PROGRAMS):
            raise CaseError(
                f"{argument}: is a second program; --out REPORTS examines many and writes their reports there"
            )


def diagnose_programs(paths: Sequence[Path], options: dict[str, Any]) -> int:
    """Diagnose all programs that these paths name or hold; the exit code.

    Writes into the folder `out`: results.jsonl and a report for each program as they come, then results.json,
    results.csv and index.html. Raises UnstuckError.
    """
    from unstuck.many.junit import as_junit
    from unstuck.many.page import as_page
    from unstuck.many.run import diagnose_all
    from unstuck.many.submissions import find_submissions
    from unstuck.many.summary import as_csv, as_data, as_text, exit_code

    for name in FOR_ONE:
        if options[name]:
            raise CaseError(f"--{name}: is for one program, and cannot be used together with --out")
    out: Path = options["out"]
    if out.exists() and not out.is_dir():
        raise UnstuckError(f"--out {out}: is a file, expected a folder for the reports")
    submissions = find_submissions(paths, out)
    for path, option in ((options["junit"], "--junit"), (options["sarif"], "--sarif")):
        if path:
            expect_writable(path, option, program=[one.path for one in submissions], data=options["data"])
    expect_apart(junit=options["junit"], sarif=options["sarif"])
    with _workers(options) as workers, _progress(len(submissions)) as listen:
        outcomes = diagnose_all(submissions, _settings(options), out, workers, options["resume"], listen)
    written = {
        "results.json": json.dumps(as_data(outcomes), indent=2, allow_nan=False) + "\n",
        "results.csv": as_csv(outcomes),
        "index.html": as_page(outcomes, ", ".join(path.name or str(path) for path in paths[:3])),
    }
    for file, text in written.items():
        write_whole(out / file, text)
    if options["junit"]:
        write_whole(options["junit"], as_junit(outcomes))
    if options["sarif"]:
        _write_sarif(options["sarif"], out, outcomes)
    if options["json_"]:
        print_json(as_data(outcomes))
    else:
        click.echo(f"{as_text(outcomes)}\n{out / 'index.html'}")
    return exit_code(outcomes)


def _settings(options: dict[str, Any]) -> Settings:
    from unstuck.many.examine import Settings
    from unstuck.many.limits import Limits

    budget = options["budget"] or BUDGET
    arguments = [] if options["budget"] is None else ["--budget", str(budget)]
    arguments += ["--no-cures"] if options["no_cures"] else []
    arguments += ["--no-stand-ins"] if options["no_stand_ins"] else []
    arguments += ["--data", options["data"]] if options["data"] else []
    data = (os.path.abspath(options["data"]),) if options["data"] else ()
    return Settings(tuple(arguments), Limits(RUNS * budget + GRACE), data, options["trust"])


@contextmanager
def _workers(options: dict[str, Any]) -> Iterator[Workers]:
    from unstuck.many.run import workers_here, workers_of

    if options["scheduler"] and options["jobs"]:
        raise CaseError("--jobs and --scheduler: a cluster has its own workers, expected one of the two")
    if options["scheduler"]:
        with workers_of(options["scheduler"]) as workers:
            yield workers
    else:
        with workers_here(options["jobs"] or os.cpu_count() or 1) as workers:
            yield workers


@contextmanager
def _progress(total: int) -> Iterator[Listener]:
    """A bar on stderr with what was found so far; nothing where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda outcome: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counts: dict[str, int] = {}
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)

        def listen(outcome: Outcome) -> None:
            counts[outcome.verdict] = counts.get(outcome.verdict, 0) + 1
            found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
            bar.update(task, advance=1, description=found)
            bar.console.print(f"{escape(outcome.name)}: {outcome.verdict}{_because(outcome)}", highlight=False)

        yield listen


def _because(outcome: Outcome) -> str:
    from rich.markup import escape

    if outcome.verdict == "faulty" and outcome.cause is not None:
        return f", {outcome.cause}"
    return f": {escape(outcome.sentence)}" if outcome.sentence else ""


def _write_sarif(path: str, out: Path, outcomes: Sequence[Outcome]) -> None:
    """One document for the findings of all reports."""
    from unstuck.adapters.fixes.sarif import write_sarif
    from unstuck.many.run import REPORTS

    reported = (outcome.report for outcome in outcomes if outcome.report)
    write_sarif(path, [json.loads((out / REPORTS / f"{name}.json").read_text(encoding="utf-8")) for name in reported])
