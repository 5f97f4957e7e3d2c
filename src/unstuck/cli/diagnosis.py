"""`unstuck diagnose` and `unstuck rules`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstuck.cli.arguments import Seconds, expect_apart, expect_writable
from unstuck.cli.grouped import GroupedCommand, completing, rule_names, under
from unstuck.cli.many import diagnose_programs, expect_one
from unstuck.cli.shell import print_json
from unstuck.errors import CaseError
from unstuck.writing import write_whole

if TYPE_CHECKING:
    from unstuck.adapters.scripts.running.job import Answer
    from unstuck.diagnosis.diagnose import Listener
    from unstuck.diagnosis.report.report import Report

EXIT_CODES = {"healthy": 0, "faulty": 1, "inconclusive": 2}
BUDGETS = {"case": 30.0, "script": 60.0}  # seconds, if none are given; running a script is a part of them
NAMED = ("parameters", "inputs", "targets", "outputs")


of_report, of_search, of_script, of_fix = map(under, ("Report", "Search", "Scripts", "Fixes"))
of_reading, of_many = under("Scripts that were read wrongly"), under("Many programs at once")


@click.command(cls=GroupedCommand, short_help="Find out why a network does not learn.")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS…]")
@of_report("--json", "json_", is_flag=True, help="Print the report as one JSON document.")
@of_report("--html", type=click.Path(), metavar="PATH", help="Write the report as a page too.")
@of_search(
    "--budget",
    type=Seconds(),
    metavar="SECONDS",
    help="For all of it.  [default: 60 for a script, 30 for a Case]",
)
@of_search(
    "--no-cures",
    is_flag=True,
    help="Leave out the search for the smallest cure; what matters is still decided by experiment.",
)
@of_script(
    "--data", type=click.Path(exists=True), metavar="PATH", help="What to read where the script's data are missing."
)
@of_script("--no-stand-ins", is_flag=True, help="Put nothing in the place of data and modules that are missing.")
@of_fix(
    "--fix",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write the script put right, if that was run and holds.",
)
@of_fix("--diff", is_flag=True, help="Show the change of the script that puts it right.")
@of_report(
    "--sarif", type=click.Path(), metavar="PATH", help="Write the findings for code-scanning pages (SARIF 2.1.0)."
)
@of_many(
    "--out",
    type=click.Path(path_type=Path),
    metavar="REPORTS",
    help="Examine many programs, files and folders, and write their reports into this folder.",
)
@of_many("--jobs", type=click.IntRange(min=1), metavar="N", help="So many at a time.  [default: as there are cores]")
@of_many("--scheduler", metavar="ADDRESS", help="By the workers of a Dask cluster: tcp://host:port.")
@of_many("--resume", is_flag=True, help="Go on where an earlier run stopped.")
@of_many("--junit", type=click.Path(), metavar="PATH", help="Write the results for CI systems (JUnit XML).")
@of_many("--trust", is_flag=True, help="With your own rights, without a wall around them (bubblewrap).")
@of_reading("--parameters", metavar="NAMES", help="The variables that learn: w1,b1,…")
@of_reading("--inputs", metavar="NAME", help="The variable with the inputs.")
@of_reading("--targets", metavar="NAME", help="The variable with the targets.")
@of_reading("--outputs", metavar="NAME", help="The variable with the network's outputs.")
def diagnose(file: Path, arguments: tuple[str, ...], json_: bool, html: str | None, **options: Any) -> int:
    """Find out why the network in FILE does not learn.

    FILE is a Python script or a notebook, as it stands: it is run, watched, and stopped once enough was seen. What
    stands behind -- are its own arguments. A file that defines `case` or `build(seed)` is a Case, wired by hand.
    With --out, FILE and all that follows are files and folders of programs.
    """
    if options["out"]:
        return diagnose_programs([file, *map(Path, arguments)], {**options, "html": html, "json_": json_})
    expect_one(file, options)
    from unstuck.adapters.fixes.files import expect_another_file
    from unstuck.adapters.fixes.terminal import as_text
    from unstuck.adapters.scripts.text.source import defines_a_case, read_source

    if options["fix"]:
        expect_another_file(options["fix"], file)
    for path, option in ((html, "--html"), (options["fix"], "--fix"), (options["sarif"], "--sarif")):
        if path:
            expect_writable(path, option, program=file, data=options["data"])
    expect_apart(html=html, fix=options["fix"], sarif=options["sarif"])
    out, silent = (sys.stderr, sys.stderr is None or not sys.stderr.isatty()) if json_ else (sys.stdout, False)

    def listen(line: str) -> None:
        if not silent:
            click.echo(line, file=out)  # flushed: each line is read as soon as it is known

    if defines_a_case(read_source(file)):
        _expect_nothing_for_scripts(file, arguments, options)
        with descriptor_to_stderr() if json_ else nullcontext():
            answer = _wired(file, html is not None, options, listen)
    else:
        answer = _script(file, arguments, html is not None, options, listen)
    if html and answer.html:
        from unstuck.diagnosis.report.page.document import write_page

        write_page(answer.html, html)
    report = answer.reported()
    if options["sarif"]:
        from unstuck.adapters.fixes.sarif import write_sarif

        write_sarif(options["sarif"], [report])
    if json_:
        print_json(report)
    else:
        click.echo(f"\n{answer.text}")
        if "fix" in report:
            click.echo(f"\n{as_text(report['fix'])}")
    return EXIT_CODES[report["verdict"]]


def _expect_nothing_for_scripts(file: Path, arguments: tuple[str, ...], options: dict[str, Any]) -> None:
    """Raises CaseError where something is asked of a Case that is for scripts only."""
    if options["fix"] or options["diff"]:
        raise CaseError(f"{file}: defines a Case; --fix and --diff change plain scripts, which are read as they are")
    if arguments:
        raise CaseError(f"{file}: defines a Case, which takes no arguments; found {' '.join(arguments)}")
    asked = [name for name in ("data", "no_stand_ins", *NAMED) if options[name]]
    if asked:
        option = f"--{asked[0].replace('_', '-')}"
        raise CaseError(f"{file}: defines a Case, in which everything is named already; {option} is for scripts")


@contextmanager
def descriptor_to_stderr() -> Iterator[None]:
    """What is written to descriptor 1 itself, past sys.stdout, goes to stderr."""
    if sys.__stdout__ is not None:
        sys.__stdout__.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # there are none, as in some services
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _wired(file: Path, page: bool, options: dict[str, Any], listen: Callable[[str], None]) -> Answer:
    """The diagnosis of a Case, in this process."""
    from unstuck.adapters.scripts.running.job import Answer
    from unstuck.diagnosis.report.page.document import as_html

    with redirect_stdout(sys.stderr):  # what the program prints as it is loaded is not our answer
        report = diagnose_file(file, options["budget"] or BUDGETS["case"], not options["no_cures"], listen)
        return Answer(report.to_dict(), str(report), as_html(report) if page else "")


def _script(
    file: Path, arguments: tuple[str, ...], page: bool, options: dict[str, Any], listen: Callable[[str], None]
) -> Answer:
    """The diagnosis of a script, in a process of its own, and the fix where one is wanted."""
    from unstuck.adapters.fixes.files import content
    from unstuck.adapters.fixes.trials import fix_of
    from unstuck.adapters.scripts.running.job import Job
    from unstuck.adapters.scripts.running.process import diagnose_script
    from unstuck.adapters.scripts.text.source import read_source

    job = Job(
        str(file),
        arguments=arguments,
        budget=options["budget"] or BUDGETS["script"],
        cures=not options["no_cures"],
        data=options["data"],
        stand_ins=not options["no_stand_ins"],
        names={name: options[name] for name in NAMED if options[name]},
        html=page,
    )
    answer = diagnose_script(job, listen)
    if answer.report is None or not (options["fix"] or options["diff"]):
        return answer
    fix = fix_of(job, answer.report, listen)
    if options["fix"] and fix.verified:
        write_whole(options["fix"], content(read_source(file), fix.text))
    return replace(answer, report={**answer.report, "fix": fix.to_dict(str(file))})


def diagnose_file(path: str | os.PathLike[str], budget: float, cures: bool, listen: Listener | None = None) -> Report:
    """Diagnose the Case that a Python file defines as `case`, or makes with `build(seed)`. Raises CaseError."""
    from unstuck.adapters.case_file import read_case
    from unstuck.diagnosis import diagnose as method
    from unstuck.nn.blas_threads import single_threaded

    with single_threaded():
        return method.diagnose(read_case(path), budget, cures, listen)


@click.command(short_help="List the faults that are known, or explain one.")
@click.argument("rule", nargs=-1, metavar="[CODE-or-NAME | WORDS]", shell_complete=completing(rule_names))
def rules(rule: tuple[str, ...]) -> None:
    """List the catalogue of faults, explain one in full, or list those that mention WORDS."""
    from unstuck.diagnosis.catalogue.terminal import rules_text

    click.echo(rules_text(" ".join(rule) or None))
