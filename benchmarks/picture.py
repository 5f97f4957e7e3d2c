"""The throughput of all libraries as a picture."""

from matplotlib.figure import Figure

from benchmarks.row import OURS, Row


def draw(rows: list[Row], labels: dict[str, str], title: str) -> Figure:
    """Images per second at each size, one panel for plain gradient descent and one for momentum."""
    rows = [row for row in rows if row.part == "throughput"]
    kinds = [kind for kind in ("plain", "momentum") if any(row.what.endswith(kind) for row in rows)]
    figure = Figure(figsize=(6.5 * len(kinds), 5), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False, sharey=True)[0], kinds):
        shown = [row for row in rows if row.what.endswith(kind)]
        peers = [peer for peer in labels if any(peer in row.values for row in shown)]
        for i, peer in enumerate(peers):
            places = [y + i * 0.8 / len(peers) for y, row in enumerate(shown) if peer in row.values]
            values = [row.median(peer) for row in shown if peer in row.values]
            color = "#c0392b" if peer == OURS else str(0.25 + 0.6 * i / len(peers))
            axes.barh(places, values, 0.75 / len(peers), label=labels[peer], color=color)
        axes.set_yticks([y + 0.35 for y in range(len(shown))], [row.what.rsplit(",", 1)[0] for row in shown])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlabel("training images per second")
        axes.set_title("gradient descent" if kind == "plain" else "momentum")
    axes.legend(fontsize=8)
    figure.suptitle(title, fontsize=9)
    return figure
