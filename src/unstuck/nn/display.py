"""What terminals and notebooks show of a network and of its history: tables, and learning curves as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from unstuck.nn.layers import Dense

Curves = Mapping[str, Sequence[float | None]]  # one value an epoch
COLUMNS = ("layer", "inputs", "units", "activation", "dropout", "parameters")

WIDTH, HEIGHT = 320, 190  # pixels of one diagram
LEFT, RIGHT, TOP, BOTTOM = 48, 308, 34, 160  # its plane
COLORS = {"train": "#2f7fd1", "validation": "#d1702f"}  # readable on white and on black


def layer_rows(layers: Sequence[Dense], dropout: Sequence[float]) -> list[tuple[str, ...]]:
    """The cells of `COLUMNS` for each layer; dropout is that of the units of each hidden layer."""
    rows: list[tuple[str, ...]] = []
    for i, (layer, rate) in enumerate(zip(layers, (*dropout, 0.0)), start=1):
        n_in, n_out = layer.weights.shape
        count = layer.weights.size + (0 if layer.biases is None else layer.biases.size)
        rows.append((str(i), str(n_in), str(n_out), layer.activation.name, f"{rate:g}" if rate else "", f"{count:,}"))
    return rows


def network_text(facts: str, layers: Sequence[Dense], dropout: Sequence[float]) -> str:
    """The facts, and a table of the layers below them."""
    rows = [COLUMNS, *layer_rows(layers, dropout)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
    return "\n".join([facts, *lines])


def network_html(facts: str, layers: Sequence[Dense], dropout: Sequence[float]) -> str:
    """The same as an HTML table."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in layer_rows(layers, dropout))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    caption = f"<caption>{escape(facts)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def history_html(facts: str, losses: Curves, accuracies: Curves) -> str:
    """The facts, and loss and accuracy by epoch as two diagrams in one SVG image."""
    title = escape(facts)
    diagrams = [diagram("loss", losses)]
    if any(value is not None for values in accuracies.values() for value in values):
        diagrams.append(diagram("accuracy", accuracies))
    placed = "".join(f'<g transform="translate({i * WIDTH} 0)">{part}</g>' for i, part in enumerate(diagrams))
    width = WIDTH * len(diagrams)
    return (
        f"<p>{title}</p>"
        f'<svg role="img" aria-label="{title}" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="currentColor">{placed}</svg>'
    )


def diagram(quantity: str, curves: Curves) -> str:
    """Curves by epoch with axes and names, as SVG; values that are None or not finite leave a gap."""
    finite = [value for values in curves.values() for value in values if value is not None and math.isfinite(value)]
    ticks = round_ticks(min(finite, default=0.0), max(finite, default=1.0))
    epochs = max(map(len, curves.values()))
    across = (RIGHT - LEFT) / max(1, epochs - 1)
    up = (BOTTOM - TOP) / (ticks[-1] - ticks[0])

    parts = [f'<text x="{LEFT}" y="14" font-weight="bold">{quantity}</text>']
    for tick in ticks:
        y = BOTTOM - (tick - ticks[0]) * up
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.6g}</text>')
    for epoch in sorted({1, (epochs + 1) // 2, epochs} - {0}):
        x = LEFT + (epoch - 1) * across
        parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 15}" text-anchor="middle">{epoch}</text>')
    parts.append(f'<text x="{RIGHT}" y="{BOTTOM + 28}" text-anchor="end">epoch</text>')
    for i, (name, values) in enumerate((name, values) for name, values in curves.items() if len(values)):
        points = [
            (LEFT + at * across, BOTTOM - (value - ticks[0]) * up)
            for at, value in enumerate(values)
            if value is not None and math.isfinite(value)
        ]
        color = COLORS[name]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in points[-1:]]
        parts.append(f'<text x="{LEFT + 90 + 70 * i}" y="14" fill="{color}">{name}</text>')
    return "".join(parts)


def round_ticks(low: float, high: float) -> list[float]:
    """Two to six multiples of 1, 2 or 5 times a power of ten that enclose low and high."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * part for part in (0.2, 0.5, 1, 2, 5) if span <= 4 * power * part)
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [i * step for i in range(first, last + 1)]
