"""One script, from its run to its report."""

from __future__ import annotations

import ast
import os
from functools import cache

import numpy as np

from unstuck.adapters.scripts.faults.answering import reads_others
from unstuck.adapters.scripts.faults.decisions import corrections, perceptron_report
from unstuck.adapters.scripts.faults.evaluating import evaluated_as_in_training
from unstuck.adapters.scripts.faults.falling import falls, own_losses
from unstuck.adapters.scripts.faults.in_vain import updated_in_vain
from unstuck.adapters.scripts.faults.locating import with_lines
from unstuck.adapters.scripts.faults.not_finite import with_not_finite
from unstuck.adapters.scripts.faults.replaced import replaced_by_steps
from unstuck.adapters.scripts.faults.same_batch import same_batch
from unstuck.adapters.scripts.faults.seen_faults import (
    lost_updates,
    of_lost_updates,
    one_target_for_all_outputs,
    seen_faults,
)
from unstuck.adapters.scripts.proof.corrected import behind_wrong_gradients, with_behind
from unstuck.adapters.scripts.proof.forward_report import of_forward_faults, with_forward_faults
from unstuck.adapters.scripts.proof.idle import updates_of_nothing
from unstuck.adapters.scripts.proof.listing import listing_of
from unstuck.adapters.scripts.proof.proof_report import joined, not_yet_named, with_seen
from unstuck.adapters.scripts.proof.proving import Proved, prove_recorded
from unstuck.adapters.scripts.reading.naming import Naming
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.steps import name_of
from unstuck.adapters.scripts.reading.update import takes_part
from unstuck.adapters.scripts.recording.hooks import operand_of
from unstuck.adapters.scripts.recording.recording import texts_of
from unstuck.adapters.scripts.running.failure import last_steps
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.telling import Telling
from unstuck.adapters.scripts.study import Studied, study
from unstuck.adapters.watch import Run
from unstuck.autodiff.consequence import loss_of_constant_answers
from unstuck.diagnosis.diagnose import diagnose, with_changes
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.report import Report
from unstuck.sandbox import clock

EVALUATING = 10.0  # seconds, for a run of the evaluation
DIAGNOSING = 30.0  # seconds, of a budget that is not raised on purpose
MOST_NODES = 20_000  # of an update written number by number, for which the proof is made in any case


def examine(run: Run, job: Job, ends: float, names: Naming, telling: Telling) -> Report | None:
    """The report on a script; None where it was never seen to make an update, nor failed on the way to one.

    run      runs the script from its start under a watch
    job      what is asked for
    ends     when to be done, on the clock of budgets
    names    which of its variables are what, where the user says so
    telling  is told what is known as soon as it is
    """
    studied = study(run, max(ends - clock.now(), 1.0), notice=telling.first, names=names)
    reading = studied.reading.to_dict()
    if not studied.reading.parameters:
        findings = list(of_lost_updates(lost_updates(studied.recording.tape)))
        findings = findings or list(replaced_by_steps(studied.recording.tape, ()))
        if findings:
            return Report("", "faulty", 0.0, {}, findings, reading=reading)
        corrected = corrections(studied.recording.tape)
        if corrected is not None:
            return perceptron_report(corrected, reading)
        reading["steps"] = last_steps(studied.recording.tape) if studied.outcome.error is not None else []
        if not reading["steps"]:
            return None
    telling.reading(reading)
    proved = None if _is_long(studied) else _proved(studied)
    if studied.case is None:
        report = Report("", "inconclusive", 0.0, {})
        report.unchecked = [Missing(entry["what"], entry["missing"]) for entry in reading["unread"]]
    else:
        left = min(ends - clock.now(), max(DIAGNOSING, job.budget - DIAGNOSING))
        report = _of_training(diagnose(studied.case, max(left, 3.0), job.cures, telling.line), _negates(studied.read))
        assert studied.read is not None
        report.findings = with_lines(report.findings, studied.read, studied.case, studied.reading.data)
        report.notes = with_lines(report.notes, studied.read, studied.case, studied.reading.data)
        report.findings = with_changes(report)
    if _is_long(studied) and not report.network.get("loss"):
        proved = _proved(studied)
    report.reading = reading
    losses = cache(lambda: _losses(run, studied, proved))
    report = joined(report, proved, lambda: _learns(losses(), proved))
    if studied.case is not None and proved is not None and proved.departures and not report.network.get("loss"):
        report = with_behind(report, _behind(report, studied, ends - clock.now()))
    if not report.findings and studied.read is not None:
        report = with_not_finite(report, studied.read, studied.case, losses)
    report = with_seen(report, _seen(run, studied, proved, report, ends))
    if proved is not None:
        report.proof, report.listing = proved.to_dict(), listing_of(proved)
    return report


