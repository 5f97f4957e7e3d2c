"""%%unstuck: diagnoses the cell that trains, with what the cells before it have defined.

The cells that ran so far, in the order in which they ran, and this one are a program like any other: it is run and
watched in a process of its own, so that the notebook's variables stay as they are, and its places are told as those of
the cells In[1], In[2], ….
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from unstuck.adapters.fixes.terminal import as_text
from unstuck.adapters.fixes.trials import fix_of
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.process import diagnose_script
from unstuck.errors import UnstuckError

BUDGET = 60.0  # seconds, if none are given
OPTIONS = "%%unstuck [SECONDS] [fix]"


class Magic:
    """The magic of one shell. failed: numbers of the cells that raised since it was loaded."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.failed: set[int] = set()

    def note(self, result: Any) -> None:
        """Remembers a cell that raised: what came after it stands on other feet."""
        if not result.success and result.execution_count:
            self.failed.add(int(result.execution_count))

    def __call__(self, line: str, cell: str) -> None:
        """Diagnoses the cell; a line says how many seconds it may take, and `fix` asks for the change of the source."""
        from IPython.display import HTML, display

        try:
            budget, fix = options(line)
            said, page = diagnosed(self.cells(cell), budget, fix)
        except UnstuckError as error:
            said, page = f"unstuck: {error}", ""
        if page:
            frame = f'<iframe srcdoc="{escape(page)}" style="width: 100%; height: 40em; border: 0"></iframe>'
            display(HTML(f"<div>{frame}</div>"))
        print(said)

    def cells(self, cell: str) -> list[str]:
        """The code of In[1], In[2], … with nothing where a cell failed, and this cell in its place."""
        history = list(self.shell.history_manager.input_hist_raw)
        number = len(history) - 1  # of this one, which is in the history already
        before = [text if index not in self.failed else "" for index, text in enumerate(history[:number])][1:]
        return [*before, f"pass\n{cell}"]  # the magic has a line of its own


def options(line: str) -> tuple[float, bool]:
    """The seconds and whether a fix is wanted. Raises UnstuckError."""
    words = line.split()
    fix = "fix" in words
    numbers = [word for word in words if word != "fix"]
    with suppress(ValueError):
        budget = float(numbers[0]) if numbers else BUDGET
        if len(numbers) <= 1 and 0 < budget < float("inf"):
            return budget, fix
    raise UnstuckError(f"cannot read {line.strip()!r}, expected {OPTIONS}")


def diagnosed(cells: list[str], budget: float, fix: bool) -> tuple[str, str]:
    """What is said of these cells, and the report as a page. Raises UnstuckError if nothing can be said."""
    document = {"nbformat": 4, "cells": [{"cell_type": "code", "source": text} for text in cells]}
    descriptor, name = tempfile.mkstemp(suffix=".ipynb", prefix=".unstuck-", dir=Path.cwd())  # for relative paths
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        job = Job(name, budget=budget, html=True)
        answer = diagnose_script(job, lambda line: None)
        if answer.report is None:
            raise UnstuckError(answer.sentence.replace(name, "the notebook"))
        said = answer.text
        if fix:
            said += f"\n\n{as_text(fix_of(job, answer.report, lambda line: None).to_dict('the notebook'))}"
        return said.replace(name, "the notebook"), answer.html
    finally:
        os.unlink(name)


def load(shell: Any) -> None:
    """Gives a shell the magic."""
    magic = Magic(shell)
    shell.events.register("post_run_cell", magic.note)
    shell.register_magic_function(magic, magic_kind="cell", magic_name="unstuck")
