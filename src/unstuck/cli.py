"""The shell: arguments in, text out. Exit codes: 0 done (`diagnose`: healthy), 1 a fault was found, 2 bad input."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstuck import __version__
from unstuck.arguments import BatchSize, Shell, Sizes, underscored
from unstuck.errors import UnstuckError

if TYPE_CHECKING:
    from unstuck.nn.history import History
    from unstuck.nn.history import Progress as TrainingProgress
    from unstuck.nn.training import Callback
    from unstuck.runs import Run

EXIT_CODES = {"healthy": 0, "faulty": 1, "inconclusive": 2}


def as_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, allow_nan=False))


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="unstuck %(version)s")
def main() -> None:
    """Train neural networks that learn, and find out why yours does not."""


@main.command()
@click.option("--recipe", default="default", metavar="NAME", help="Start from a named configuration: unstuck recipes.")
@click.option("--data", type=click.Path(), metavar="PATH", help="A folder, CSV, npz or IDX file.  [default: MNIST]")
@click.option("--hidden", type=Sizes(), metavar="256,128", help="Units of each hidden layer; '' for none.")
@click.option(
    "--activation", callback=underscored, help="Of the hidden layers: sigmoid, tanh, relu, leaky_relu, linear."
)
@click.option("--loss", callback=underscored, help="cross_entropy, binary_cross_entropy, squared_error.")
@click.option("--initializer", callback=underscored, help="he_normal, glorot_uniform, lecun_normal, normal, zeros, …")
@click.option("--optimizer", callback=underscored, help="sgd, momentum, nesterov, rmsprop, adam, adamw.")
@click.option("--learning-rate", type=float)
@click.option("--schedule", callback=underscored, help="constant, step, cosine, one_cycle.")
@click.option("--batch-size", type=BatchSize(), help="Examples in each update, or 'full'.")
@click.option("--epochs", type=click.IntRange(min=1))
@click.option("--l2", type=float, help="Factor of half the sum of the squared weights.")
@click.option("--dropout", type=float, help="Share of the hidden units left out in each update.")
@click.option("--validation", type=click.IntRange(min=0), metavar="N", help="Hold out N training examples.")
@click.option("--early-stopping", type=click.IntRange(min=1), metavar="N", help="Stop after N epochs without gain.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--out", type=click.Path(), default="model.safetensors", metavar="MODEL", show_default=True)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run of the same command.")
@click.option("--plot", type=click.Path(), metavar="DIR", help="Write pictures of the run into this folder.")
@click.option("--plot-format", type=click.Choice(["png", "svg"]), default="png", show_default=True)
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def train(
    recipe: str,
    data: str | None,
    validation: int | None,
    early_stopping: int | None,
    seed: int,
    dtype: str,
    out: str,
    resume: bool,
    plot: str | None,
    plot_format: str,
    json_: bool,
    **changes: Any,
) -> None:
    """Train a network and save it. Without options: MNIST to 98 % in seconds."""
    from unstuck import plots, recipes, runs
    from unstuck.nn.model_file import save

    chosen = recipes.change(recipes.find_recipe(recipe), {name: v for name, v in changes.items() if v is not None})
    expect_writable(Path(out))
    folder = plots.expect_drawable(plot) if plot else None
    dataset = runs.load_data(chosen, data)
    checkpoint = f"{out}.checkpoint"
    with progress_bar() as show:
        run = runs.run(chosen, dataset, seed, dtype, validation, early_stopping, [show], checkpoint, resume)
    save(run.network, out)
    Path(checkpoint).unlink(missing_ok=True)
    if folder:
        for name, figure in plots.draw_run(run).items():
            figure.savefig(folder / f"{name}.{plot_format}", dpi=120)
    if json_:
        as_json({**run.to_dict(), "model": out})
    else:
        click.echo(describe_run(run))
        click.echo(f"saved as {out}")


def expect_writable(path: Path, option: str = "--out") -> None:
    """Says before the long work that its result could not be saved."""
    if path.is_dir():
        raise UnstuckError(f"{option} {path}: is a folder, expected the name of a file")
    if not os.access(path.parent, os.W_OK):
        raise UnstuckError(f"{option} {path}: cannot write into the folder {path.parent}")


@contextmanager
def progress_bar() -> Iterator[Callback]:
    """A training callback that draws on stderr if that is a terminal, and does nothing if it is not."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as bar:
        task = bar.add_task("reading", total=None)

        def show(progress: TrainingProgress) -> None:
            epoch = f"epoch {progress.epoch}/{progress.epochs}"
            bar.update(task, completed=progress.update, total=progress.updates, description=epoch)
            if progress.epoch_done:
                bar.console.print(f"{epoch}  {describe_epoch(progress.history)}", highlight=False)

        yield show