def _behind(report: Report, studied: Studied, seconds: float) -> list[Finding]:
    """The notes that keep the script from learning even with true gradients, as findings."""
    assert studied.case is not None
    assert studied.read is not None
    if seconds <= 0 or not report.findings:
        return []
    codes = {note.rule.code for note in report.notes}
    found = behind_wrong_gradients(studied.case, codes, min(seconds, DIAGNOSING))
    return with_lines(found, studied.read, studied.case, studied.reading.data)


def _seen(run: Run, studied: Studied, proved: Proved | None, report: Report, ends: float) -> list[Finding]:
    """What the recording shows by itself: in what was read, in the evaluation, and in the forward pass."""
    examples = next((value.shape[0] for value in studied.reading.data if value.shape), None)
    tape = studied.recording.tape
    seen = list(updates_of_nothing(tape) if studied.read is None else seen_faults(studied.read, examples))
    if studied.read is not None:
        seen += not_yet_named(updated_in_vain(studied.read), report.findings)
    if studied.read is not None and studied.case is not None:
        coded = list(one_target_for_all_outputs(studied.read))
        seen += with_lines(coded, studied.read, studied.case, studied.reading.data)
    update = studied.reading.update
    if studied.read is not None and studied.built is not None and update is not None and examples is not None:
        again = same_batch(run, studied.read, studied.built, examples, update.batch_size)
        seen += [again] if again is not None else []
    seen += replaced_by_steps(studied.recording.tape, studied.chains)
    seen += not_yet_named(studied.apart, [*report.findings, *seen])
    if studied.case is not None and studied.loop is not None and ends > clock.now():
        left, files = min(EVALUATING, ends - clock.now()), texts_of(studied.recording)
        other = reads_others(run, studied.recording, studied.loop, files, studied.case, left)
        seen += [other] if other is not None else []
    if proved is not None:
        left = min(EVALUATING, max(ends - clock.now(), 1.0))
        seen += evaluated_as_in_training(run, studied.recording, list(studied.chains), proved.proofs[0], left)
        seen += not_yet_named(of_forward_faults(proved.forward), report.findings)
    return seen


def _negates(read: Read | None) -> bool:
    """Whether the inputs meet the first weights as `-x`, which is the minus of a sigmoid: `1 / (1 + exp(-x @ W))`."""
    place = None if read is None else read.inputs.place
    operand = None if read is None or place is None else operand_of(place, read.inputs.position)
    return isinstance(operand, ast.UnaryOp) and isinstance(operand.op, ast.USub)


def _of_training(report: Report, negated: bool) -> Report:
    """Without E03: the outputs are those of the training loop, where dropout is meant to be on. Without F04 where the
    inputs are the negated ones, so that the minus that it speaks of is theirs."""
    left_out = ("E03", "F04") if negated else ("E03",)
    kept = [finding for finding in report.findings if finding.rule.code not in left_out]
    if report.findings and not kept:
        report.verdict = "inconclusive"
    report.findings = kept
    return report


def _is_long(studied: Studied) -> bool:
    """Whether the derivative of the recorded update takes long: it is asked only where the tables do not explain it."""
    return studied.read is not None and len(studied.read.update.nodes) > MOST_NODES


def _losses(run: Run, studied: Studied, proved: Proved | None) -> list[float]:
    """The losses that the script writes down in a run of its own."""
    return [] if proved is None else own_losses(run, studied.recording, studied.loop, proved.first)


def _learns(losses: list[float], proved: Proved | None) -> bool | None:
    """Whether the script learns: by its own losses, or by its recorded step repeated where it writes down too few. The
    losses of networks that are updated in turn hold each other up: it is enough that they stay numbers."""
    if proved is not None and proved.turns > 1:
        return bool(np.isfinite(losses).all())
    fall = falls(losses, loss_of_constant_answers(proved.first) if proved is not None and losses else None)
    return fall if fall is not None or proved is None else proved.learns


def _proved(studied: Studied) -> Proved | None:
    """What the derivative of the recorded forward pass says of the recorded gradients."""
    names = [value.name or name_of(chain) for value, chain in zip(studied.reading.parameters, studied.chains)]
    recording, chains = studied.recording, studied.chains
    try:
        proved = prove_recorded(recording.tape, chains, names) if chains and not takes_part(chains) else None
        return proved and with_forward_faults(proved, recording, chains)
    except Exception:  # an unforeseen operation costs the proof, not the report
        if os.environ.get("UNSTUCK_STRICT"):
            raise
        return None
