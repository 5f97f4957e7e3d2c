"""Numbers as SVG: lines, points, histograms, bars, a matrix. Colours come from the page, by the class of each mark.

Drawn here and not by a plotting library, because the page must work without extras, follow its reader's light or dark
colours, and stay small: a chart is a few kilobytes of text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

Array = np.ndarray
CHARACTER = 7.0  # width of a bold one in pixels, about


@dataclass(frozen=True)
class Series:
    """A line or a cloud of points: name, numbers of equal length, and the class that colours it."""

    name: str
    x: Sequence[float] | Array
    y: Sequence[float] | Array
    kind: str


@dataclass(frozen=True)
class Axis:
    """One axis: its range, its label, and how a tick is written."""

    low: float
    high: float
    label: str
    percent: bool = False
    power: bool = False  # ticks are powers of ten

    def ticks(self, most: int = 5) -> list[float]:
        return round_numbers(self.low, self.high, most, whole=self.power)

    def write(self, value: float) -> str:
        if self.percent:
            return f"{100 * value:.0f}%"
        if self.power:
            return f"10{superscript(round(value))}"
        return number(value)


@dataclass(frozen=True)
class Frame:
    """The plane of a chart: data coordinates to pixels."""

    x: Axis
    y: Axis
    width: float
    height: float
    left: float = 54
    right: float = 10
    top: float = 10
    bottom: float = 38

    def at_x(self, value: float) -> float:
        return self.left + (value - self.x.low) / (self.x.high - self.x.low) * (self.width - self.left - self.right)

    def at_y(self, value: float) -> float:
        drawn = self.height - self.top - self.bottom
        return self.height - self.bottom - (value - self.y.low) / (self.y.high - self.y.low) * drawn

    def points(self, x: Sequence[float] | Array, y: Sequence[float] | Array) -> list[tuple[float, float]]:
        """Pixels of all finite points, those outside of the axes moved to the edge."""
        pairs = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
        return [
            (
                self.at_x(min(max(a, self.x.low), self.x.high)),
                self.at_y(min(max(b, self.y.low), self.y.high)),
            )
            for a, b in pairs
        ]

    def axes(self, x_ticks: bool = True, y_ticks: bool = True) -> str:
        """Grid lines with numbers, and the labels of both axes."""
        parts = []
        right, bottom = self.width - self.right, self.height - self.bottom
        for tick in self.y.ticks() if y_ticks else []:
            y = self.at_y(tick)
            parts.append(f'<path class="grid" d="M{self.left:.1f} {y:.1f}H{right:.1f}"/>')
            parts.append(text(self.left - 5, y + 4, self.y.write(tick), "end"))
        for tick in self.x.ticks(max(2, min(5, int((right - self.left) / 55)))) if x_ticks else []:
            x = self.at_x(tick)
            parts.append(f'<path class="grid" d="M{x:.1f} {bottom:.1f}v4"/>')
            parts.append(text(x, bottom + 16, self.x.write(tick), "middle"))
        parts.append(f'<path class="axis" d="M{self.left:.1f} {bottom:.1f}H{right:.1f}"/>')
        parts.append(text((self.left + right) / 2, self.height - 4, self.x.label, "middle", "label"))
        if self.y.label:
            middle = (self.top + bottom) / 2
            parts.append(text(11, middle, self.y.label, "middle", "label", f' transform="rotate(-90 11 {middle:.1f})"'))
        return "".join(parts)


# -- charts ------------------------------------------------------------------------------------------------------------


def line_chart(series: Sequence[Series], x: Axis, y: Axis, title: str, width: float = 420, height: float = 250) -> str:
    """Lines over the same axes; those that have a name bear it at their end, behind a dot."""
    frame = Frame(x, y, width, height, right=16 + CHARACTER * max(len(one.name) for one in series))
    parts = [frame.axes()]
    ends = []
    for one in series:
        points = frame.points(one.x, one.y)
        if not points:
            continue
        parts.append(f'<path class="line {one.kind}" d="{path(points)}"/>')
        if one.name:
            parts.append(dot(*points[-1], one.kind, 3))
            ends.append((points[-1][1], one))
    for (_, one), place in zip(ends, spread([end for end, _ in ends], 15, frame.top + 6, height - 44), strict=True):
        parts.append(text(width - frame.right + 9, place + 4, one.name, "start", f"name {one.kind}"))
    return svg("".join(parts), width, height, title)


def scatter_chart(series: Sequence[Series], x: Axis, y: Axis, title: str, size: float = 300) -> str:
    """Clouds of points on a square, with the diagonal on which both numbers are equal."""
    frame = Frame(x, y, size + 30, size, left=66, right=12)
    low, high = max(x.low, y.low), min(x.high, y.high)
    diagonal = path([(frame.at_x(low), frame.at_y(low)), (frame.at_x(high), frame.at_y(high))])
    parts = [frame.axes(), f'<path class="diagonal" d="{diagonal}"/>']
    for one in series:
        marks = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in frame.points(one.x, one.y))
        parts.append(f'<path class="cloud {one.kind}" d="{marks}"/>')
    return svg("".join(parts), frame.width, frame.height, title)


def histogram_chart(
    shares: Sequence[tuple[str, Array]], x: Axis, title: str, width: float = 240, height: float = 120
) -> str:
    """Histograms over the same bins, as filled outlines; (class, share of each bin) for each."""
    high = max((float(np.max(values)) for _, values in shares if len(values)), default=0.0) or 1.0
    frame = Frame(x, Axis(0, 1.05 * high, ""), width, height, left=18, right=18, bottom=34)
    parts = [frame.axes(y_ticks=False)]
    for kind, values in shares:
        edges = np.linspace(x.low, x.high, len(values) + 1)
        corners = [(edges[0], 0.0)]
        for left, right, value in zip(edges, edges[1:], values, strict=False):
            corners += [(left, value), (right, value)]
        corners.append((edges[-1], 0.0))
        outline = path([(frame.at_x(a), frame.at_y(b)) for a, b in corners])
        parts.append(f'<path class="area {kind}" d="{outline}Z"/>')
    return svg("".join(parts), width, height, title)


def bar_chart(
    series: Sequence[tuple[str, Sequence[float] | Array]],
    labels: Sequence[str],
    x_label: str,
    title: str,
    width: float = 330,
    height: float = 180,
) -> str:
    """Groups of bars, one group a label; (class, heights) for each series."""
    high = max(float(np.max(values)) for _, values in series) or 1.0
    frame = Frame(Axis(0, len(labels), x_label), Axis(0, 1.05 * high, ""), width, height)
    parts = [frame.axes(x_ticks=False)]
    thick = 0.8 / len(series)
    for i, (kind, values) in enumerate(series):
        for j, value in enumerate(values):
            left, top = frame.at_x(j + 0.1 + i * thick), frame.at_y(float(value))
            box = f'width="{frame.at_x(thick) - frame.at_x(0):.1f}" height="{frame.at_y(0) - top:.1f}"'
            parts.append(f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" {box}/>')
    for j, label in enumerate(labels):
        parts.append(text(frame.at_x(j + 0.5), height - frame.bottom + 16, label, "middle"))
    return svg("".join(parts), width, height, title)


def matrix_chart(counts: Array, kind: str, row_label: str, column_label: str, title: str, size: float = 320) -> str:
    """A square table of counts (n, n), off the diagonal as dark as frequent; the diagonal framed."""
    n = len(counts)
    cell = (size - 44) / n
    mistakes = counts - np.diag(np.diag(counts))
    most = max(int(mistakes.max()), 1)
    parts = []
    for i, j in np.ndindex(counts.shape):
        x, y, count = 38 + j * cell, 8 + i * cell, int(counts[i, j])
        strength = mistakes[i, j] / most
        box = f'x="{x:.1f}" y="{y:.1f}" width="{cell - 1:.1f}" height="{cell - 1:.1f}"'
        if i == j:
            parts.append(f'<rect class="cell right" {box}/>')
        elif count:
            parts.append(f'<rect class="cell {kind}" fill-opacity="{0.1 + 0.8 * strength:.2f}" {box}/>')
        if count and n <= 12:
            strong = " strong" if i != j and strength > 0.55 else ""
            parts.append(text(x + cell / 2, y + cell / 2 + 3.5, str(count), "middle", f"count{strong}"))
    for i in range(n):
        parts.append(text(32, 8 + (i + 0.5) * cell + 4, str(i), "end"))
        parts.append(text(38 + (i + 0.5) * cell, size - 20, str(i), "middle"))
    middle = (size - 36) / 2
    parts.append(text(38 + middle, size - 4, column_label, "middle", "label"))
    parts.append(text(11, 8 + middle, row_label, "middle", "label", f' transform="rotate(-90 11 {8 + middle:.1f})"'))
    return svg("".join(parts), size, size, title)


# -- marks -------------------------------------------------------------------------------------------------------------


def svg(content: str, width: float, height: float, title: str) -> str:
    """A chart that shrinks with its column and says what it shows."""
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{content}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str, kind: str = "tick", more: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def dot(x: float, y: float, kind: str, radius: float) -> str:
    return f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places, moved apart to at least `gap` between low and high, in the same order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = [0.0] * len(places)
    last = low - gap
    for i in order:
        last = found[i] = max(places[i], last + gap)
    ceiling = high
    for i in reversed(order):
        found[i] = min(found[i], ceiling)
        ceiling = found[i] - gap
    return found


# -- numbers -----------------------------------------------------------------------------------------------------------


def round_numbers(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """At most about `most` round numbers between low and high; whole ones if asked for."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= 0.999 * rough)
    if whole:
        step = max(1, math.ceil(step))
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """A number as short as it can be read: 0.5, 1,200, 3·10⁻⁴."""
    if value == 0 or abs(value) < 1e-300:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return (f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}").replace("-", "−")
    factor, _, power = f"{value:.1e}".partition("e")
    factor = factor.removesuffix(".0").replace("-", "−")
    return {"1": "", "−1": "−"}.get(factor, f"{factor}·") + f"10{superscript(int(power))}"


def superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
