"""Inside the process of a script: the manners are put on, the script is run under a watch, and the answer is sent."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from unstuck.adapters.frameworks import choose_backend, examine_framework, framework_of, seed_torch
from unstuck.adapters.scripts.examine import examine
from unstuck.adapters.scripts.manners.files import divert_files
from unstuck.adapters.scripts.manners.locks import end_with_parent, limit, lock
from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.quiet import separate_streams
from unstuck.adapters.scripts.manners.refusals import refuse
from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.reading.naming import naming
from unstuck.adapters.scripts.running.failure import why_no_update
from unstuck.adapters.scripts.running.job import Answer, Job
from unstuck.adapters.scripts.running.printing import Printing
from unstuck.adapters.scripts.running.run import ScriptRun
from unstuck.adapters.scripts.running.telling import Send, Telling
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.installed import ChangingFinder
from unstuck.adapters.scripts.stand_ins.libraries import StandInFinder
from unstuck.adapters.scripts.stand_ins.old_names import answer_old_names
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.tables import answer_tables
from unstuck.adapters.scripts.text.places import place_entries, placed
from unstuck.adapters.scripts.text.source import Source, read_source
from unstuck.diagnosis.report.page.document import as_html
from unstuck.diagnosis.report.text import as_text
from unstuck.errors import CaseError, UnstuckError
from unstuck.nn.engine.compiled.library import load_library
from unstuck.sandbox import clock
from unstuck.sandbox.deadline import OutOfTime

RUNNING = 0.6  # of the budget, at most: the rest is for the diagnosis
ALMOST_ALL = 0.95  # of the budget, where the diagnosis itself runs the script
MEMORY = 8 << 30  # bytes of address space for data: what asks for more is told at once, before the machine swaps


def main() -> None:
    """Reads a job from standard input, does it, and ends the process at once, whatever threads still run."""
    end_with_parent(int(sys.argv[2]))
    job = Job.from_json(sys.stdin.read())
    channel = os.fdopen(separate_streams(), "w", encoding="utf-8")

    def send(kind: str, **values: Any) -> None:
        channel.write(json.dumps({"kind": kind, **values}) + "\n")
        channel.flush()

    try:
        answer = examine_script(job, send)
    except UnstuckError as error:
        answer = Answer(sentence=str(error))
    except Exception as error:
        if os.environ.get("UNSTUCK_STRICT"):
            raise
        answer = Answer(
            sentence=f"{job.path}: unstuck itself failed: {type(error).__name__}: {error} (please report it)"
        )
    send("answer", answer=asdict(answer))
    os._exit(0)


def examine_script(job: Job, send: Send) -> Answer:
    """Run, watch and diagnose one script. Raises CaseError if nothing can be said of it."""
    source, here = read_source(Path(job.path)), os.getcwd()
    if job.text is not None:
        source = replace(source, text=job.text)
    names = naming(job.names, source)
    started, really_started = clock.now(), clock.real_now()
    run = prepare(job, source, started + RUNNING * job.budget, send)
    framework = framework_of(source.text)
    if framework is None:
        choose_backend()
    if job.printed:
        if framework is not None:
            seed_torch(job.seed)
        run.ends, run.seed = started + job.budget, job.seed
        outcome = run(printing := Printing())
        return Answer({"printed": printing.lines, "ended": not isinstance(outcome.error, OutOfTime)})
    telling = Telling(run, send)
    if framework is None:
        report = examine(run, job, started + job.budget, names, telling)
    else:
        run.ends = started + ALMOST_ALL * job.budget  # its experiments are runs of the script
        report = examine_framework(framework, run, job.path, job.cures, telling.line, telling.reading)
    if report is None:
        raise CaseError(why_no_update(run.outcomes[0], source, run.wanted, run.remarks.sentences()))
    os.chdir(here)  # paths are told as one would type them there
    report.findings, report.notes = placed(report.findings, source), placed(report.notes, source)
    place_entries(report.proof or {}, source)
    place_entries([entry for entry in report.listing or [] if entry["file"] == source.filename], source)
    report.name = Path(job.path).stem
    report.seconds = clock.real_now() - really_started
    page = as_html(report) if job.html else ""
    return Answer(report.to_dict(), as_text(replace(report, reading=None)), page)  # its reading was told before


def prepare(job: Job, source: Source, ends: float, send: Send) -> ScriptRun:
    """Put the manners on this process, once and for all, and answer what runs the script in it."""
    folder = Path(job.folder)
    load_library("float64")  # before the lock, as every file outside of the folder
    load_library("float32")
    supply: Supply
    overlay = Overlay(folder / "overlay", lambda path: supply.file(path))
    digits = Digits(Path(job.data) if job.data else None, job.share)
    supply = Supply(source.text, digits, folder / "data", overlay.has, job.stand_ins)
    supply.given = Remarks(lambda remark: send("line", text=remark), source.place)
    supply.on_written = lambda slow: send("stands in", slow=slow)
    remarks = Remarks(place=source.place)
    limit(MEMORY)
    lock([job.folder])
    sys.meta_path.append(finder := StandInFinder(supply))
    sys.meta_path.insert(0, ChangingFinder(supply, overlay))
    answer_tables(supply)
    answer_old_names(supply)
    divert_files(overlay)
    refuse(remarks)
    return ScriptRun(source, job.arguments, overlay, finder, remarks, ends, send)
