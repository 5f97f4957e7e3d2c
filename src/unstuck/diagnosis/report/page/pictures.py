"""What of a portrait is drawn, and how: pairs of (SVG, caption)."""

from __future__ import annotations

import base64
import io

import numpy as np

from unstuck.charts import (
    Axis,
    Series,
    bar_chart,
    histogram_chart,
    line_chart,
    matrix_chart,
    number,
    scatter_chart,
)
from unstuck.diagnosis.report.portrait.comparison import Comparison
from unstuck.diagnosis.report.portrait.data import (
    LabelledPicture,
    class_counts,
    classes_said,
    input_values,
    label_order,
    labelled_pictures,
)
from unstuck.diagnosis.report.portrait.layers import Layer, histogram
from unstuck.diagnosis.report.portrait.portrait import Portrait
from unstuck.diagnosis.report.portrait.training import Mistake, Training, confusion
from unstuck.diagnosis.twin.training import Setup

Array = np.ndarray
BEFORE, AFTER = "before", "after"  # classes of marks, and their words
WORDS = {BEFORE: "as it is", AFTER: "put right"}
KINDS = (BEFORE, AFTER)
TAIL = 0.01  # share of the smallest sizes that stand in the first bin
MOST_STRETCHED = 4.0  # times as far as the program's own numbers reaches the axis of the formulas'


# -- training ----------------------------------------------------------------------------------------------------------


def learning_curves(portrait: Portrait) -> str:
    """The score on held-out examples by update, as it is and as cured."""
    return curves(dict(zip((WORDS[kind] for kind in KINDS), portrait.trained, strict=False)), quantity(portrait.before))


def curve_without(portrait: Portrait, code: str) -> str:
    """The cured training beside the same with one fault left in; "" where that is not known."""
    spoilt, after = portrait.trained_spoilt.get(code), portrait.trained[-1]
    if spoilt is None:
        return ""
    return curves({f"{code} left in": spoilt, "all put right": after}, quantity(portrait.before), 350, 200)


def curves(trainings: dict[str, Training], label: str, width: float = 460, height: float = 250) -> str:
    """Learning curves over one axis; one that ended before the others goes on dotted at its last score."""
    last = max(training.updates[-1] for training in trainings.values()) or 1
    series: list[Series] = []
    for kind, (name, training) in zip(KINDS, trainings.items(), strict=False):
        series.append(Series(f"{training.scores[-1]:.0%} {name}", training.updates, training.scores, kind))
        if training.updates[-1] < last:
            ends = [training.scores[-1]] * 2
            series.append(Series("", [training.updates[-1], last], ends, f"{kind} afterwards"))
    title = "; ".join(f"{name}: {training.scores[-1]:.1%}" for name, training in trainings.items())
    x, y = Axis(0, last, "updates"), Axis(0, 1, label, percent=True)
    return line_chart(series, x, y, f"learning curves: {title}", width, height)


def quantity(setup: Setup) -> str:
    return "accuracy" if setup.labels_held is not None else "variance explained"


# -- layers ------------------------------------------------------------------------------------------------------------

QUANTITIES = {
    "activations": "outputs of its units",
    "gradients": "gradient entries, size",
    "updates": "first update ÷ weights, size",
}


def layer_histograms(layers: tuple[list[Layer], ...], index: int) -> list[str]:
    """Activations, gradients and updates of one layer, as it is and as cured in the same bins."""
    return [layer_histogram(layers, index, name) for name in QUANTITIES]


def layer_histogram(
    layers: tuple[list[Layer], ...], index: int, name: str, width: float = 240, height: float = 120
) -> str:
    """One quantity of one layer: weights, activations, gradients or updates; "" where it is the same everywhere."""
    found, sizes = [getattr(version[index], name) for version in layers], name in ("gradients", "updates")
    made = histogram(*found, tail=TAIL if sizes else 0.0, whole=sizes)
    if made is None:
        return ""
    label = QUANTITIES.get(name, name)
    axis = Axis(made.low, made.high, label, power=sizes)
    drawn = list(zip(KINDS, made.shares, strict=False))
    return histogram_chart(drawn, axis, f"{layers[0][index].name}: {label}", width, height)


# -- proof -------------------------------------------------------------------------------------------------------------


