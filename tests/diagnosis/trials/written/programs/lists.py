# ruff: noqa
import math
import random


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


class Neuron:
    def __init__(self, n_inputs):
        self.weights = [random.uniform(-0.5, 0.5) for _ in range(n_inputs)]
        self.bias = random.uniform(-0.5, 0.5)

    def activate(self, inputs):
        self.output = sigmoid(sum(w * i for w, i in zip(self.weights, inputs)) + self.bias)
        return self.output


class Net:
    def __init__(self, n_inputs, n_hidden, n_outputs):
        self.hidden = [Neuron(n_inputs) for _ in range(n_hidden)]
        self.outputs = [Neuron(n_hidden) for _ in range(n_outputs)]

    def forward(self, inputs):
        hidden = [neuron.activate(inputs) for neuron in self.hidden]
        return [neuron.activate(hidden) for neuron in self.outputs]

    def train_one(self, inputs, expected, l_rate=0.5):
        self.forward(inputs)
        for neuron, target in zip(self.outputs, expected):
            neuron.delta = (neuron.output - target) * neuron.output * (1.0 - neuron.output)
        for j, neuron in enumerate(self.hidden):
            error = sum(above.weights[j] * above.delta for above in self.outputs)
            neuron.delta = error * neuron.output * (1.0 - neuron.output)
        for layer, came_in in ((self.hidden, inputs), (self.outputs, [neuron.output for neuron in self.hidden])):
            for neuron in layer:
                for j in range(len(came_in)):
                    neuron.weights[j] -= l_rate * neuron.delta * came_in[j]
                neuron.bias -= l_rate * neuron.delta


def train(net, rows, targets, epochs=12):
    order = list(range(len(rows)))
    for _ in range(epochs):
        random.shuffle(order)
        for i in order:
            net.train_one(rows[i], targets[i])


def wire(images, labels, images_test, labels_test, seed):
    random.seed(seed)
    net = Net(49, 12, 10)
    rows = [[int(p) / 255 for p in image.ravel()] for image in images[:600]]
    targets = [[1.0 if k == label else 0.0 for k in range(10)] for label in labels[:600]]
    rows_test = [[int(p) / 255 for p in image.ravel()] for image in images_test[:200]]

    def step(x, y):
        for row, target in zip(x, y):
            net.train_one(list(row), list(target))

    def accuracy(x, labels):
        hits = 0
        for row, label in zip(x, labels):
            outputs = net.forward(list(row))
            hits += outputs.index(max(outputs)) == label
        return hits / len(x)

    return dict(
        predict=lambda x: [net.forward(list(row)) for row in x],
        x=rows,
        targets=targets,
        labels=[int(label) for label in labels[:600]],
        x_test=rows_test,
        labels_test=[int(label) for label in labels_test[:200]],
        parameters=lambda: [
            [neuron.weights for neuron in net.hidden],
            [neuron.bias for neuron in net.hidden],
            [neuron.weights for neuron in net.outputs],
            [neuron.bias for neuron in net.outputs],
        ],
        step=step,
        train=lambda x, y: train(net, [list(row) for row in x], [list(target) for target in y]),
        accuracy=accuracy,
        learning_rate=0.5,
        batch_size=1,
        updates=12 * len(rows),
    )
