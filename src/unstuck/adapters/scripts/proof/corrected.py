"""What else keeps a script from learning whose gradient is proved wrong.

The tables explain a step link by link, and go no further than a gradient that is none of their formulas. With the true
gradients in its place the rest of the diagnosis goes on.
"""

from collections.abc import Collection, Sequence

from unstuck.adapters.scripts.proof.proof_report import in_order_of_data
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.diagnose import diagnose
from unstuck.diagnosis.examination.true_step import with_true_gradients
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.report import Report

OF_OTHER_STAGES = "DAF"  # first letters of the codes of which a step with other gradients tells the truth


def behind_wrong_gradients(case: Case, noted: Collection[str], budget: float) -> list[Finding]:
    """Those of the noted faults of the data, the first weights and the forward pass that matter with true gradients.

    noted  codes of what is true of the script, and was not tried; nothing is diagnosed where none is of these stages
    """
    wanted = {code for code in noted if code[0] in OF_OTHER_STAGES}
    corrected = with_true_gradients(case) if wanted else None
    if corrected is None:
        return []
    return [one for one in diagnose(corrected, budget, cures=False).findings if one.rule.code in wanted]


def with_behind(report: Report, found: Sequence[Finding]) -> Report:
    """The report with these of its notes as findings."""
    named = {finding.rule.code for finding in found}
    report.findings = in_order_of_data([*report.findings, *found])
    report.notes = [note for note in report.notes if note.rule.code not in named]
    return report
