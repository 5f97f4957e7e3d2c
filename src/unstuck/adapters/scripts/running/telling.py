"""What is told of a script while it is examined: each thing as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unstuck.adapters.scripts.running.failure import sentence
from unstuck.adapters.scripts.running.run import ScriptRun
from unstuck.adapters.scripts.text.places import place_entries
from unstuck.diagnosis.report.contents import plain
from unstuck.diagnosis.report.reading import first_words, reading_lines
from unstuck.diagnosis.report.text import READ

Send = Callable[..., None]


@dataclass(frozen=True)
class Telling:
    """Tells the user of a script what is known of it.

    run   of the script
    send  one message to who started this process
    """

    run: ScriptRun
    send: Send

    def line(self, line: str) -> None:
        """A line of text."""
        self.send("line", text=line)

    def first(self, first: dict[str, Any]) -> None:
        """What one update shows, long before the reading is complete."""
        place_entries(first, self.run.source)
        self.line(f"first update: {first_words(first)}")

    def reading(self, reading: dict[str, Any]) -> None:
        """The reading, once it is complete; what was told before is left out."""
        complete(reading, self.run)
        place_entries(reading, self.run.source)
        self.send("reading", reading=plain(reading))
        told = self.run.supply.given.sentences()
        remarks = [remark for remark in reading["remarks"] if remark not in told]
        for line in (READ, *reading_lines({**reading, "remarks": remarks}), ""):
            self.line(line)


def complete(reading: dict[str, Any], run: ScriptRun) -> None:
    """Adds to a reading what was done in the script's place, and where and why it failed."""
    said = (*run.source.remarks, *run.supply.given.sentences(), *reading["remarks"], *run.remarks.sentences())
    reading["remarks"] = list(dict.fromkeys(said))
    error = run.outcomes[0].error
    if error is not None:
        reading["ended"] = f"{run.source.path}, {sentence(error, run.source, run.wanted, run.remarks.sentences())}"
