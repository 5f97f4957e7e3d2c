"""`unstuck train` and `unstuck recipes`."""

from __future__ import annotations

from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstuck.cli.arguments import BatchSize, FilePath, Sizes, expect_writable, underscored
from unstuck.cli.grouped import GroupedCommand, completing, optimizer_names, recipe_names, under
from unstuck.cli.shell import print_json
from unstuck.writing import write_whole

if TYPE_CHECKING:
    from unstuck.recipes.runs import Run


of_network, of_training, of_data, of_results = map(under, ("Network", "Training", "Data", "Results"))


@click.command(cls=GroupedCommand)
@of_network(
    "--recipe",
    default="default",
    metavar="NAME",
    shell_complete=completing(recipe_names),
    help="Start from a named configuration (unstuck recipes lists them); the options below change it. The defaults "
    "shown for them are those of this one.  [default: default]",
)
@of_network("--hidden", type=Sizes(), metavar="UNITS", help="Units of each hidden layer; '' for none.  [default: 256]")
@of_network(
    "--activation",
    callback=underscored,
    metavar="NAME",
    help="Of the hidden layers: sigmoid, tanh, relu, leaky_relu, linear.  [default: relu]",
)
@of_network(
    "--loss",
    callback=underscored,
    metavar="NAME",
    help="cross_entropy, binary_cross_entropy, squared_error.  [default: cross_entropy]",
)
@of_network(
    "--initializer",
    callback=underscored,
    metavar="NAME",
    help="he_normal, glorot_uniform, lecun_normal, normal, zeros, …  [default: he_normal]",
)
@of_network(
    "--dropout", type=float, metavar="SHARE", help="Of the hidden units, left out in each update, 0 to 1.  [default: 0]"
)
@of_network(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Of all numbers."
)
@of_training(
    "--optimizer",
    callback=underscored,
    metavar="NAME",
    shell_complete=completing(optimizer_names),
    help="sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw.  [default: sgd with momentum 0.9]",
)
@of_training(
    "--learning-rate",
    type=float,
    metavar="RATE",
    help="Largest step of the schedule, for each unit of the gradient averaged over a batch.  [default: 0.2]",
)
@of_training(
    "--schedule", callback=underscored, metavar="NAME", help="constant, step, cosine, one_cycle.  [default: one_cycle]"
)
@of_training("--batch-size", type=BatchSize(), metavar="N", help="Examples in each update, or 'full'.  [default: 100]")
@of_training(
    "--epochs", type=click.IntRange(min=1), metavar="N", help="Passes over all training examples.  [default: 4]"
)
@of_training("--l2", type=float, metavar="FACTOR", help="Of half the sum of the squared weights.  [default: 0]")
@of_training(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of all that is drawn."
)
@of_training(
    "--early-stopping",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after N epochs without gain.  [default: never]",
)
@of_training("--deterministic", is_flag=True, help="The same numbers on every processor; slower.")
@of_training("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run of the same command.")
@of_data("--data", type=FilePath(), metavar="PATH", help="A folder, CSV, npz or IDX file.  [default: MNIST]")
@of_data(
    "--validation",
    type=click.IntRange(min=0),
    metavar="N",
    help="Hold out N training examples.  [default: 0; a sixth of them with --early-stopping]",
)
@of_results("--out", type=FilePath(), default="model.safetensors", metavar="MODEL", show_default=True, help="File.")
@of_results("--plot", type=FilePath(), metavar="DIR", help="Write pictures of the run into this folder.")
@of_results("--plot-format", type=click.Choice(["png", "svg"]), default="png", show_default=True, help="Of pictures.")
@of_results("--log-dir", type=FilePath(), metavar="DIR", help="Log each epoch for TensorBoard in this folder.")
@of_results("--json", "json_", is_flag=True, help="Print one JSON document instead of text.")
def train(
    recipe: str,
    data: str | None,
    validation: int | None,
    early_stopping: int | None,
    seed: int,
    dtype: str,
    out: str,
    deterministic: bool,
    resume: bool,
    plot: str | None,
    plot_format: str,
    log_dir: str | None,
    json_: bool,
    **changes: Any,
) -> None:
    """Train a network and save it. Without options: MNIST to 98 % in seconds.

    torchrun --nproc-per-node 2 -m unstuck train … does the same by several processes.
    """
    from unstuck.callbacks.progress import live_progress
    from unstuck.callbacks.tensorboard import tensorboard_log
    from unstuck.distributed import is_restarted, ranks_of_torchrun
    from unstuck.nn.files.model_file import save
    from unstuck.recipes import plots, recipes, runs

    chosen = recipes.change(recipes.find_recipe(recipe), {name: v for name, v in changes.items() if v is not None})
    expect_writable(out, data=data)
    folder = plots.expect_drawable(plot) if plot else None
    dataset = runs.load_data(chosen, data)
    checkpoint = f"{out}.checkpoint"
    with ExitStack() as watching:
        ranks = watching.enter_context(ranks_of_torchrun())
        is_first, resume = ranks.rank == 0, resume or is_restarted()
        if is_first and resume and not json_:
            found = Path(checkpoint).exists()
            click.echo(
                f"going on from {checkpoint}" if found else f"nothing to resume at {checkpoint}: begun anew", err=True
            )
        if is_first and ranks.size > 1 and not resume:
            Path(checkpoint).unlink(missing_ok=True)  # a restart is to find that of this run only
        callbacks = [watching.enter_context(live_progress())] if is_first else []
        if log_dir and is_first:
            callbacks.append(watching.enter_context(tensorboard_log(log_dir, chosen.describe())))
        run = runs.run(
            chosen,
            dataset,
            seed,
            dtype,
            validation=validation,
            early_stopping=early_stopping,
            callbacks=callbacks,
            checkpoint=checkpoint,
            resume=resume,
            deterministic=deterministic,
            ranks=ranks,
        )
    if not is_first:
        return
    save(run.network, out)
    Path(checkpoint).unlink(missing_ok=True)
    if folder:
        for name, figure in plots.draw_run(run).items():
            drawn = BytesIO()
            figure.savefig(drawn, dpi=120, format=plot_format)
            write_whole(folder / f"{name}.{plot_format}", drawn.getvalue())
    if run.failed and not json_:
        click.echo(
            f"unstuck: the network has learnt next to nothing: {_first_to_try(run)} is the first thing to try; "
            "`unstuck diagnose` says why a program of your own does not learn",
            err=True,
        )
    if json_:
        print_json({**run.to_dict(), "model": out})
    else:
        click.echo(describe_run(run))
        click.echo(f"saved as {out}")


FEW_UPDATES = 100  # fewer teach no network of a recipe anything, whatever the rate


def _first_to_try(run: Run) -> str:
    """What most likely helps a training that taught nothing."""
    updates = run.history.updates
    if updates >= FEW_UPDATES:
        return "a lower --learning-rate"
    times = "once" if updates == 1 else f"{updates} times"
    return f"a smaller --batch-size or more --epochs (the weights were changed {times} only)"


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


@click.command(short_help="List the named configurations.")
def recipes() -> None:
    """List the named configurations, their source and the accuracy to expect."""
    from unstuck.recipes.recipes import RECIPES

    for recipe in RECIPES.values():
        goal = f", at least {recipe.must_reach:.1%} to expect" if recipe.must_reach else ""
        click.echo(f"{recipe.name}  {'-'.join(map(str, recipe.sizes))}{goal}")
        click.echo(f"    {recipe.describe()}")
        click.echo(f"    from: {recipe.source}")