def describe_epoch(history: History) -> str:
    """Loss and accuracies of the last epoch."""
    parts = [f"loss {history.train_loss[-1]:.4f}"]
    for name, accuracies in (("training", history.train_accuracy), ("validation", history.validation_accuracy)):
        if accuracies and accuracies[-1] is not None:
            parts.append(f"{name} accuracy {accuracies[-1]:.2%}")
    return "  ".join(parts)


def describe_run(run: Run) -> str:
    """What was trained on what, how long it took and how well it does."""
    facts = run.to_dict()
    sizes = "-".join(map(str, facts["sizes"]))
    epochs = "1 epoch" if facts["epochs"] == 1 else f"{facts['epochs']} epochs"
    lines = [
        f"{facts['recipe']}: {sizes}; {run.recipe.describe()}",
        f"trained on {facts['train_examples']:,} examples of {facts['data']} for {epochs} "
        f"in {facts['seconds']:.1f} s ({facts['images_per_second']:,} images/s)",
    ]
    if facts["validation_accuracy"] is not None:
        lines.append(f"validation accuracy {facts['validation_accuracy']:.2%}")
    if run.test:
        lines.append(f"test accuracy {run.test.accuracy:.2%}, {run.test.errors:,} of {run.test.n_examples:,} wrong")
    return "\n".join(lines)


@main.command()
@click.argument("model", type=click.Path())
@click.option("--data", type=click.Path(), metavar="PATH", help="A folder, CSV, npz or IDX file.  [default: MNIST]")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def evaluate(model: str, data: str | None, json_: bool) -> None:
    """Count right and wrong answers of a saved network on the test examples."""
    from unstuck.evaluation import evaluate_dataset
    from unstuck.nn.model_file import load
    from unstuck.recipes import find_recipe
    from unstuck.runs import load_data

    network = load(model)
    dataset = load_data(find_recipe("default"), data)
    evaluation = evaluate_dataset(network, dataset)
    if json_:
        as_json(
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


@main.command()
@click.argument("model", type=click.Path())
@click.argument("images", nargs=-1, required=True, type=click.Path(), metavar="IMAGE…")
@click.option("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def predict(model: str, images: tuple[str, ...], json_: bool) -> None:
    """Say which digit each image shows. Any size and polarity: centred and scaled as MNIST was."""
    import numpy as np

    from unstuck.data import read_image
    from unstuck.nn.model_file import load

    network = load(model)
    x = np.stack([read_image(image) for image in images])  # (n, 784)
    scores, labels = network.scores(x), network.predict(x)
    if json_:
        answers = zip(images, labels.tolist(), scores.tolist())
        predictions = [{"image": image, "label": label, "scores": row} for image, label, row in answers]
        as_json({"model": model, "predictions": predictions})
        return
    for image, label, row in zip(images, labels, scores):
        click.echo(f"{image}: {label}  (score {row.max():.3f})")


@main.command("recipes")
def list_recipes() -> None:
    """List the named configurations, their source and the accuracy to expect."""
    from unstuck.recipes import RECIPES

    for recipe in RECIPES.values():
        goal = f", at least {recipe.must_reach:.1%} to expect" if recipe.must_reach else ""
        click.echo(f"{recipe.name}  {'-'.join(map(str, recipe.sizes))}{goal}")
        click.echo(f"    {recipe.describe()}")
        click.echo(f"    from: {recipe.source}")


@main.command()
@click.argument("file", type=click.Path())
@click.option("--json", "json_", is_flag=True, help="Print the report as one JSON document.")
@click.option("--html", type=click.Path(), metavar="PATH", help="Write the report as a page too.")
@click.option(
    "--budget", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, metavar="SECONDS"
)
@click.option("--no-cures", is_flag=True, help="Name the faults; run no experiments that put them right.")
def diagnose(file: str, json_: bool, html: str | None, budget: float, no_cures: bool) -> int:
    """Find out why the network in FILE does not learn; FILE defines `case` or `build(seed)`."""
    from unstuck.diagnosis.shell import diagnose_file

    if html:
        expect_writable(Path(html), "--html")
    out, silent = (sys.stderr, not sys.stderr.isatty()) if json_ else (sys.stdout, False)

    def listen(line: str) -> None:
        click.echo(line, file=out)  # flushed: each line is read as soon as it is known

    with redirect_stdout(sys.stderr):  # what the program prints as it is loaded is not our answer
        report = diagnose_file(file, budget, not no_cures, None if silent else listen)
    if html:
        report.to_html(html)
    if json_:
        as_json(report.to_dict())
    else:
        click.echo(f"\n{report}")
    return EXIT_CODES[report.verdict]


@main.command()
@click.argument("rule", required=False, metavar="CODE-or-NAME")
def rules(rule: str | None) -> None:
    """List the catalogue of faults, or explain one in full."""
    from unstuck.diagnosis.shell import rules_text

    click.echo(rules_text(rule))


if __name__ == "__main__":
    main()
