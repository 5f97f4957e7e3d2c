"""Training that can be watched and stopped: curves, confusion and first-layer weights while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from unstuck.data import load_mnist
from unstuck.nn.files.model_file import save
from unstuck.nn.history import Progress
from unstuck.nn.network import Network
from unstuck.nn.training import train
from unstuck.recipes.evaluation import evaluate
from unstuck.recipes.recipes import change, find_recipe
from unstuck.recipes.runs import build_network, build_optimizer
from unstuck.web.reading import weight_image

Array = np.ndarray

WATCHED = 2000  # test images that the curves are measured on
SECONDS_BETWEEN_POINTS = 0.25
UNITS_SHOWN = 18
MODEL_FILE = "model.safetensors"


class Stopped(Exception):
    """Raised in a callback: the one way out of the middle of an epoch."""


def train_live(say: Callable[..., None], stop: threading.Event, recipe: str, seed: int, **changes: Any) -> None:
    """Train a recipe on MNIST, saying how it goes; save the network, also when stopped.

    Points are {update, updates, epoch, epochs, seconds, loss, accuracy} on 2,000 test images, with train_loss and
    train_accuracy at the end of an epoch. Raises TrainingError as `train` does.
    """
    changed = {name: tuple(value) if name == "hidden" else value for name, value in changes.items()}
    chosen = change(find_recipe(recipe), changed)
    dataset = load_mnist()
    network = build_network(chosen, 784, 10, seed, "float32")
    x, y = dataset.images_test[:WATCHED], dataset.y_test[:WATCHED]
    started, spoken, point = time.perf_counter(), -np.inf, {}

    def watch(progress: Progress) -> None:
        nonlocal spoken, point
        if stop.is_set():
            raise Stopped
        now = time.perf_counter()
        if not progress.epoch_done and now - spoken < SECONDS_BETWEEN_POINTS:
            return
        spoken = now
        measured, snapshot = look(network, x, y)
        point = {**where(progress), "seconds": round(now - started, 2), **measured}
        say(point=point)
        say(snapshot=snapshot)

    with suppress(Stopped):
        train(
            network,
            dataset,
            epochs=chosen.epochs,
            batch_size=chosen.batch_size or None,
            optimizer=build_optimizer(chosen),
            schedule=chosen.schedule,
            callbacks=[watch],
            augmentation=chosen.distortion,
            normalization=chosen.normalization,
        )
    seconds = round(time.perf_counter() - started, 2)
    test = evaluate(network, dataset.images_test, dataset.y_test)
    save(network, MODEL_FILE)
    say(snapshot={"confusion": test.confusion.tolist(), "weights": weight_images(network)})
    sizes, update = list(network.sizes), point.get("update", 0)
    say(result={"accuracy": test.accuracy, "errors": test.errors, "sizes": sizes, "update": update, "seconds": seconds})


def where(progress: Progress) -> dict[str, Any]:
    """How far training is, with what an epoch that has just ended gave."""
    place: dict[str, Any] = {
        "update": progress.update,
        "updates": progress.updates,
        "epoch": progress.epoch,
        "epochs": progress.epochs,
    }
    if progress.epoch_done:
        place |= {"train_loss": progress.history.train_loss[-1], "train_accuracy": progress.history.train_accuracy[-1]}
    return place


def look(network: Network, x: Array, y: Array) -> tuple[dict[str, float], dict[str, Any]]:
    """Mean loss and accuracy on images x (n, 784) with labels y (n,); their confusion and the first layer's weights."""
    with np.errstate(all="ignore"):
        evaluation = evaluate(network, x, y)
        measured = {"loss": float(network.loss_values(x, y).mean()), "accuracy": evaluation.accuracy}
        return measured, {"confusion": evaluation.confusion.tolist(), "weights": weight_images(network)}


def weight_images(network: Network) -> list[str]:
    """The weights of the first units of the first layer, as `weight_image` gives them."""
    return [weight_image(network, unit) for unit in range(min(UNITS_SHOWN, network.sizes[1]))]
