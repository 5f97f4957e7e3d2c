"""Where numbers stop being finite in the first recorded update: the expression that makes NaN or infinity of numbers.

An infinity that a division turns into zero does no harm, so the way leads back from what is left over at the end of the
update: a new parameter, or a single number, which is a loss, that nothing reads any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.faults.falling import diverge
from unstuck.adapters.scripts.faults.seen_faults import of_diverging
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import ancestors
from unstuck.adapters.scripts.reading.read import Read
from unstuck.autodiff.families import ADDING, DIVIDING, SUMMING
from unstuck.autodiff.tape import LEAF, Node
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES

LOGARITHMS: frozenset[Any] = frozenset({np.log, np.log2, np.log10, np.log1p, math.log})
UNSCALED = "D02"
FEW = 200  # examples of which the outputs are looked at


def with_not_finite(report: Report, read: Read, case: Case | None, losses: Callable[[], list[float]]) -> Report:
    """The report with what keeps the numbers of the first update, or later losses, from being finite."""
    found = list(of_not_finite(read))
    if found and case is not None:
        found = with_size(found, report.notes, case)
    elif not found and report.verdict == "inconclusive":
        found = list(of_diverging(read, diverge(losses())))
    if found:
        report.findings, report.verdict = found, "faulty"
        report.notes = [note for note in report.notes if note.rule.code not in {one.rule.code for one in found}]
    return report


def of_not_finite(read: Read) -> Iterator[Finding]:
    """A finding where the first update leaves a parameter, or else the loss that is written down, not finite."""
    changed = [chain.versions[1] for chain in read.chains if chain.updates and _is_finite(chain.root)]
    broken = [node for node in changed if not _is_finite(node)]
    born = _born(read, broken or _losses_left(read))
    if born is None or born.site is None or (not broken and born.op not in LOGARITHMS):
        return
    code = "L03" if born.op in LOGARITHMS else "F03" if _is_of_softmax(read, born) else "U13"
    left = "parameters are" if broken else "the loss is"
    text = born.site.in_one_line
    words = (
        f"in the first update `{text}` gives NaN or infinity where all it takes is finite: {left} so too from there on"
    )
    yield Finding(RULES[code], PROVED, words, {"updates": 1}, True, None, location(born.site))


def _losses_left(read: Read) -> list[Node]:
    """Single numbers of the first turn that depend on the parameters, are not finite, and that nothing in it reads."""
    turn = read.recording.tape.nodes[read.loop.start : read.loop.end]
    read_on = {parent.number for node in turn for parent in node.parents()}
    depends = read.update.depends
    left = (node for node in turn if depends[node.number] and node.number not in read_on)
    return [node for node in left if not _is_finite(node) and np.size(node.value) == 1]


def _born(read: Read, broken: Sequence[Node]) -> Node | None:
    """The first operation behind these values that makes of finite numbers of the network others."""
    for node in ancestors(list(broken[:1]), read.update.first):
        if not _is_finite(node) and all(_is_finite(parent) for parent in node.parents()):
            return node if node.op is not LEAF and read.update.depends[node.number] else None
    return None


def _is_of_softmax(read: Read, born: Node) -> bool:
    """Whether a value overflows that is then divided by its sum."""
    sums = {node.number for node in read.update.nodes if node.op is born.op and node.parents() == born.parents()}
    for node in read.update.nodes:
        operands = [part.number for part in node.parents()]
        if node.op in SUMMING | ADDING and sums & set(operands):
            sums.add(node.number)
        elif node.op in DIVIDING and len(operands) == 2 and operands[1] in sums and operands[0] in sums:
            return True
    return False


def _is_finite(node: Node) -> bool:
    if isinstance(node.value, tuple | list):
        return True  # several results, each of which is a node of its own
    array = np.asarray(node.value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def with_size(findings: Sequence[Finding], notes: Sequence[Finding], case: Case) -> list[Finding]:
    """With the note on unscaled inputs before them, as a finding, where inputs of unit scale would put these right:
    then all outputs are finite, and where a logarithm is taken none is exactly 0 or 1."""
    noted = [note for note in notes if note.rule.code == UNSCALED]
    if not noted or not findings or findings[0].rule.code not in ("L03", "F03"):
        return list(findings)
    x, of_logarithm = np.asarray(case.x)[:FEW], findings[0].rule.code == "L03"
    size = float(np.sqrt(np.mean(np.square(x, dtype=float)))) or 1.0
    try:
        with np.errstate(all="ignore"):
            spoilt = [_spoilt(case.predict(each), of_logarithm) for each in (x, x / size)]
    except Exception:  # the script's own, with inputs that it does not expect
        return list(findings)
    return [replace(noted[0], matters=True), *findings] if spoilt == [True, False] else list(findings)


def _spoilt(outputs: Any, of_logarithm: bool) -> bool:
    """Whether some outputs are no finite numbers, or exactly 0 or 1, of which a cross-entropy takes the logarithm."""
    array = np.asarray(outputs, float)
    return not np.isfinite(array).all() or (of_logarithm and bool(np.isin(array, (0.0, 1.0)).any()))
