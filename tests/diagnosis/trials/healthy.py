"""Healthy programs drawn at random: many are odd, all of them learn within their own budget."""

import functools

import numpy as np

from .setup import Setup
from .trial import Trial, chance_corrected, outcome
from .wiring import WIRINGS

LEARNED = 0.72  # of ten digits, or the same share of the way from chance to perfect
OUTPUTS = (  # output, loss, rate of a mean gradient for inputs in [0, 1]
    ("softmax", "cross_entropy", 0.25),
    ("sigmoid", "binary_cross_entropy", 0.25),
    ("sigmoid", "squared_error", 2.0),
    ("tanh", "squared_error", 0.15),
    ("linear", "squared_error", 0.08),
    ("softmax", "squared_error", 1.5),
)
MOMENTUM = ("momentum", "momentum_accumulated", "nesterov", "nesterov_accumulated", "nesterov_look_ahead")
ADAPTIVE = {"adam": 0.008, "rmsprop": 0.004, "adagrad": 0.05}  # and their rates


def draw(random: np.random.RandomState) -> Setup:
    """A setup that should learn: the rate suits what was drawn, with a factor of two either way."""

    def pick(*choices, p=None):
        return choices[random.choice(len(choices), p=p)]

    kind = pick("nielsen", "regression", "binary", "common", p=(0.06, 0.08, 0.08, 0.78))
    if kind == "nielsen":
        return nielsen(random)
    output, loss, rate = OUTPUTS[random.choice(len(OUTPUTS), p=(0.36, 0.16, 0.16, 0.12, 0.1, 0.1))]
    if kind == "binary":
        output, loss, rate = "sigmoid", "binary_cross_entropy", 0.5
    hidden = pick("sigmoid", "tanh", "relu", "leaky_relu")
    depth = 1 if kind == "regression" else pick(2, 3, 4, p=(0.65, 0.25, 0.1))
    n_inputs = pick(49, 196, 784, p=(0.8, 0.15, 0.05))
    width = int(random.choice([12, 16, 20, 24, 32]))
    sizes = (n_inputs, *[width] * (depth - 1), 1 if kind == "binary" else 10)
    inputs = pick("unit", "symmetric", "standardised", p=(0.6, 0.2, 0.2))
    batch_size = int(random.choice([5, 8, 10, 16, 20, 32]))
    reduction = pick("mean", "sum", "one_by_one", p=(0.65, 0.2, 0.15))
    optimizer = pick("plain", pick(*MOMENTUM, "momentum_averaged", *ADAPTIVE))
    momentum = float(pick(0.5, 0.9))
    clip, dropout = pick(0.0, 0.5, p=(0.9, 0.1)), pick(0.0, 0.2, p=(0.92, 0.08)) if depth == 2 else 0.0
    initializers = ["lecun_normal", "he_normal", "glorot_uniform", "centred_uniform", "small_normal"]
    initializer = pick(*initializers[: 5 if depth == 2 and n_inputs == 49 else 3])
    if kind == "regression":
        initializer = pick("zeros", "lecun_normal", "small_normal")

    factor = 2.0 if loss == "squared_error" and random.rand() < 0.4 else 1.0
    rate *= pick(0.6, 1.0, 1.5) / factor
    rate *= {"unit": 1.0, "symmetric": 0.3, "standardised": 0.35}[inputs] * {49: 1.0, 196: 0.5, 784: 0.2}[n_inputs]
    if hidden == "sigmoid" and depth > 1:
        rate *= 3
    if optimizer in ADAPTIVE:
        rate = ADAPTIVE[optimizer] * {49: 1.0, 196: 0.7, 784: 0.3}[n_inputs]
        reduction = "mean"
    if optimizer in MOMENTUM:
        rate *= 1 - momentum
        reduction = "mean" if optimizer == "nesterov_look_ahead" else reduction
    if reduction == "sum":
        rate /= batch_size
    if reduction == "one_by_one":
        rate *= 0.4
    decay = pick(0.0, 0.0005, p=(0.85, 0.15))
    layout = pick("rows", "columns", "examples", p=(0.5, 0.35, 0.15))
    return Setup(
        sizes,
        hidden,
        output,
        loss,
        factor,
        layout=layout,
        biases=pick("apart", "first", "last", "none", p=(0.55, 0.15, 0.15, 0.15)),
        derivative_of="pre_activation" if dropout else pick("activation", "pre_activation"),
        reduction=reduction,
        in_place=bool(random.rand() < 0.5),
        optimizer=optimizer,
        momentum=momentum,
        decay=decay * (1500 if (divided := bool(random.rand() < 0.4)) else 1),
        decay_divided=divided,
        clip=clip,
        dropout=dropout,
        rate_decay=pick(0.0, 0.001, p=(0.9, 0.1)),
        learning_rate=float(rate),
        batch_size=batch_size,
        epochs=int(pick(6, 8, 12) + 4 * (depth - 1) + (8 if hidden == "sigmoid" and depth > 2 else 0)),
        in_label_order=bool(random.rand() < 0.1),
        initializer=initializer,
        bias_initializer=pick("zeros", "uniform", "third_dead" if hidden == "relu" and depth > 1 else "zeros"),
        targets=targets(output, kind, random),
        inputs=inputs,
        epsilon=float(pick(1e-12, 1e-8, 1e-15)),
        dtype=pick("float64", "float32", p=(0.7, 0.3)),
        n_classes=2 if kind == "binary" else 10,
        global_random=bool(random.rand() < 0.3),
    )


def targets(output: str, kind: str, random: np.random.RandomState) -> str:
    if output == "tanh":
        return "plus_minus"
    if kind == "binary":
        return "one_hot"
    other = {"softmax": "labels", "sigmoid": "soft", "linear": "plus_minus"}[output]
    return str(random.choice(["one_hot", other]))


def nielsen(random: np.random.RandomState) -> Setup:
    """A start with most hidden units saturated, from which a rate of 3 learns all the same."""
    sizes = (int(random.choice([49, 196, 784])), 30, 10)
    layout = str(random.choice(["columns", "examples", "rows"]))
    return Setup(
        sizes,
        "sigmoid",
        "sigmoid",
        "squared_error",
        layout=layout,
        derivative_of="pre_activation",
        in_place=False,
        learning_rate=3.0,
        initializer="unit_normal",
        bias_initializer="unit_normal",
        epochs=15,
    )


def learns(setup: Setup) -> bool:
    reached = (chance_corrected(outcome(Trial(setup), seed), setup.n_classes) for seed in (0, 1))
    return all(share >= chance_corrected(LEARNED, 10) for share in reached)


@functools.cache
def draw_setup(seed: int) -> Setup:
    """The first draw of this seed that learns: those that do not are no healthy networks."""
    for attempt in range(20):
        setup = draw(np.random.RandomState([seed, attempt]))
        if learns(setup):
            return setup
    raise AssertionError(f"no draw of seed {seed} learns")


def draw_trial(seed: int) -> Trial:
    """A healthy network; every third in an incomplete or unusual wiring."""
    wiring = "full" if seed % 3 else WIRINGS[seed // 3 % len(WIRINGS)]
    return Trial(draw_setup(seed), (), wiring, label=f"draw {seed}")


def draw_healthy(seed: int):
    """A Case of a healthy network and its description."""
    trial = draw_trial(seed)
    return trial.case(), f"{trial.wiring}: {trial.setup}"
