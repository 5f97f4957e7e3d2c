"""Do two programs do the same? Numbers of a program under conditions that hide nothing."""

import functools
import itertools

import numpy as np

from .digits import load_digits
from .faults import Fault, plant
from .programs import Program
from .setup import Setup

HIDING = {"U05", "U06"}  # parameters that stay, or stay whole numbers, show nothing of any gradient


def numbers(program: Program, batches=(1, 5, 5, 5)) -> list[np.ndarray]:
    """Predictions and the changes made by a few steps, from random parameters of a size that saturates nothing."""
    draw = np.random.RandomState(7)
    images, labels, *_ = load_digits(program.setup.sizes[0], program.n_classes, 100)
    x, targets = program.inputs(images), program.encode(labels)
    for name, array in program.arrays.items():
        spread = 1.5 / max(np.linalg.norm(x[0]), 1) if name == "W1" else 1.5 / np.sqrt(max(array.shape))
        program.arrays[name] = (draw.randn(*array.shape) * spread).astype(array.dtype)
        if name.startswith("b"):
            program.arrays[name] = (draw.randn(*array.shape) * 0.5).astype(array.dtype)
    seen = [np.array(program.predict(x[:12]))]
    start = 0
    for size in batches:
        before = [array.copy() for array in program.arrays.values()]
        program.step(x[start : start + size], targets[start : start + size])
        seen += [new - old for new, old in zip(program.arrays.values(), before, strict=True)]
        start += size
    return seen


def same(some: list[np.ndarray], others: list[np.ndarray], tolerance: float = 1e-5) -> bool:
    """Equal up to rounding: each array relative to its own size."""
    if [a.shape for a in some] != [a.shape for a in others]:
        return False
    pairs = zip(some, others, strict=True)
    return all(np.linalg.norm(a - b) <= tolerance * (np.linalg.norm(a) + 1e-12) for a, b in pairs)


@functools.cache
def numbers_of(setup: Setup, *faults: Fault) -> list[np.ndarray]:
    construct, changed = plant(setup, *faults)
    with np.errstate(all="ignore"):
        return numbers(construct(changed, 0))


def shows(setup: Setup, fault: Fault) -> bool:
    """Whether a wrong formula changes the numbers here: the scale of a gradient, say, does not change Adam's steps."""
    if fault.construct is None or fault.code[0] in "DAE" or fault.code in ("F03", "L03"):
        return True
    return not same(numbers_of(setup, fault), numbers_of(setup))


def overridden(fault: Fault) -> set[str]:
    """The constructs that a fault writes anew."""
    if fault.construct is None:
        return set()
    classes = itertools.takewhile(lambda one: one is not Program, fault.construct.__mro__)
    return set().union(*(vars(one) for one in classes)) - {"__module__", "__doc__", "__qualname__", "__firstlineno__"}


def pair_fits(setup: Setup, first: Fault, second: Fault) -> bool:
    """Both faults can be planted together, and each still shows in the numbers beside the other."""
    codes = {first.code, second.code}
    if codes & HIDING or codes == {"F07", "B08"}:  # the right gradient of a bias that is not added is nothing
        return False
    if not (first.fits(setup) and second.fits(setup)) or first.named_by & second.named_by:
        return False
    if overridden(first) & overridden(second) - {"__static_attributes__"} or (first.change and second.change):
        return False
    changed = plant(setup, first, second)[1]
    if not (first.fits(changed) and second.fits(changed)):
        return False
    pair = numbers_of(setup, first, second)
    if not all(np.isfinite(array).all() for array in pair):
        return False
    return not same(pair, numbers_of(setup, first)) and not same(pair, numbers_of(setup, second))
