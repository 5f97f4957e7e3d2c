# ruff: noqa: NPY002 - users draw from NumPy's global generator
"""A program wired to `unstuck.Case`, as its user might write it: with everything, or with much of it missing."""

from collections.abc import Callable

import numpy as np

from .digits import load_digits
from .programs import Program

WIRINGS = (
    "full",
    "no_build",
    "no_labels",
    "no_test",
    "no_raw",
    "gradients_only",
    "predict_only",
    "no_parameters",
    "whole_training_only",
    "exact_batch",
    "shuffled_step",
    "columns",
    "copies",
    "nested_lists",
    "object_array",
    "flat_vector",
)
MISSING = {
    "no_build": ("build",),
    "no_labels": ("labels", "labels_test"),
    "no_test": ("x_test", "targets_test", "labels_test"),
    "no_raw": ("raw",),
    "gradients_only": ("step", "train"),
    "predict_only": ("step", "train", "gradients", "parameters", "loss", "accuracy", "build", "raw"),
    "no_parameters": ("parameters", "gradients"),
    "whole_training_only": ("step", "gradients"),
}


def digits_for(program: Program):
    return load_digits(program.setup.sizes[0], 2 if program.n_classes == 2 else 10)


def wire(make: Callable[[int], Program], wiring: str = "full", seed: int = 0, name: str = ""):
    """The Case of a fresh program; `make(seed)` gives one."""
    import unstuck

    program = make(seed)
    digits = digits_for(program)
    (x, targets, labels), (x_test, targets_test, labels_test) = program.load(digits)
    setup = program.setup
    one_by_one = setup.reduction == "one_by_one"
    fields = {
        "predict": program.predict,
        "x": x,
        "targets": targets,
        "labels": None if setup.targets == "labels" else labels,
        "x_test": x_test,
        "targets_test": None if setup.targets == "labels" else targets_test,
        "labels_test": labels_test,
        "parameters": lambda: list(program.arrays.values()),
        "step": program.step,
        "gradients": lambda x, targets: list(program.gradients(x, targets).values()),
        "loss": program.loss,
        "train": program.train,
        "accuracy": program.accuracy,
        "build": lambda seed: wire(make, wiring, seed, name),
        "raw": program.collect(digits)[:2],
        "learning_rate": setup.learning_rate,
        "batch_size": 1 if one_by_one else min(setup.batch_size, len(x)),
        "updates": setup.epochs * (len(x) if one_by_one else -(-len(x) // setup.batch_size)),
        "l2": setup.decay or None,
        "name": name,
    }
    fields.update(handed_over(program, wiring))
    for field in MISSING.get(wiring, ()):
        fields[field] = None
    return unstuck.Case(**fields)


def handed_over(program: Program, wiring: str) -> dict:
    """What this wiring hands over in another form."""
    arrays = program.arrays
    if wiring == "exact_batch":

        def step(x, targets):
            if len(x) == program.setup.batch_size:
                program.step(x, targets)

        return {"step": step}
    if wiring == "shuffled_step":

        def shuffled(x, targets):
            order = np.random.permutation(len(x))
            program.step(x[order], targets[order])

        return {"step": shuffled}
    if wiring == "columns":

        def predict(x):
            columns = program.predict(np.ascontiguousarray(x)).T
            return columns.T

        return {"predict": predict, "parameters": lambda: tuple(program.arrays.values())[::-1]}
    if wiring == "copies":
        return {"parameters": lambda: [array.copy() for array in program.arrays.values()]}
    if wiring == "nested_lists":
        return {"parameters": lambda: [array.tolist() for array in program.arrays.values()]}
    if wiring == "object_array":

        def as_objects():
            held = np.empty(len(program.arrays), dtype=object)
            for i, array in enumerate(program.arrays.values()):
                held[i] = array
            return held

        return {"parameters": as_objects}
    if wiring == "flat_vector":
        vector = np.concatenate([array.ravel() for array in arrays.values()])
        start = 0
        for name, array in arrays.items():
            arrays[name] = vector[start : start + array.size].reshape(array.shape)
            start += array.size
        return {
            "parameters": lambda: vector,
            "gradients": lambda x, targets: np.concatenate([g.ravel() for g in program.gradients(x, targets).values()]),
        }
    return {}
