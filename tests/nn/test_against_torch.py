"""One step against PyTorch in float64: an independent implementation of everything that enters an update."""

import numpy as np
import pytest

from tests.nn.numerical import problem, shake
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSProp
from unstuck.nn.training import train

torch = pytest.importorskip("torch")

ACTIVATIONS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "softmax": lambda z: torch.softmax(z, dim=1),
}

PAIRS = [
    ("sigmoid", "sigmoid", "squared_error"),
    ("sigmoid", "sigmoid", "binary_cross_entropy"),
    ("tanh", "tanh", "squared_error"),
    ("relu", "softmax", "cross_entropy"),
    ("leaky_relu", "softmax", "squared_error"),
    ("softmax", "linear", "squared_error"),
    ("linear", "relu", "squared_error"),
]


def torch_losses(loss: str, output: str, z, t):
    """The loss of each example."""
    if loss == "cross_entropy":
        return torch.nn.functional.cross_entropy(z, t, reduction="none")
    if loss == "binary_cross_entropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, t, reduction="none").sum(dim=1)
    return torch.nn.functional.mse_loss(ACTIVATIONS[output](z), t, reduction="none").sum(dim=1) / 2


def torch_steps(network: Network, x, t, optimizer_of, weight=None, steps: int = 1) -> list[np.ndarray]:
    """The parameters after so many steps on one batch."""
    parameters = [torch.tensor(p, requires_grad=True) for p in network.parameters]
    weights, biases = parameters[::2], parameters[1::2]
    optimizer = optimizer_of(parameters)
    for _ in range(steps):
        a = torch.tensor(x)
        for i, layer in enumerate(network.layers):
            z = a @ weights[i] + biases[i]
            a = ACTIVATIONS[layer.activation.name](z)
        losses = torch_losses(network.loss.name, network.output.name, z, torch.tensor(t))
        loss = (losses if weight is None else losses * torch.tensor(weight)).mean()
        loss = loss + network.l2 / 2 * sum((w**2).sum() for w in weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [p.detach().numpy() for p in parameters]


def assert_same_step(network: Network, n: int, optimizer: Optimizer, optimizer_of, steps: int = 1, **weights) -> None:
    x, targets = problem(network, n)
    t = network.encode(targets)
    weight = weights.get("sample_weight")
    if "class_weight" in weights:
        weight = np.array([weights["class_weight"].get(int(label), 1.0) for label in targets])
    expected = torch_steps(network, x, t, optimizer_of, weight, steps)
    train(network, (x, targets), epochs=steps, batch_size=None, optimizer=optimizer, shuffle=False, **weights)
    for found, wanted in zip(network.parameters, expected):
        assert np.abs(found - wanted).max() <= 1e-10


def build(hidden="tanh", output="softmax", loss="cross_entropy", sizes=(5, 4, 7, 3), **settings) -> Network:
    return shake(Network(sizes, hidden, output, loss, "glorot_normal", dtype="float64", **settings))


def plain_sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(("hidden", "output", "loss"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
@pytest.mark.parametrize("n", [1, 6])
def test_every_activation_and_loss(hidden: str, output: str, loss: str, n: int) -> None:
    assert_same_step(build(hidden, output, loss), n, SGD(0.1), plain_sgd)


OPTIMIZERS = [
    (SGD(0.1, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    (SGD(0.1, momentum=0.9, nesterov=True), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
    (RMSProp(0.01), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-8)),
    (AdaGrad(0.01), lambda p: torch.optim.Adagrad(p, lr=0.01)),
    (Adam(0.01), lambda p: torch.optim.Adam(p, lr=0.01)),
    (AdamW(0.01, weight_decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
]


@pytest.mark.parametrize(("optimizer", "optimizer_of"), OPTIMIZERS, ids=[repr(o) for o, _ in OPTIMIZERS])
@pytest.mark.parametrize("steps", [1, 4])
def test_every_optimizer(optimizer: Optimizer, optimizer_of, steps: int) -> None:
    assert_same_step(build(), 6, optimizer, optimizer_of, steps)


@pytest.mark.parametrize("sizes", [(1, 2), (3, 1, 2), (2, 9, 1, 5)])
def test_odd_shapes(sizes: tuple[int, ...]) -> None:
    assert_same_step(build(sizes=sizes), 5, SGD(0.1), plain_sgd)


def test_l2() -> None:
    assert_same_step(build(l2=0.2), 6, SGD(0.1, momentum=0.5), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.5), 3)


def test_sample_and_class_weights() -> None:
    assert_same_step(build(), 4, SGD(0.1), plain_sgd, sample_weight=np.array([0.5, 2, 0, 1]))
    assert_same_step(build(), 6, SGD(0.1), plain_sgd, class_weight={0: 3.0, 2: 0.5})


def test_max_norm() -> None:
    network, free = build(max_norm=0.8), build()
    x, targets = problem(free, 6)
    expected = torch_steps(free, x, free.encode(targets), plain_sgd)
    for weights in expected[::2]:
        norms = torch.linalg.vector_norm(torch.tensor(weights), dim=0).numpy()
        weights *= np.minimum(1, 0.8 / norms)
    train(network, (x, targets), epochs=1, batch_size=None, optimizer=SGD(0.1))
    for found, wanted in zip(network.parameters, expected):
        assert np.abs(found - wanted).max() <= 1e-10


def test_dropout_with_the_same_mask() -> None:
    network = build(sizes=(5, 8, 3), dropout=0.5)
    x, targets = problem(network, 6)
    passes = network.forward(x, np.random.default_rng(3))
    found = network.backward(passes, network.encode(targets))
    parameters = [torch.tensor(p, requires_grad=True) for p in network.parameters]
    w1, b1, w2, b2 = parameters
    z = (torch.tanh(torch.tensor(x) @ w1 + b1) * torch.tensor(passes[0].mask)) @ w2 + b2
    torch.nn.functional.cross_entropy(z, torch.tensor(targets)).backward()
    for gradient, parameter in zip(found, parameters):
        assert np.abs(gradient - parameter.grad.numpy()).max() <= 1e-10
