"""A report: the contents of a diagnosis, and the forms in which they are told."""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.diagnosis.report.contents import Contents
from unstuck.diagnosis.report.text import as_text


@dataclass
class Report(Contents):
    """The outcome of a diagnosis. findings are in the order data flows; notes are true and harmless.

    portrait: what the page draws beside the words; None where no twin could be trained.
    """

    def __str__(self) -> str:
        return as_text(self)

    def to_html(self, path: str) -> None:
        """Write the report as one self-contained HTML file."""
        from unstuck.diagnosis.report.page.document import write_html

        write_html(self, path)

    def _repr_html_(self) -> str:
        from unstuck.diagnosis.report.page.document import as_notebook_cell

        return as_notebook_cell(self)
