"""Training runs: a recipe, a data set and a seed in, a trained and evaluated network out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.data import Dataset, load_mnist
from unstuck.errors import DataError, TrainingError
from unstuck.nn.history import History
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Optimizer
from unstuck.nn.ranks import ALONE
from unstuck.nn.training import train
from unstuck.recipes.evaluation import Evaluation, evaluate
from unstuck.recipes.recipes import ADAPTIVE, OPTIMIZER_NAMES, Recipe


def build_optimizer(recipe: Recipe) -> Optimizer:
    """The optimiser that a recipe names; TrainingError if there is none of that name."""
    if recipe.optimizer in ADAPTIVE:
        return ADAPTIVE[recipe.optimizer](recipe.learning_rate)
    if recipe.optimizer == "sgd":
        return SGD(recipe.learning_rate, recipe.momentum)
    if recipe.optimizer in ("momentum", "nesterov"):
        return SGD(recipe.learning_rate, recipe.momentum or 0.9, nesterov=recipe.optimizer == "nesterov")
    raise TrainingError(f"unknown optimizer {recipe.optimizer!r}: expected one of {', '.join(OPTIMIZER_NAMES)}")


def build_network(recipe: Recipe, n_features: int, n_classes: int, seed: int, dtype: str) -> Network:
    """The untrained network of a recipe; two classes share one output unless it is softmax."""
    n_outputs = 1 if n_classes <= 2 and recipe.output != "softmax" else max(2, n_classes)
    return Network(
        [n_features, *recipe.hidden, n_outputs],
        hidden=recipe.activation,
        output=recipe.output,
        loss=recipe.loss,
        initializer=recipe.initializer,
        bias_initializer=recipe.bias_initializer,
        seed=seed,
        dtype=dtype,
        input_range=recipe.input_range,
        dropout=recipe.dropout,
        l2=recipe.l2,
    )


def load_data(recipe: Recipe, path: str | None = None) -> Dataset:
    """What a recipe trains on, or the data set at `path`."""
    if path is not None:
        from unstuck.data import read_data

        return read_data(path)
    return xor() if recipe.data == "xor" else load_mnist()


def xor() -> Dataset:
    """The four cases of exclusive or, for training and for testing."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([0, 1, 1, 0])
    return Dataset(x, y, x, y, name="xor")


FEW, LEARNT = 50, 0.1  # examples; the share of what there is to learn below which nothing was learnt


@dataclass(frozen=True, eq=False)
class Run:
    """A recipe as it was trained; `test` is None where there were no labelled test examples."""

    recipe: Recipe
    seed: int
    dataset: Dataset
    network: Network
    history: History
    train_examples: int  # without those held out for validation
    test: Evaluation | None

    @property
    def failed(self) -> bool:
        """Whether the network answers its training examples no better than the commonest class would."""
        history = self.history
        accuracy = history.train_accuracy[-1]
        y = self.dataset.y_train
        commonest = float(np.bincount(y).max() / len(y)) if len(y) else 1.0
        return accuracy is not None and len(y) >= FEW and accuracy < commonest + LEARNT * (1 - commonest)

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON values; accuracies are shares in 0..1, None where there were no examples to measure on.

        Loss and accuracy on the training examples are those of the epoch whose weights were kept, each example
        measured just before it was trained on.
        """
        history = self.history
        kept = (history.best_epoch or history.epochs) - 1
        return {
            "recipe": self.recipe.name,
            "data": self.dataset.name,
            "train_examples": self.train_examples,
            "test_examples": self.test.n_examples if self.test else 0,
            "sizes": list(self.network.sizes),
            "epochs": history.epochs,
            "seconds": round(history.seconds, 3),
            "images_per_second": round(history.images_per_second),
            "train_loss": history.train_loss[kept],
            "train_accuracy": history.train_accuracy[kept],
            "validation_accuracy": history.validation_accuracy[kept] if history.validation_accuracy else None,
            "test_accuracy": self.test.accuracy if self.test else None,
            "seed": self.seed,
        }


def run(recipe: Recipe, dataset: Dataset, seed: int = 0, dtype: str = "float32", **settings: Any) -> Run:
    """Train a recipe on a data set and evaluate the result on its test examples.

    settings: further ones of `train`: validation (training examples to hold out; a sixth of them if only early_stopping
    is given), early_stopping, callbacks, checkpoint, resume, deterministic, ranks. Of several ranks only the first
    evaluates. Raises TrainingError, DataError or ModelFileError, as `train` does.
    """
    n = len(dataset.images_train)
    if not n:
        unlabelled = len(dataset.images_test) and not len(dataset.y_test)
        missing = "no labels (no column named label), and so " if unlabelled else ""
        raise DataError(f"{dataset.name} has {missing}no training examples")
    if (dataset.y_train == dataset.y_train[0]).all():
        name = dataset.y_train[0] if dataset.class_names is None else dataset.class_names[int(dataset.y_train[0])]
        raise DataError(f"{dataset.name}: every training example is of the class {name}: expected at least two classes")
    held_out = settings.pop("validation", None) or (n // 6 if settings.get("early_stopping") else 0)
    network = build_network(recipe, dataset.images_train.shape[1], dataset.n_classes, seed, dtype)
    history = train(
        network,
        dataset,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size or None,
        optimizer=build_optimizer(recipe),
        schedule=recipe.schedule,
        validation=held_out or None,
        augmentation=recipe.distortion,
        normalization=recipe.normalization,
        **settings,
    )
    is_tested = len(dataset.y_test) and settings.get("ranks", ALONE).rank == 0
    test = evaluate(network, dataset.images_test, dataset.y_test) if is_tested else None
    return Run(recipe, seed, dataset, network, history, n - held_out, test)
