"""The chain of the training step, each link marked: right, faulty, examined in part, not examined."""

from __future__ import annotations

from html import escape
from typing import Any

from unstuck.diagnosis.report.contents import Contents
from unstuck.diagnosis.rules.rule import STAGES

FAULTY, RIGHT, PARTLY, UNEXAMINED = "faulty", "right", "examined in part", "not examined"
MARKS = {FAULTY: "✗", RIGHT: "✓", PARTLY: "?", UNEXAMINED: "?"}
IDENTIFIED = {"forward": "output", "loss": "loss", "backward": "loss"}  # stage: what is known once it was examined


def stage_states(report: Contents) -> dict[str, str]:
    """For every link of the training step: faulty, right, examined in part or not examined."""
    faulty = {finding.stage for finding in report.findings}
    return states_of(faulty, report.network, " ".join(entry.what for entry in report.unchecked))


def states_of(faulty: set[str], network: dict[str, Any], left_out: str) -> dict[str, str]:
    """The same from the stages with findings, what is known of the network, and the words on what was left out."""
    return {stage: FAULTY if stage in faulty else _state(stage, network, left_out) for stage in STAGES.values()}


def _state(stage: str, network: dict[str, Any], left_out: str) -> str:
    """Right is said only of what was looked at, and looked at in full."""
    if "everything" in left_out:
        return UNEXAMINED
    if stage == "data":
        return PARTLY if any(word in left_out for word in ("inputs", "labels", "examples", "shuffles")) else RIGHT
    if stage == "evaluation":
        return UNEXAMINED if any(word in left_out for word in ("accuracy", "evaluation")) else RIGHT
    if stage == "initial state":
        known = network.get("sizes") and "initialisation" not in left_out
    elif stage == "update":
        known = (network.get("update") or {}).get("learning_rate") is not None
    else:
        known = network.get(IDENTIFIED[stage]) is not None
    return RIGHT if known else UNEXAMINED


def chain(report: Contents) -> str:
    """The links as boxes in the order data flow."""
    boxes = []
    for stage, state in stage_states(report).items():
        codes = " ".join(dict.fromkeys(finding.rule.code for finding in report.findings if finding.stage == stage))
        label = f"{state} <b>{escape(codes)}</b>" if codes else state
        kind = state.replace(" ", "-")
        boxes.append(f'<li class="{kind}"><span class="mark">{MARKS[state]}</span> {stage}<small>{label}</small></li>')
    return f'<ol class="chain" aria-label="the training step">{"".join(boxes)}</ol>'
