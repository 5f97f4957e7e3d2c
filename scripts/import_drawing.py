"""The floors of a package as a picture: a box for each room, a line from each room down to those that it imports."""

from html import escape

import imports

BOX, GAP, FLOOR = (112, 30), 16, 66  # width and height of a box, between boxes, from floor to floor; in pixels
MARGIN = 8
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1c1c1e; text-anchor: middle; dominant-baseline: central; }
rect { fill: #f5f6f7; stroke: #5b5f66; } path { fill: none; stroke: #8b9097; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8e8ea; } rect { fill: #212327; stroke: #a0a4ab; } path { stroke: #6c7077; } }
"""

Place = tuple[float, float]


def drawing(package: str) -> str:
    """An SVG file, for light and dark; of the imports that follow from others, none is drawn."""
    graph = {room: below - {"__init__"} for room, below in imports.rooms(package).items() if room != "__init__"}
    floors = [[room for room in floor if room in graph] for floor in reversed(imports.LAW[package])]
    floors = [floor for floor in floors if floor]
    places, width = placed(floors)
    height = FLOOR * len(floors) - (FLOOR - BOX[1]) + 2 * MARGIN
    lines = [line(places[room], places[other]) for room in graph for other in sorted(direct(graph, room))]
    boxes = [box(room, place) for room, place in places.items()]
    title = escape(f"The rooms of {package} and their imports, which all run down")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}"><style>{STYLE}</style><title>{title}</title>'
        f"{''.join(lines)}{''.join(boxes)}</svg>\n"
    )


def placed(floors: list[list[str]]) -> tuple[dict[str, Place], float]:
    """The upper left corner of each room's box, floors centred, the highest first; and the width of all."""
    widths = [len(floor) * (BOX[0] + GAP) - GAP for floor in floors]
    most = max(widths)
    corners = {
        room: (MARGIN + (most - width) / 2 + i * (BOX[0] + GAP), MARGIN + FLOOR * down)
        for down, (floor, width) in enumerate(zip(floors, widths))
        for i, room in enumerate(floor)
    }
    return corners, most + 2 * MARGIN


def direct(graph: dict[str, set[str]], room: str) -> set[str]:
    """What a room imports, without that which another of its imports leads to as well."""
    return graph[room] - set().union(*(imports.reached(graph, other) for other in graph[room]))


def line(upper: Place, lower: Place) -> str:
    x0, y0 = upper[0] + BOX[0] / 2, upper[1] + BOX[1]
    x1, y1 = lower[0] + BOX[0] / 2, lower[1]
    bend = FLOOR / 2
    return f'<path d="M{x0:.0f} {y0:.0f}C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1:.0f}"/>'


def box(room: str, place: Place) -> str:
    x, y = place
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="4"/>'
        f'<text x="{x + BOX[0] / 2:.0f}" y="{y + BOX[1] / 2:.0f}">{escape(room)}</text>'
    )
