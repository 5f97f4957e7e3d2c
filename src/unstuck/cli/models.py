"""`unstuck evaluate`, `unstuck predict` and `unstuck export`: what to do with a saved network."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from unstuck.cli.arguments import FilePath, expect_writable
from unstuck.cli.shell import print_json
from unstuck.errors import DataError, UnstuckError
from unstuck.writing import write_whole

if TYPE_CHECKING:
    import numpy as np

    Pictures = tuple[list[str], np.ndarray, dict[str, str], dict[str, str]]


LONGEST_NAME = 12  # characters of a class, in a table


@click.command(short_help="Count right and wrong answers by class.")
@click.argument("model", type=FilePath())
@click.option("--data", type=FilePath(), metavar="PATH", help="A folder, CSV, npz or IDX file.  [default: MNIST]")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def evaluate(model: str, data: str | None, json_: bool) -> None:
    """Count right and wrong answers of a saved network on the test examples."""
    from unstuck.nn.files.model_file import load
    from unstuck.recipes.evaluation import evaluate_dataset, evaluated_part
    from unstuck.recipes.recipes import find_recipe
    from unstuck.recipes.runs import load_data

    network = load(model)
    dataset = load_data(find_recipe("default"), data)
    evaluation, part = evaluate_dataset(network, dataset), evaluated_part(dataset)
    if part == "training" and not json_:
        click.echo(
            f"unstuck: {dataset.name} has no test part: these are training examples, on which a network that was "
            "trained with them looks better than it is",
            err=True,
        )
    if json_:
        print_json(
            {
                "model": model,
                "data": dataset.name,
                "part": part,
                "test_examples": evaluation.n_examples,
                "sizes": list(network.sizes),
                "seconds": round(evaluation.seconds, 3),
                "images_per_second": round(evaluation.n_examples / evaluation.seconds),
                "test_accuracy": evaluation.accuracy,
                "errors": evaluation.errors,
                "confusion": evaluation.confusion.tolist(),
                **({} if network.class_names is None else {"classes": list(network.class_names)}),
            }
        )
        return
    counts = f"{evaluation.errors:,} of {evaluation.n_examples:,} wrong"
    click.echo(f"accuracy {evaluation.accuracy:.2%}, {counts}; rows are true classes, columns predicted ones")
    names = [network.name_of_class(label) for label in range(len(evaluation.confusion))]
    click.echo(confusion_table(evaluation.confusion.tolist(), names))


def confusion_table(confusion: list[list[int]], names: list[str]) -> str:
    """Counts in columns, zeros as dots, with the names of the classes as heads."""
    shown = [name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…" for name in names]
    first = max(4, *map(len, shown))
    width = max(4, len(str(max(map(max, confusion)))) + 1, *(len(name) + 1 for name in shown))
    rows = ["".join(f"{count or '·':>{width}}" for count in row) for row in confusion]
    head = "".join(f"{name:>{width}}" for name in shown)
    return "\n".join([f"{'':{first}}{head}", *(f"{name:>{first}}{row}" for name, row in zip(shown, rows))])


@click.command()
@click.argument("model", type=FilePath())
@click.argument("images", nargs=-1, type=FilePath(), metavar="IMAGE…")
@click.option("--data", type=FilePath(), metavar="PATH", help="Images in a CSV, npz or IDX file instead.")
@click.option("--out", type=FilePath(), metavar="CSV", help="Write the answers as ImageId,Label, as Kaggle reads them.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def predict(model: str, images: tuple[str, ...], data: str | None, out: str | None, json_: bool) -> int:
    """Say which digit each image shows. Any size and polarity: centred and scaled as MNIST was.

    An image that cannot be read is named, and the others are answered all the same; the exit code is then 2.
    """
    from unstuck.nn.files.model_file import load

    if bool(images) == (data is not None):
        raise UnstuckError("expected either images or --data PATH")
    if out is not None:
        expect_writable(out, model=model, data=data, image=images)
    network = load(model)
    names, x, unread, doubts = read_images(images) if data is None else rows_of(data)
    if not len(x):
        raise UnstuckError("; ".join(unread.values()))
    scores, labels = network.scores(x), network.predict(x)
    called = [network.name_of_class(label) for label in labels] if network.is_classifier else labels.tolist()
    for sentence in unread.values():
        click.echo(f"unstuck: {sentence}", err=True)
    if out is not None:
        table = StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerows([("ImageId", "Label"), *zip(names, called)])
        write_whole(out, table.getvalue())
    if json_:
        answers = zip(names, labels.tolist(), scores.tolist())
        predictions: list[dict[str, Any]] = [
            {
                "image": name,
                "label": label,
                **({"class": network.name_of_class(label)} if network.class_names is not None else {}),
                "scores": row,
                **({"doubt": doubts[name]} if name in doubts else {}),
            }
            for name, label, row in answers
        ]
        predictions += [{"image": name, "error": sentence} for name, sentence in unread.items()]
        print_json({"model": model, "predictions": predictions})
    elif out is not None:
        click.echo(f"{len(x):,} answers written to {out}")
    else:
        for name, label, row in zip(names, called, scores):
            said = f", but it {doubts[name]}" if name in doubts else ""
            click.echo(f"{name}: {label}  (score {row.max():.3f}{said})")
    return 2 if unread else 0


def read_images(paths: tuple[str, ...]) -> Pictures:
    """The names and pixels (n, 784) of the images that can be read, what is wrong with each of the others, and what is
    doubtful of some."""
    import numpy as np

    from unstuck.data.images import read_image_and_doubt

    names: list[str] = []
    rows, unread, doubts = [], {}, {}
    for path in paths:
        try:
            row, doubt = read_image_and_doubt(path)
        except DataError as error:
            unread[path] = str(error)
        else:
            names.append(path)
            rows.append(row)
            if doubt:
                doubts[path] = doubt
    return names, np.array(rows), unread, doubts


def rows_of(path: str) -> Pictures:
    """The images to be answered of a data set, by their number from 1: its test part, or else its training part."""
    from unstuck.data import read_data

    dataset = read_data(path)
    x = dataset.x_test if len(dataset.images_test) else dataset.x_train
    return [str(n) for n in range(1, len(x) + 1)], x, {}, {}


@click.command(short_help="Write a network for other programs.")
@click.argument("model", type=FilePath())
@click.option("--to", "form", type=click.Choice(["onnx", "npz"]), required=True, help="The form to write.")
@click.argument("out", type=FilePath())
def export(model: str, form: str, out: str) -> None:
    """Write a saved network as OUT for other programs: as an ONNX graph, or as NumPy arrays."""
    from unstuck.exchange import export
    from unstuck.nn.files.model_file import load

    expect_writable(out, "OUT", model=model)
    network = load(model)
    export(network, out, form)
    click.echo(f"exported as {out}")
