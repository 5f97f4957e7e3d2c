"""Published results of multilayer perceptrons on MNIST, and what unstuck reaches with the same layers.

python -m benchmarks.accuracy                     all rows: many hours on two cores
python -m benchmarks.accuracy --rows linear,nielsen-30
python -m benchmarks.accuracy --table             what has been measured so far

Settings are chosen among a row's candidates by the last 10,000 training images, after training on the other 50,000;
the test images are looked at once for each seed, after training on all 60,000.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click

from benchmarks.__main__ import FOLDER, Names
from benchmarks.processor import describe_machine
from unstuck.data import Dataset, load_mnist
from unstuck.data.augmentation import Distortion
from unstuck.nn.engine.normalization import BatchNormalization
from unstuck.recipes.recipes import Recipe
from unstuck.recipes.runs import run

LECUN = "LeCun, Cortes, Burges: The MNIST database, table of results"
NIELSEN = "Nielsen 2015: Neural networks and deep learning"
SRIVASTAVA = "Srivastava et al. 2014: Dropout, JMLR 15, table 2"

N_VALIDATION = 10_000


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published test error in percent, and settings of unstuck's for the same layers.

    `candidates` are settings to choose from, each put over `settings`; all of them by their names in a recipe.
    """

    name: str
    error: float
    source: str
    described: str
    hidden: tuple[int, ...]
    settings: dict[str, Any]
    candidates: tuple[dict[str, Any], ...] = ({},)

    @property
    def ours(self) -> str:
        """How the same layers are trained here."""
        normalization = self.settings.get("normalization")
        described = [
            self.settings["activation"] if self.hidden else "",
            self.settings["output"],
            self.settings["loss"].replace("_", " "),
            "distortions" if self.settings.get("distortion") else "",
            f"batch normalization under noise of {normalization.noise:g}" if normalization else "",
            f"{self.settings['epochs']} epochs",
        ]
        return ", ".join(filter(None, described))


TANH = {"activation": "tanh", "output": "tanh", "loss": "squared_error", "initializer": "glorot_uniform", "epochs": 20}
RELU = {"activation": "relu", "output": "softmax", "loss": "cross_entropy", "initializer": "he_normal"}
RATES_OF_TANH = tuple({"learning_rate": rate} for rate in (0.01, 0.02, 0.05))
RATES_OF_RELU = tuple({"learning_rate": rate} for rate in (0.05, 0.1, 0.2))

STRONG = Distortion(elastic=34.0, smoothness=5.0, rotation=13.0, scaling=0.15, shear=0.15, shift=1.0)
NORMALIZED = {"normalization": BatchNormalization(noise=0.3), "optimizer": "adam", "schedule": "cosine"}

ROWS = {
    row.name: row
    for row in (
        Published(
            name="linear",
            error=12.0,
            source=LECUN,
            described="linear classifier",
            hidden=(),
            settings=RELU | {"epochs": 10},
            candidates=tuple({"learning_rate": rate} for rate in (0.02, 0.05, 0.1)),
        ),
        Published(
            name="lecun-300",
            error=4.7,
            source=LECUN,
            described="300 hidden units, squared error",
            hidden=(300,),
            settings=TANH,
            candidates=RATES_OF_TANH,
        ),
        Published(
            name="lecun-1000",
            error=4.5,
            source=LECUN,
            described="1000 hidden units",
            hidden=(1000,),
            settings=TANH,
            candidates=RATES_OF_TANH,
        ),
        Published(
            name="lecun-300-100",
            error=3.05,
            source=LECUN,
            described="300 + 100 hidden units",
            hidden=(300, 100),
            settings=TANH,
            candidates=RATES_OF_TANH,
        ),
        Published(
            name="lecun-500-150",
            error=2.95,
            source=LECUN,
            described="500 + 150 hidden units",
            hidden=(500, 150),
            settings=TANH,
            candidates=RATES_OF_TANH,
        ),
        Published(
            name="hinton-500-300",
            error=1.53,
            source=LECUN + " (Hinton, unpublished, 2005)",
            described="500 + 300 hidden units, softmax, cross-entropy, weight decay",
            hidden=(500, 300),
            settings=RELU | {"epochs": 30},
            candidates=tuple({"learning_rate": rate, "l2": l2} for rate in (0.1, 0.2) for l2 in (2e-5, 5e-5, 1e-4)),
        ),
        Published(
            name="simard-800",
            error=1.6,
            source=LECUN + " (Simard et al. 2003)",
            described="800 hidden units, cross-entropy",
            hidden=(800,),
            settings=RELU | {"epochs": 30},
            candidates=tuple({"learning_rate": rate, "l2": l2} for rate in (0.1, 0.2) for l2 in (0.0, 2e-5, 5e-5)),
        ),
        Published(
            name="simard-800-elastic",
            error=0.7,
            source=LECUN + " (Simard et al. 2003)",
            described="800 hidden units, cross-entropy, elastic distortions",
            hidden=(800,),
            settings=RELU | {"epochs": 60, "distortion": Distortion(), "batch_size": 128},
            candidates=RATES_OF_RELU,
        ),
        Published(
            name="deep-elastic",
            error=0.35,
            source=LECUN + " (Ciresan et al. 2010)",
            described="2500 + 2000 + 1500 + 1000 + 500 hidden units, distortions (here without the first layer)",
            hidden=(2000, 1500, 1000, 500),
            settings=RELU | {"epochs": 250, "batch_size": 256, "learning_rate": 0.12, "distortion": STRONG},
        ),
        Published(
            name="dropout-max-norm",
            error=1.06,
            source=SRIVASTAVA,
            described="three layers of 1024 ReLU units, dropout, max-norm",
            hidden=(1024, 1024, 1024),
            settings=RELU | NORMALIZED | {"learning_rate": 0.003, "batch_size": 200, "epochs": 80},
        ),
        Published(
            name="nielsen-30",
            error=4.58,
            source=NIELSEN + ", chapter 1: the best epoch of the best of three runs",
            described="30 sigmoid units, squared error",
            hidden=(30,),
            settings=RELU | {"activation": "sigmoid", "initializer": "glorot_uniform", "epochs": 20, "batch_size": 20},
            candidates=RATES_OF_RELU,
        ),
        Published(
            name="nielsen-100",
            error=3.41,
            source=NIELSEN + ", chapter 1: the best epoch of the best of three runs",
            described="100 sigmoid units, squared error",
            hidden=(100,),
            settings=RELU | {"activation": "sigmoid", "initializer": "glorot_uniform", "epochs": 20, "batch_size": 20},
            candidates=RATES_OF_RELU,
        ),
        Published(
            name="nielsen-100-cross-entropy",
            error=1.96,
            source=NIELSEN + ", chapter 3",
            described="100 sigmoid units, cross-entropy, weight decay",
            hidden=(100,),
            settings=RELU | {"activation": "sigmoid", "initializer": "glorot_uniform", "epochs": 30, "batch_size": 20},
            candidates=tuple({"learning_rate": rate, "l2": l2} for rate in (0.1, 0.2) for l2 in (2e-5, 5e-5)),
        ),
    )
}