def proof_scatter(comparison: Comparison) -> str:
    """The program's own numbers against what each formula gives: on the diagonal they are the same."""
    reach = float(np.abs(comparison.own).max()) or float(np.abs(comparison.without_fault).max())
    high = min(max(float(np.abs(comparison.without_fault).max()), reach), MOST_STRETCHED * reach)
    signed = min(comparison.own.min(), comparison.without_fault.min()) < 0
    own, twin = (
        Axis(-1.08 * size if signed else -0.04 * size, 1.08 * size, label)
        for size, label in ((reach, "the program's own number"), (high, "the formula's"))
    )
    clouds = [
        Series("without the fault", comparison.own, comparison.without_fault, AFTER),
        Series("with the fault", comparison.own, comparison.with_fault, BEFORE),
    ]
    title = f"{comparison.what}: with the fault on the diagonal, without it off by {comparison.misses[1]:.0%}"
    return scatter_chart(clouds, own, twin, title)


# -- data --------------------------------------------------------------------------------------------------------------


def inputs_picture(portrait: Portrait) -> tuple[str, str]:
    made = input_values(portrait.before.x)
    if made is None:
        return "", ""
    drawn = histogram_chart([(BEFORE, made.shares[0])], Axis(made.low, made.high, "value"), "input values", 330, 170)
    return drawn, f"The values that reach the network: {number(made.low)} to {number(made.high)}."


def test_inputs_picture(portrait: Portrait) -> tuple[str, str]:
    made = input_values(portrait.test[0], portrait.before.x) if portrait.test is not None else None
    if made is None:
        return "", ""
    axis = Axis(made.low, made.high, "value")
    drawn = histogram_chart(list(zip(KINDS, made.shares, strict=True)), axis, "input values", 330, 170)
    return drawn, "The values of <b class='before'>test inputs</b> and of <b class='after'>training inputs</b>."


def classes_picture(portrait: Portrait) -> tuple[str, str]:
    counts = class_counts(portrait.before)
    if counts is None:
        return "", ""
    series = [(BEFORE, counts.targets)] + ([(AFTER, counts.labels)] if counts.labels is not None else [])
    drawn = bar_chart(series, [str(k) for k in range(len(counts.targets))], "class", "training examples by class")
    words = "<b class='before'>as the targets say</b>"
    words += " and <b class='after'>as the labels say</b>" if len(series) > 1 else ""
    return drawn, f"Training examples by class, {words}."


def order_picture(portrait: Portrait) -> tuple[str, str]:
    found = label_order(portrait.before)
    if found is None:
        return "", ""
    places, labels = found
    x, y = Axis(0, float(places.max()) or 1.0, "position in the training set"), Axis(-0.5, labels.max() + 0.5, "label")
    return scatter_chart([Series("", places, labels, BEFORE)], x, y, "labels in their order"), (
        "The labels in the order in which the examples come."
    )


def training_strip(portrait: Portrait) -> tuple[str, str]:
    setup = portrait.before
    words = "Training inputs as they reach the network, with the class that their targets say."
    return strip(labelled_pictures(setup.x, classes_said(setup))), words


def test_strip(portrait: Portrait) -> tuple[str, str]:
    if portrait.test is None:
        return "", ""
    return strip(labelled_pictures(*portrait.test)), "Test inputs with their labels, as the program has them."


def strip(examples: list[LabelledPicture]) -> str:
    """A row of pictures with their classes; "" if there are none."""
    items = "".join(
        f"<li>{example_picture(example.picture, str(example.label))}<small>{example.label}</small></li>"
        for example in examples
    )
    return f'<ul class="examples narrow">{items}</ul>' if items else ""


# -- mistakes ----------------------------------------------------------------------------------------------------------


def confusion_picture(training: Training, kind: str) -> str:
    counts = confusion(training)
    if counts is None:
        return ""
    return matrix_chart(counts, kind, "true class", "taken for", f"confusions {WORDS[kind]}")


def mistake_picture(mistake: Mistake) -> str:
    return example_picture(mistake.picture, f"{mistake.label}, taken for {mistake.predicted}")


def example_picture(picture: Array, words: str) -> str:
    """An example (side, side) as an image of dark strokes on light paper."""
    from PIL import Image

    low, high = float(picture.min()), float(picture.max())
    ink = 255 - 255 * (picture - low) / max(high - low, 1e-12)
    buffer = io.BytesIO()
    Image.fromarray(ink.astype(np.uint8)).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img class="example" src="data:image/png;base64,{data}" alt="{words}">'
