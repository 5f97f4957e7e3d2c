"""Whole programs written the way people write them; a fault is an edit of their text, as in a real mistake."""

from .edits import EDITS, PROGRAMS, Edit, load_case, source
from .outcome import WrittenTrial, outcome

__all__ = ["EDITS", "PROGRAMS", "Edit", "WrittenTrial", "load_case", "outcome", "source"]
