# ruff: noqa: NPY002 - users draw from NumPy's global generator
"""A small training program in plain NumPy, written the way people write their first network.

Every construct is a method of its own (`activate`, `derivative`, `send_back`, `weight_gradient`, ...), so that a
fault is a subclass that writes one construct wrongly. Layers count from 1, as in the textbooks; the input is layer 0.
"""

import numpy as np

from .optimizers import Optimizer
from .setup import Setup


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Program(Optimizer):
    """One network of its author: prepares its data, predicts, makes steps, trains and evaluates itself."""

    def __init__(self, setup: Setup, seed: int = 0):
        self.setup, self.depth, self.dtype = setup, setup.depth, np.dtype(setup.dtype)
        self.learning_rate, self.n_classes = setup.learning_rate, setup.n_classes
        self.updates = 0
        self.memory: dict = {}  # what the optimiser keeps from step to step
        if setup.global_random:
            np.random.seed(seed)
            self.random = np.random
        else:
            self.random = np.random.RandomState(seed)
        self.arrays: dict[str, np.ndarray] = {}
        for layer in range(1, self.depth + 1):
            n_in, n_out = setup.sizes[layer - 1], setup.sizes[layer]
            self.arrays.update(self.store(layer, self.initial_weights(n_in, n_out), self.initial_biases(n_out)))
        self.arrays = {name: array.astype(self.dtype).copy() for name, array in self.arrays.items()}

    # --- preparation

    def inputs(self, images):
        x = images.reshape(len(images), -1) / 255
        if self.setup.inputs == "symmetric":
            x = 2 * x - 1
        if self.setup.inputs == "standardised":
            x = (x - 0.13) / 0.31
        return x.astype(self.dtype)

    def encode(self, labels):
        n_outputs, targets = self.setup.sizes[-1], self.setup.targets
        if targets == "labels":
            return labels.astype(int)
        y = labels.reshape(-1, 1).astype(float) if n_outputs == 1 else np.eye(n_outputs)[labels]
        if targets == "soft":
            y = y * 0.98 + 0.01
        if targets == "plus_minus":
            y = 2 * y - 1
        return y.astype(self.dtype)

    def collect(self, digits):
        """Images and labels as the author has them, for training and for the test."""
        return digits

    def load(self, digits):
        """Training inputs, targets and labels, then the same for the test."""
        images, labels, images_test, labels_test = self.collect(digits)
        if self.setup.in_label_order:
            order = np.argsort(labels, kind="stable")
            images, labels = images[order], labels[order]
        labels, labels_test = labels.astype(int), labels_test.astype(int)
        training = self.inputs(images), self.encode(labels), labels
        return training, (self.inputs(images_test), self.encode(labels_test), labels_test)

    # --- parameters

    def initial_weights(self, n_in, n_out):
        draw = self.random
        match self.setup.initializer:
            case "lecun_normal":
                return draw.randn(n_in, n_out) / np.sqrt(n_in)
            case "he_normal":
                return draw.randn(n_in, n_out) * np.sqrt(2 / n_in)
            case "glorot_uniform":
                return draw.uniform(-1, 1, (n_in, n_out)) * np.sqrt(6 / (n_in + n_out))
            case "small_normal":
                return draw.randn(n_in, n_out) * 0.1
            case "centred_uniform":
                return draw.rand(n_in, n_out) - 0.5
            case "unit_normal":
                return draw.randn(n_in, n_out)
            case "zeros":
                return np.zeros((n_in, n_out))
        raise ValueError(self.setup.initializer)

    def initial_biases(self, n_out):
        match self.setup.bias_initializer:
            case "zeros":
                return np.zeros(n_out)
            case "unit_normal":
                return self.random.randn(n_out)
            case "uniform":
                return self.random.rand(n_out) - 0.5
            case "third_dead":  # of the hidden units, where these are ReLUs
                dead = np.arange(n_out) % 3 == 0
                return np.where(dead & (n_out != self.setup.sizes[-1]), -30.0, 0.0)
        raise ValueError(self.setup.bias_initializer)

    def store(self, layer, weights, biases) -> dict[str, np.ndarray]:
        """Weights (n_in, n_out) and biases (n_out,), or their gradients, as the author lays them out."""
        if self.setup.biases == "first":
            weights = np.vstack([biases, weights])
        if self.setup.biases == "last":
            weights = np.vstack([weights, biases])
        if self.setup.layout != "rows":
            weights = weights.T
        stored = {f"W{layer}": weights}
        if self.setup.biases == "apart":
            stored[f"b{layer}"] = biases.reshape(-1, 1) if self.setup.layout == "columns" else biases
        return stored

    def weights(self, layer):
        array = self.arrays[f"W{layer}"]
        if self.setup.layout != "rows":
            array = array.T
        return {"first": array[1:], "last": array[:-1]}.get(self.setup.biases, array)  # (n_in, n_out)

    def bias(self, layer):
        if self.setup.biases == "none":
            return 0
        if self.setup.biases == "apart":
            return self.arrays[f"b{layer}"].reshape(-1)
        array = self.arrays[f"W{layer}"]
        if self.setup.layout != "rows":
            array = array.T
        return array[0] if self.setup.biases == "first" else array[-1]  # (n_out,)

    # --- forward

    def activate(self, z, layer):
        match self.setup.hidden:
            case "sigmoid":
                return sigmoid(z)
            case "tanh":
                return np.tanh(z)
            case "relu":
                return np.maximum(z, 0)
            case "leaky_relu":
                return np.where(z > 0, z, 0.1 * z)
        raise ValueError(self.setup.hidden)

    def derivative(self, z, a, layer):
        kind = self.setup.hidden
        if kind == "relu":
            return z > 0
        if kind == "leaky_relu":
            return np.where(z > 0, 1, 0.1).astype(self.dtype)
        if self.setup.derivative_of == "pre_activation":
            return sigmoid(z) * (1 - sigmoid(z)) if kind == "sigmoid" else 1 - np.tanh(z) ** 2
        return a * (1 - a) if kind == "sigmoid" else 1 - a**2

    def output(self, z):
        return {"sigmoid": sigmoid, "softmax": softmax, "tanh": np.tanh, "linear": lambda z: z}[self.setup.output](z)

    def linear(self, layer, a):
        return a @ self.weights(layer) + self.bias(layer)

    def forward(self, x, training=False):
        """Pre-activations and activations, one (n, n_out) array for each layer; the input is activation 0."""
        zs, activations, self.masks = [None], [x], {}
        for layer in range(1, self.depth + 1):
            z = self.linear(layer, activations[-1])
            a = self.output(z) if layer == self.depth else self.activate(z, layer)
            if training and self.setup.dropout and layer < self.depth:
                keep = 1 - self.setup.dropout
                self.masks[layer] = ((self.random.rand(*a.shape) < keep) / keep).astype(self.dtype)
                a = a * self.masks[layer]
            zs.append(z)
            activations.append(a)
        return zs, activations

    def predict(self, x):
        if self.setup.layout == "examples":
            return np.array([self.forward(row[None])[1][-1][0] for row in x])
        return self.forward(x)[1][-1]

    def loss(self, x, targets):
        a, y = self.predict(x), self.desired(targets)
        if self.setup.loss == "squared_error":
            return 0.5 * self.setup.loss_factor * np.sum((a - y) ** 2) / len(x)
        total = y * np.log(a + self.setup.epsilon)
        if self.setup.loss == "binary_cross_entropy":
            total = total + (1 - y) * np.log(1 - a + self.setup.epsilon)
        return -np.sum(total) / len(x)

    # --- backward

    def desired(self, targets):
        if self.setup.targets == "labels":
            return np.eye(self.setup.sizes[-1], dtype=self.dtype)[targets]
        return targets

    def output_delta(self, z, a, y):
        error = a - y
        if self.setup.loss != "squared_error" or self.setup.output == "linear":
            return self.setup.loss_factor * error
        error = self.setup.loss_factor * error
        if self.setup.output == "softmax":
            return a * (error - (error * a).sum(axis=1, keepdims=True))
        return error * (a * (1 - a) if self.setup.output == "sigmoid" else 1 - a**2)

    def send_back(self, layer, delta):
        return delta @ self.weights(layer).T  # (n, n_in)

    def hidden_delta(self, layer, delta, zs, activations):
        """The delta of the layer below `layer`."""
        back = self.send_back(layer, delta) * self.masks.get(layer - 1, 1)
        return back * self.derivative(zs[layer - 1], activations[layer - 1], layer - 1)

    def weight_gradient(self, layer, delta, zs, activations):
        return activations[layer - 1].T @ delta  # (n_in, n_out)

    def bias_gradient(self, layer, delta, activations):
        return delta.sum(axis=0)  # (n_out,)

    def layer_gradients(self, layer, delta, zs, activations):
        weights = self.weight_gradient(layer, delta, zs, activations)
        return self.store(layer, weights, self.bias_gradient(layer, delta, activations))

    def backpropagate(self, x, targets):
        """Gradients summed over these examples, by the name of their array."""
        zs, activations = self.forward(x, training=True)
        delta = self.output_delta(zs[-1], activations[-1], self.desired(targets))
        totals = {}
        for layer in range(self.depth, 0, -1):
            totals.update(self.layer_gradients(layer, delta, zs, activations))
            if layer > 1:
                delta = self.hidden_delta(layer, delta, zs, activations)
        return {name: totals[name] for name in self.arrays if name in totals}

    def gradients(self, x, targets):
        if self.setup.layout == "examples":
            parts = [self.backpropagate(x[i : i + 1], targets[i : i + 1]) for i in range(len(x))]
            totals = {name: sum(part[name] for part in parts) for name in parts[0]}
        else:
            totals = self.backpropagate(x, targets)
        return {name: self.with_decay(name, self.reduce(total, len(x))) for name, total in totals.items()}

    def reduce(self, total, n):
        return total / n if self.setup.reduction == "mean" else total

    def with_decay(self, name, gradient):
        if not self.setup.decay or not name.startswith("W"):
            return gradient
        return gradient + self.setup.decay / (1500 if self.setup.decay_divided else 1) * self.arrays[name]

    # --- update

    def step(self, x, targets):
        if self.setup.optimizer == "nesterov_look_ahead":
            self.look_ahead(self.setup.momentum)
            gradients = self.gradients(x, targets)
            self.look_ahead(-self.setup.momentum)
            self.update(gradients)
        elif self.setup.reduction == "one_by_one":
            for i in range(len(x)):
                self.update(self.gradients(x[i : i + 1], targets[i : i + 1]))
        else:
            self.update(self.gradients(x, targets))

    def look_ahead(self, share):
        for name, array in self.arrays.items():
            self.move(name, share * self.remembered("velocity", name, array))

    def update(self, gradients):
        self.updates += 1
        for name, gradient in gradients.items():
            if self.setup.clip:
                gradient = np.clip(gradient, -self.setup.clip, self.setup.clip)
            self.move(name, self.change(name, gradient))

    def move(self, name, change):
        if self.setup.in_place:
            self.arrays[name] += change
        else:
            self.arrays[name] = self.arrays[name] + change

    # --- training and evaluation

    def train(self, x, targets):
        for _ in range(self.setup.epochs):
            order = self.random.permutation(len(x)) if self.setup.shuffle else np.arange(len(x))
            for start in range(0, len(x), self.setup.batch_size):
                batch = order[start : start + self.setup.batch_size]
                self.step(x[batch], targets[batch])

    def labels_of(self, outputs):
        if outputs.shape[1] == 1:
            return (outputs[:, 0] > (0 if self.setup.targets == "plus_minus" else 0.5)).astype(int)
        return outputs.argmax(axis=1)

    def accuracy(self, x, labels):
        return float(np.mean(self.labels_of(self.predict(x)) == labels))