@dataclass
class Measured:
    """What unstuck reached: test errors in percent, a seed each, and the seconds of training of each."""

    chosen: dict[str, Any]
    validation_errors: list[float]  # of the candidates, in their order; of none if there is no choice
    errors: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    machine: str = ""


def fit(row: Published, settings: dict[str, Any], data: Any, test: Any, seed: int) -> tuple[float, float]:
    """The error in percent on the test pair after training on the data pair, and the seconds of training."""
    plain = {"batch_size": 100, "schedule": "one_cycle", "momentum": 0.9}
    recipe = Recipe(name=row.name, source=row.source, hidden=row.hidden, **(plain | row.settings | settings))
    trained = run(recipe, Dataset(*data, *test, name="mnist"), seed)
    assert trained.test is not None
    return 100 * (1 - trained.test.accuracy), trained.history.seconds


def measure(row: Published, seeds: int, epochs: int | None = None, examples: int | None = None) -> Iterator[Measured]:
    """Choose by validation, then train with each seed; yields what is known after each. Fewer epochs are for trials."""
    mnist = load_mnist()
    x, y = mnist.images_train[:examples], mnist.y_train[:examples]
    n = len(x) * (60_000 - N_VALIDATION) // 60_000
    shorter = {} if epochs is None else {"epochs": epochs}
    validation_errors, best = [], row.candidates[0]
    if len(row.candidates) > 1:
        validation_errors = [
            fit(row, candidate | shorter, (x[:n], y[:n]), (x[n:], y[n:]), seed=1000)[0] for candidate in row.candidates
        ]
        best = row.candidates[validation_errors.index(min(validation_errors))]
    best = best | shorter
    measured = Measured(best, validation_errors, machine=describe_machine())
    for seed in range(seeds):
        error, seconds = fit(row, best, (x, y), (mnist.images_test, mnist.y_test), seed)
        measured.errors.append(error)
        measured.seconds.append(seconds)
        yield measured


def lines_of_table(record: dict[str, Any]) -> list[str]:
    """The table in Markdown."""
    lines = [
        "| published | error | source | trained here with | mean ± sd (seeds) | seconds of training |",
        "|---|---:|---|---|---:|---:|",
    ]
    for name, row in ROWS.items():
        reached, seconds = "not measured yet", ""
        if name in record:
            errors = record[name]["errors"]
            spread = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
            reached, seconds = f"{mean(errors):.2f} %{spread} ({len(errors)})", f"{mean(record[name]['seconds']):.0f}"
        lines.append(f"| {row.described} | {row.error} % | {row.source} | {row.ours} | {reached} | {seconds} |")
    return lines


@click.command(context_settings={"show_default": True})
@click.option("--rows", type=Names(tuple(ROWS)), default=",".join(ROWS), help="Which results to measure.")
@click.option("--seeds", type=click.IntRange(1), default=3)
@click.option("--epochs", type=click.IntRange(1), help="Fewer than the row's own, to try the script.")
@click.option("--out", type=click.Path(path_type=Path), default=FOLDER / "accuracy.json", help="What is added to.")
@click.option("--table", is_flag=True, help="Only print what has been measured.")
def main(rows: list[str], seeds: int, epochs: int | None, out: Path, table: bool) -> None:
    """Measure published results anew, row by row; each row is written as soon as a seed is done."""
    record = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    for name in [] if table else rows:
        for measured in measure(ROWS[name], seeds, epochs):
            record[name] = asdict(measured)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            click.echo(f"{name}: {measured.errors[-1]:.2f} % in {measured.seconds[-1]:.0f} s", err=True)
    click.echo("\n".join(lines_of_table(record)))


if __name__ == "__main__":
    main()
