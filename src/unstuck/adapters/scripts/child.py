"""Inside the process of a script: the manners are put on, the script is run under a watch, and the answer is sent."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unstuck.adapters.scripts import failure
from unstuck.adapters.scripts.job import Answer, Job
from unstuck.adapters.scripts.manners.files import divert_files
from unstuck.adapters.scripts.manners.locks import end_with_parent, limit, lock
from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.quiet import separate_streams
from unstuck.adapters.scripts.manners.refusals import refuse
from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.run import ScriptRun
from unstuck.adapters.frameworks import examine_framework, framework_of
from unstuck.adapters.scripts.draft import examine
from unstuck.adapters.scripts.source import Source, read_source
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.installed import ChangingFinder
from unstuck.adapters.scripts.stand_ins.libraries import StandInFinder
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.tables import answer_tables
from unstuck.diagnosis.report.page.document import as_html
from unstuck.diagnosis.report.reading import reading_lines
from unstuck.diagnosis.report.text import READ, as_text
from unstuck.errors import CaseError, UnstuckError
from unstuck.nn.engine.compiled.library import cache_folders, load_library

MEMORY = 8 << 30  # bytes of address space for data: what asks for more is told at once, before the machine swaps
Send = Callable[..., None]


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
    send("answer", answer=asdict(answer))
    os._exit(0)


def examine_script(job: Job, send: Send) -> Answer:
    """Run, watch and diagnose one script. Raises UnstuckError if nothing can be said of it."""
    source = read_source(Path(job.path))
    ends = time.perf_counter() + job.budget
    run = prepare(job, source, ends, send)
    supply, started = run.finder.supply, time.perf_counter()

    def listen(line: str) -> None:
        send("line", text=line)

    def show(reading: dict[str, Any]) -> None:
        """Tells the reading as soon as it is known."""
        reading["remarks"] = [*source.remarks, *supply.given.sentences(), *run.remarks.sentences()]
        for line in [READ, *reading_lines(reading)]:
            listen(line)

    framework = framework_of(source.text)
    if framework is None:
        report = examine(run, job, ends, show, listen)
    else:
        report = examine_framework(framework, run, Path(job.path).stem, job.cures, listen, show)
    if report is None:
        raise CaseError(
            failure.why_no_update(run.outcomes[0], source, supply.wanted.sentences(), run.remarks.sentences())
        )
    report.name = Path(job.path).stem
    report.seconds = time.perf_counter() - started
    page = as_html(report) if job.html else ""
    return Answer(report.to_dict(), as_text(report), page)


def prepare(job: Job, source: Source, ends: float, send: Send) -> ScriptRun:
    """Put the manners on this process, once and for all, and answer what runs the script in it."""
    folder = Path(job.folder)
    load_library("float64")  # what a compiler makes is kept outside, where nothing may be written in a moment
    load_library("float32")
    supply: Supply
    overlay = Overlay(folder / "overlay", lambda path: supply.file(path))
    digits = Digits(Path(job.data) if job.data else None, job.share)
    supply = Supply(source.text, digits, folder / "data", overlay.has, job.stand_ins)
    supply.on_written = lambda slow: send("stands in", slow=slow)
    remarks = Remarks()
    limit(MEMORY)
    lock([job.folder, *map(str, cache_folders())])
    sys.meta_path.append(finder := StandInFinder(supply))
    sys.meta_path.insert(0, ChangingFinder(supply, overlay))
    answer_tables(supply)
    divert_files(overlay)
    refuse(remarks)
    return ScriptRun(source, job.arguments, overlay, finder, remarks, ends, send)
