"""`unstuck diagnose` and `unstuck rules`."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from unstuck.cli.arguments import expect_writable
from unstuck.cli.shell import print_json

if TYPE_CHECKING:
    from unstuck.diagnosis.diagnose import Listener
    from unstuck.diagnosis.report.report import Report

EXIT_CODES = {"healthy": 0, "faulty": 1, "inconclusive": 2}


@click.command(short_help="Find out why a network does not learn.")
@click.argument("file", type=click.Path())
@click.option("--json", "json_", is_flag=True, help="Print the report as one JSON document.")
@click.option("--html", type=click.Path(), metavar="PATH", help="Write the report as a page too.")
@click.option(
    "--budget", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, metavar="SECONDS"
)
@click.option("--no-cures", is_flag=True, help="Name the faults; run no experiments that put them right.")
def diagnose(file: str, json_: bool, html: str | None, budget: float, no_cures: bool) -> int:
    """Find out why the network in FILE does not learn; FILE defines `case` or `build(seed)`."""
    if html:
        expect_writable(html, "--html")
    out, silent = (sys.stderr, not sys.stderr.isatty()) if json_ else (sys.stdout, False)

    def listen(line: str) -> None:
        click.echo(line, file=out)  # flushed: each line is read as soon as it is known

    with redirect_stdout(sys.stderr):  # what the program prints as it is loaded is not our answer
        report = diagnose_file(file, budget, not no_cures, None if silent else listen)
    if html:
        report.to_html(html)
    if json_:
        print_json(report.to_dict())
    else:
        click.echo(f"\n{report}")
    return EXIT_CODES[report.verdict]


def diagnose_file(path: str | os.PathLike[str], budget: float, cures: bool, listen: Listener | None = None) -> Report:
    """Diagnose the Case that a Python file defines as `case`, or makes with `build(seed)`. Raises CaseError."""
    from unstuck.adapters.case_file import read_case
    from unstuck.diagnosis import diagnose as method
    from unstuck.nn.engine.threads import single_threaded

    with single_threaded():
        return method.diagnose(read_case(path), budget, cures, listen)


@click.command(short_help="List the faults that are known, or explain one.")
@click.argument("rule", required=False, metavar="CODE-or-NAME")
def rules(rule: str | None) -> None:
    """List the catalogue of faults, or explain one in full."""
    from unstuck.diagnosis.catalogue.terminal import rules_text

    click.echo(rules_text(rule))
