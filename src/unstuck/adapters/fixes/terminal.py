"""A fix in the terminal: the difference in colours, and what was seen before and after."""

from __future__ import annotations

from typing import Any

import click

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def as_text(fix: dict[str, Any]) -> str:
    """A fix (as data) in words; the shell takes the colours away where there is no terminal."""
    lines = []
    if fix["verified"]:
        lines += ["The change that puts it right, which was run and holds:", ""]
        for line in fix["diff"].splitlines():
            heading = line.startswith(("+++", "---"))
            lines.append(click.style(line, bold=heading, fg=None if heading else COLOURS.get(line[:1])))
        lines += ["", f"before: {_outcome(fix['before'])}", f"after:  {_outcome(fix['after'])}"]
        lines += [f"without the change for {code}: {_outcome(seen)}" for code, seen in fix["without"].items()]
    elif fix["before"]["verdict"] == "faulty":
        lines.append("No change of the source was found that holds when it is run.")
    elif fix["before"]["verdict"] == "inconclusive":
        lines.append("Nothing was found to put right, in a program that could not be examined as a whole.")
    else:
        lines.append("There is nothing to put right.")
    if fix["remaining"]:
        lines += ["", "What a person has to do:" if not fix["verified"] else "What is left:", *fix["remaining"]]
    return "\n".join(lines)


def _outcome(seen: dict[str, Any]) -> str:
    found = f" ({', '.join(seen['findings'])})" if seen["findings"] else ""
    reached = "" if seen["accuracy"] is None else f", accuracy {seen['accuracy']:.1%} in the experiments"
    runs = seen.get("printed_by_seed") or [seen["printed"]]
    told = " or ".join(dict.fromkeys(repr(line.strip()) for line in runs if line is not None))
    printed = f"; prints {told}" if told else ""
    return f"{seen['verdict']}{found}{reached}{printed}"
