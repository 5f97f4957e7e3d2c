"""The tools that `unstuck mcp` offers to agents, over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from unstuck import __version__
from unstuck.adapters.fixes.files import content, expect_another_file
from unstuck.adapters.fixes.trials import fix_of
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.process import diagnose_script
from unstuck.adapters.scripts.text.source import defines_a_case, read_source
from unstuck.diagnosis.catalogue.terminal import rules_text
from unstuck.errors import CaseError, UnstuckError
from unstuck.sandbox import clock
from unstuck.writing import write_whole

INSTRUCTIONS = """\
Finds out why a neural network does not learn. Diagnose a script first; explain the rules that its findings name; then
ask for a fix, which is only offered if a changed copy was run and holds. Scripts are run, in a process of their own
that writes nothing and has no network."""


def make_server() -> MCPServer:
    """A server with the tools diagnose_file, explain_rule and fix_file."""
    server = MCPServer("unstuck", version=__version__, instructions=INSTRUCTIONS)
    for tool in (diagnose_file, explain_rule, fix_file):
        server.tool()(tool)
    return server


def diagnose_file(path: str, budget: float = 60.0, cures: bool = True) -> dict[str, Any]:
    """Run a plain Python script or notebook under watch and say why its network does not learn.

    Returns the report: verdict, findings with their lines, notes, cures, and what could not be examined.
    """
    return _told(lambda: _report(_job(path, budget, cures)))


def explain_rule(rule: str) -> str:
    """Explain a fault of the catalogue by its code (F01) or name: what it is, why it hurts, the cure, look-alikes."""
    return _told(lambda: rules_text(rule))


def fix_file(path: str, out: str | None = None, budget: float = 60.0) -> dict[str, Any]:
    """Propose the change of a script that puts its faults right, verified by running a changed copy.

    Returns the difference, its edits with their places, and what was seen before and after. The script itself is never
    written to; `out` names another file for the changed program.
    """
    return _told(lambda: _fixed(path, out, budget))


def _fixed(path: str, out: str | None, budget: float) -> dict[str, Any]:
    if out is not None:
        expect_another_file(Path(out), Path(path))
    job = _job(path, budget)
    fix = fix_of(job, _report(job), lambda line: None)
    if out is not None and fix.verified:
        write_whole(out, content(read_source(Path(path)), fix.text))
    return fix.to_dict(path)


def _job(path: str, budget: float, cures: bool = True) -> Job:
    clock.expect_budget(budget)
    return Job(path, budget=budget, cures=cures)


def _report(job: Job) -> dict[str, Any]:
    if defines_a_case(read_source(Path(job.path))):
        raise CaseError(f"{job.path}: defines a Case; `unstuck diagnose` examines those")
    return diagnose_script(job, lambda line: None).reported()


def _told(ask: Any) -> Any:
    """What is asked, or its refusal as the sentence that an agent reads."""
    try:
        return ask()
    except (UnstuckError, OSError) as error:
        raise ToolError(str(error)) from None
