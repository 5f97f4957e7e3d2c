"""Pictures of a training run: learning curves, confusion matrix, worst mistakes, first-layer weights.

Each function draws one matplotlib figure from plain arrays. matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.errors import UnstuckError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from unstuck.recipes.runs import Run

Array = np.ndarray

N_MISTAKES = 25
N_UNITS = 64


def draw_run(run: Run) -> dict[str, Figure]:
    """All pictures of a run by name; those of test examples only if there were any."""
    dataset, shape = run.dataset, run.dataset.image_shape
    figures = {"learning-curves": learning_curves(run.history.to_dict())}
    if run.test:
        figures["confusion-matrix"] = confusion_matrix(run.test.confusion)
        mistakes = dataset.images_test, dataset.y_test, run.test.predicted, run.test.scores
        figures["worst-mistakes"] = worst_mistakes(*mistakes, shape)
    figures["first-layer-weights"] = first_layer_weights(run.network.parameters[0], shape)
    return figures


def expect_drawable(folder: str) -> Path:
    """The folder, made if need be; raises UnstuckError before a long training if matplotlib or the right is missing."""
    new_figure(1, 1)
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UnstuckError(f"--plot {folder}: is a file, expected a folder") from None
    if not os.access(path, os.W_OK):
        raise UnstuckError(f"--plot {folder}: cannot write into this folder")
    return path


def learning_curves(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Losses on the left, accuracies on the right, by epoch.

    `curves`: values per epoch under names ending in `_loss` or `_accuracy` ("train_loss"); empty ones are left out.
    """
    figure = new_figure(9, 3.6)
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        for name, values in curves.items():
            if name.endswith(quantity) and len(values):
                label = name.removesuffix(quantity).rstrip("_") or quantity
                axes.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        if axes.has_data():
            axes.legend()
    return figure


def confusion_matrix(confusion: Array) -> Figure:
    """`confusion` (n_classes, n_classes): how often the true class (row) was predicted as another (column)."""
    figure = new_figure(6.5, 6)
    axes = figure.subplots()
    mistakes = np.array(confusion, dtype=float)
    np.fill_diagonal(mistakes, 0)  # else the right answers outshine everything
    axes.imshow(mistakes, cmap="Reds")
    for (true, predicted), count in np.ndenumerate(confusion):
        color = "white" if mistakes[true, predicted] > mistakes.max() / 2 else "black"
        weight = "bold" if true == predicted else "normal"
        axes.text(predicted, true, str(count), ha="center", va="center", fontsize=8, color=color, weight=weight)
    ticks = range(len(confusion))
    axes.set(xlabel="predicted", ylabel="true", xticks=ticks, yticks=ticks)
    return figure


def worst_mistakes(
    images: Array, labels: Array, predicted: Array, scores: Array, image_shape: tuple[int, int] | None
) -> Figure:
    """The wrongly classified images in which the network preferred the wrong class most.

    images (n, n_features), labels and predicted labels (n,), scores (n, n_outputs); no more than 25 are drawn.
    """
    if scores.shape[1] > 1:
        preference = scores.max(axis=1) - scores[np.arange(len(labels)), labels]  # 0 where right
    else:
        preference = np.abs(scores[:, 0] - labels)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-preference[wrong], kind="stable")][:N_MISTAKES]
    figure = new_figure(8, 8.8)
    for axes, i in zip(figure.subplots(5, 5).flat, [*worst, *[None] * (N_MISTAKES - len(worst))]):
        axes.axis("off")
        if i is not None:
            axes.imshow(_picture(images[i], image_shape), cmap="gray_r")
            axes.set_title(f"{labels[i]}, not {predicted[i]}\nimage {i}", fontsize=8)
    return figure


def first_layer_weights(weights: Array, image_shape: tuple[int, int] | None) -> Figure:
    """The incoming weights of each hidden unit as a picture: red excites, blue inhibits, white is 0.

    weights (n_features, n_units); the 64 units with the largest weights are drawn, largest first.
    """
    order = np.argsort(-np.square(weights).sum(axis=0), kind="stable")[:N_UNITS]
    columns = min(8, len(order))
    rows = -(-len(order) // columns)
    figure = new_figure(columns, rows)
    for axes, unit in zip(figure.subplots(rows, columns, squeeze=False).flat, order):
        limit = np.abs(weights[:, unit]).max() or 1.0
        axes.imshow(_picture(weights[:, unit], image_shape), cmap="RdBu_r", vmin=-limit, vmax=limit)
    for axes in figure.axes:
        axes.axis("off")
    return figure


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches, apart from pyplot's global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UnstuckError('--plot needs matplotlib: pip install "unstuck[plot]"') from None
    return Figure(figsize=(width, height), layout="constrained")


def _picture(row: Array, image_shape: tuple[int, int] | None) -> Any:
    return row.reshape(image_shape or (1, -1))
