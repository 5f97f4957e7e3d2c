"""Draft of examine."""

from unstuck.adapters.scripts.building import Read, build
from unstuck.adapters.scripts.case import CannotReplay
from unstuck.adapters.scripts.living import spelled
from unstuck.adapters.scripts.parameters import ParameterSearch
from unstuck.adapters.scripts.recorder import Recorder, Settings
from unstuck.adapters.scripts.training_loop import find_loop, planned
from unstuck.adapters.scripts.update import read_update
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.diagnose import diagnose
from unstuck.diagnosis.report.report import Report
import time
import numpy as np


def examine(run, job, ends, show, listen):
    search = []

    def updates(recording):
        if not search:
            search.append(ParameterSearch(recording.tape))
        return min((chain.updates for chain in search[0].chains()), default=0)

    recorder = Recorder(updates, Settings(seconds=max(ends - time.perf_counter(), 1)))
    run(recorder)
    chains = search[0].chains() if search else []
    chains = [c for c in chains if c.updates]
    if not chains:
        return None
    update = read_update(recorder.recording, chains, 1)
    loop = find_loop(recorder.recording, chains, update)
    reading = {
        "framework": "numpy",
        "data": [],
        "parameters": [
            {
                "name": getattr(c, "name", None),
                "shape": list(np.shape(c.root.value)),
                "dtype": str(np.asarray(c.root.value).dtype),
                "line": c.root.site.line if c.root.site else None,
                "updated_at": c.changes[0].site.line if c.changes else None,
            }
            for c in chains
        ],
        "unread": [],
    }
    for name in ("inputs", "targets"):
        meeting = getattr(update, name)
        if meeting is not None and meeting.values:
            reading[name] = {"name": None, "shape": list(np.shape(meeting.values[0])), "line": meeting.line}
        else:
            reading["unread"].append({"what": name, "missing": f"--{name}"})
    reading["update"] = {
        "line": loop.place.site.line if loop else None,
        "updates_planned": planned(recorder.recording, loop) if loop else None,
    }
    show(reading)
    left = max(ends - time.perf_counter(), 5)
    try:
        built = build(Read(recorder.recording, chains, update, loop, update.inputs, update.targets), run)
        replay = built.replay
        case = Case(
            predict=replay.predict,
            x=replay.example.x,
            targets=replay.example.t,
            parameters=replay.parameters,
            step=replay.step,
        )
        report = diagnose(case, left, job.cures, listen)
    except CannotReplay as error:
        report = Report("", "inconclusive", 0.0, {})
        reading["unread"].append({"what": "a replay", "missing": str(error)})
    report.reading = reading
    return report
