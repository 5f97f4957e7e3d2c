"""`unstuck evaluate`, `unstuck predict` and `unstuck export`: what to do with a saved network."""

from __future__ import annotations

import os

import click

from unstuck.cli.arguments import expect_writable
from unstuck.cli.shell import print_json
from unstuck.errors import UnstuckError


@click.command(short_help="Count right and wrong answers by class.")
@click.argument("model", type=click.Path())
@click.option("--data", type=click.Path(), metavar="PATH", help="A folder, CSV, npz or IDX file.  [default: MNIST]")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def evaluate(model: str, data: str | None, json_: bool) -> None:
    """Count right and wrong answers of a saved network on the test examples."""
    from unstuck.nn.files.model_file import load
    from unstuck.recipes.evaluation import evaluate_dataset
    from unstuck.recipes.recipes import find_recipe
    from unstuck.recipes.runs import load_data

    network = load(model)
    dataset = load_data(find_recipe("default"), data)
    evaluation = evaluate_dataset(network, dataset)
    if json_:
        print_json(
            {
                "model": model,
                "data": dataset.name,
                "test_examples": evaluation.n_examples,
                "sizes": list(network.sizes),
                "seconds": round(evaluation.seconds, 3),
                "images_per_second": round(evaluation.n_examples / evaluation.seconds),
                "test_accuracy": evaluation.accuracy,
                "errors": evaluation.errors,
                "confusion": evaluation.confusion.tolist(),
            }
        )
        return
    counts = f"{evaluation.errors:,} of {evaluation.n_examples:,} wrong"
    click.echo(f"accuracy {evaluation.accuracy:.2%}, {counts}; rows are true classes, columns predicted ones")
    click.echo(confusion_table(evaluation.confusion.tolist()))


def confusion_table(confusion: list[list[int]]) -> str:
    """Counts in columns, zeros as dots, with the classes as heads."""
    width = max(4, len(str(max(map(max, confusion)))) + 1)
    rows = ["".join(f"{count or '·':>{width}}" for count in row) for row in confusion]
    head = "".join(f"{label:>{width}}" for label in range(len(confusion)))
    return "\n".join([f"    {head}", *(f"{label:>4}{row}" for label, row in enumerate(rows))])


@click.command()
@click.argument("model", type=click.Path())
@click.argument("images", nargs=-1, required=True, type=click.Path(), metavar="IMAGE…")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def predict(model: str, images: tuple[str, ...], json_: bool) -> None:
    """Say which digit each image shows. Any size and polarity: centred and scaled as MNIST was."""
    import numpy as np

    from unstuck.data import read_image
    from unstuck.nn.files.model_file import load

    network = load(model)
    x = np.stack([read_image(image) for image in images])  # (n, 784)
    scores, labels = network.scores(x), network.predict(x)
    if json_:
        answers = zip(images, labels.tolist(), scores.tolist())
        predictions = [{"image": image, "label": label, "scores": row} for image, label, row in answers]
        print_json({"model": model, "predictions": predictions})
        return
    for image, label, row in zip(images, labels, scores):
        click.echo(f"{image}: {label}  (score {row.max():.3f})")


@click.command(short_help="Write a network for other programs.")
@click.argument("model", type=click.Path())
@click.option("--to", "form", type=click.Choice(["onnx", "npz"]), required=True, help="The form to write.")
@click.argument("out", type=click.Path())
def export(model: str, form: str, out: str) -> None:
    """Write a saved network as OUT for other programs: as an ONNX graph, or as NumPy arrays."""
    from unstuck.exchange import export
    from unstuck.nn.files.model_file import load

    expect_writable(out, "OUT")
    network = load(model)
    if os.path.exists(out) and os.path.samefile(model, out):
        raise UnstuckError(f"OUT {out}: is the model itself, expected the name of another file")
    export(network, out, form)
    click.echo(f"exported as {out}")
