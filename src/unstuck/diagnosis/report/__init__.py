"""What was found, told: `report.py` as data, `text.py` in words, `page/` as a page with the numbers of `portrait/`."""

from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.report import Report

__all__ = ["Cure", "Finding", "Report"]
