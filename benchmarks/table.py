"""The results as one table."""

from rich.table import Table

from benchmarks.limits import BEST
from benchmarks.processor import LEVELS
from benchmarks.row import OURS, Row


def describe_limit(isa: str) -> str:
    """What everybody may use, in words."""
    return "all that the processor has" if isa == BEST else f"everybody limited to {LEVELS[isa]} (x86-64-{isa})"


def build_table(rows: list[Row], labels: dict[str, str], title: str) -> Table:
    """A column for each library; the last says how many times better unstuck is than the best of the others."""
    peers = [peer for peer in labels if any(peer in row.values for row in rows)]
    table = Table(title=title, title_justify="left", caption="medians; ratio: median over the rounds", box=None)
    table.add_column("measured")
    table.add_column("unit")
    for peer in peers:
        table.add_column(labels[peer], justify="right")
    table.add_column("ratio to the best", justify="right")
    part = None
    for row in rows:
        if row.part != part:
            table.add_section()
            part = row.part
        values = [format_number(row.median(peer)) if peer in row.values else "" for peer in peers]
        table.add_row(row.what, row.unit, *values, format_ratio(row))
    return table


def format_number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def format_ratio(row: Row) -> str:
    """Empty where nothing is to be compared, as for exponents."""
    best = row.best_peer
    if best is None or OURS not in row.values or not row.unit or row.part == "machine":
        return ""
    return f"{row.ratio_to(best):.2f} ({best.replace('_', ' ')})"
