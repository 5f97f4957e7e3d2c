"""python -m benchmarks: measure, print one table, write JSON and a picture."""

import importlib
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.peers import MODULES
from benchmarks.picture import draw
from benchmarks.plan import Plan
from benchmarks.row import OURS
from benchmarks.sizes import SIZES
from benchmarks.table import build_table

PARTS = ("machine", "throughput", "prompt", "inference", "memory", "growth", "out_of_core", "augmentation", "diagnosis")
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
    "--sizes", type=Names(tuple("123456")), default="1,2,3,4,5,6", help="Networks, by their place in sizes.py."
)
@click.option("--peers", type=Names(tuple(MODULES)), default=",".join(MODULES), help="Whom to measure.")
@click.option("--rounds", type=click.IntRange(1), default=5, help="Repetitions; medians of them are compared.")
@click.option("--seconds", type=float, default=0.4, help="Of one measurement of throughput.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, help="Where results are written."
)
def main(only: list[str], sizes: list[str], peers: list[str], rounds: int, seconds: float, out: Path) -> None:
    """Measure unstuck beside other libraries, alternating; those that are not installed are skipped and said so."""
    plan = Plan(list(peers), tuple(SIZES[int(size) - 1] for size in sizes), rounds=rounds, seconds=seconds)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY:
        print(f"other programs are running (load {load:.1f}): they distort what is measured", file=sys.stderr)
    started = time.perf_counter()
    rows = []
    for part in only:
        for row in importlib.import_module(f"benchmarks.parts.{part}").measure(plan):
            rows.append(row)
            said = ", ".join(f"{peer} {row.median(peer):,.4g}" for peer in row.values)
            print(f"{time.perf_counter() - started:5.0f} s  {row.part}: {row.what}: {said} {row.unit}", file=sys.stderr)
    machine = describe_machine()
    results = {
        "machine": machine,
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(time.perf_counter() - started),
        "rounds": rounds,
        "load_at_start": round(load, 2),
        "labels": plan.labels,
        "skipped": plan.skipped,
        "rows": [row.to_dict() for row in rows],
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if any(row.part == "throughput" and OURS in row.values for row in rows):
        draw(rows, plan.labels, machine).savefig(out / "throughput.png", dpi=120)
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 170).print(build_table(rows, plan.labels, machine))


def describe_machine() -> str:
    """Processor, cores, system and the versions that matter, in one line."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        name = names[0] if names else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{name}, {cores} cores, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
