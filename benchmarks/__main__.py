"""python -m benchmarks: measure, print tables, write JSON and pictures."""

import importlib
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.limits import BEST, choices, limited
from benchmarks.peers import MODULES
from benchmarks.picture import draw
from benchmarks.plan import Plan
from benchmarks.processor import LEVELS, describe_machine, levels_of, processor_flags
from benchmarks.row import OURS, Row
from benchmarks.sizes import SIZES
from benchmarks.table import build_table, describe_limit

PARTS_OF_KERNELS = ("machine", "throughput", "prompt", "inference")  # measured for each instruction set
OTHER_PARTS = ("memory", "growth", "out_of_core", "augmentation", "diagnosis")  # once, with all that the processor has
PARTS = (*PARTS_OF_KERNELS, *OTHER_PARTS)
FOLDER = Path(__file__).parent / "results"
BUSY = 0.5  # load average at the start from which on a warning is given


class Names(click.ParamType):
    """Several of the given names, separated by commas."""

    name = "names"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        chosen = value.split(",") if isinstance(value, str) else list(value)
        for name in chosen:
            if name not in self.names:
                self.fail(f"{name!r}: expected some of {', '.join(self.names)}", param, ctx)
        return chosen


@click.command(context_settings={"show_default": True})
@click.option("--only", type=Names(PARTS), default=",".join(PARTS), help="What to measure.")
@click.option(
    "--isa",
    type=Names((BEST, *LEVELS)),
    default=BEST,
    help="Instruction sets that everybody is limited to, a table for each: best is all that the processor has.",
)
@click.option(
    "--sizes",
    type=Names(tuple("123456")),
    default="1,2,3,4,5,6",
    callback=lambda context, option, names: tuple(SIZES[int(name) - 1] for name in names),
    help="Networks, by their place in sizes.py.",
)
@click.option("--peers", type=Names(tuple(MODULES)), default=",".join(MODULES), help="Whom to measure.")
@click.option("--rounds", type=click.IntRange(1), default=5, help="Repetitions; medians of them are compared.")
@click.option("--seconds", type=float, default=0.3, help="Of one measurement of throughput.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, help="Where results are written."
)
def main(only: list[str], isa: list[str], out: Path, **settings: Any) -> None:
    """Measure unstuck beside other libraries, alternating.

    Libraries that are not installed are skipped and said so, and those that cannot be kept to an instruction set.
    """
    refuse_missing(isa, levels_of(processor_flags()))
    warn(dict(os.environ))
    started = time.perf_counter()
    load_at_start = round(load(), 2)
    runs = [(level, [part for part in only if part in PARTS_OF_KERNELS]) for level in isa]
    runs.append((BEST, [part for part in only if part in OTHER_PARTS]))
    tables = []
    for level, parts in runs:
        with limited(level, os.environ) as limit:
            if parts:
                tables.append(measure(Plan(limit=limit, **settings), parts))
    results = {
        "machine": describe_machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": settings["rounds"],
        "seconds": round(time.perf_counter() - started),
        "load_at_start": load_at_start,
        "tables": tables,
    }
    write(results, out)


def refuse_missing(chosen: list[str], available: list[str]) -> None:
    """A usage error if the processor has not what it is to be limited to."""
    for level in chosen:
        if level != BEST and level not in available:
            raise click.UsageError(f"--isa {level}: this processor has no {LEVELS[level]}, or does not say so")


def warn(environment: dict[str, str]) -> None:
    """What else would distort the numbers: other programs, and variables that choose kernels."""
    if load() > BUSY:
        print(f"other programs are running (load {load():.1f}): they distort what is measured", file=sys.stderr)
    if chosen := choices(environment):
        print(f"not passed on to what is measured: {', '.join(chosen)}", file=sys.stderr)


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def measure(plan: Plan, parts: list[str]) -> dict[str, Any]:
    """One table: its rows, and all that must be known to read them."""
    rows: list[Row] = []
    seconds = {}
    for part in parts:
        started = time.perf_counter()
        for row in importlib.import_module(f"benchmarks.parts.{part}").measure(plan):
            rows.append(row)
            said = ", ".join(f"{peer} {row.median(peer):,.4g}" for peer in row.values)
            print(f"{plan.limit.isa}  {row.part}: {row.what}: {said} {row.unit}", file=sys.stderr)
        seconds[part] = round(time.perf_counter() - started)
    return {
        "isa": plan.limit.isa,
        "hidden": plan.limit.hidden,
        "seconds": seconds,
        "labels": plan.labels,
        "kernels": plan.kernels,
        "skipped": plan.skipped,
        "rows": [row.to_dict() for row in rows],
    }


def write(results: dict[str, Any], folder: Path) -> None:
    """The results as JSON and as pictures in the folder, and as tables on the screen."""
    from rich.console import Console

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console = Console(width=None if sys.stdout.isatty() else 170)
    for table in results["tables"]:
        rows = [Row.from_dict(row) for row in table["rows"]]
        title = f"{results['machine']}; {describe_limit(table['isa'])}"
        if any(row.part == "throughput" and OURS in row.values for row in rows):
            draw(rows, table["labels"], title).savefig(folder / f"throughput-{table['isa']}.png", dpi=120)
        console.print(build_table(rows, table["labels"], title))


if __name__ == "__main__":
    main()
