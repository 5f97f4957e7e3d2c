"""A small network whose gradients and update can be written anew: ten inputs, eight hidden units, six classes."""

import numpy as np

import unstuck

N_EXAMPLES = 120


class SmallNetwork:
    """tanh and softmax; `update(gradients)` gives the changes of all arrays, plain descent where it is not given."""

    def __init__(self, update=None):
        generator = np.random.default_rng(0)
        self.x = generator.normal(size=(N_EXAMPLES, 10))
        self.labels = (self.x @ generator.normal(size=(10, 6))).argmax(axis=1)
        self.parameters = [generator.normal(size=shape) * 0.3 for shape in ((10, 8), (8,), (8, 6), (6,))]
        self.update = update or (lambda gradients: [-0.1 * gradient for gradient in gradients])

    def hidden(self, x):
        return np.tanh(x @ self.parameters[0] + self.parameters[1])

    def predict(self, x):
        sums = self.hidden(x) @ self.parameters[2] + self.parameters[3]
        e = np.exp(sums - sums.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def derivative(self, a):
        return 1 - a * a

    def gradients(self, x, targets):
        a = self.hidden(x)
        delta = (self.predict(x) - targets) / len(x)
        below = delta @ self.parameters[2].T * self.derivative(a)
        return [x.T @ below, below.sum(axis=0), a.T @ delta, delta.sum(axis=0)]

    def step(self, x, targets):
        for array, change in zip(self.parameters, self.update(self.gradients(x, targets)), strict=True):
            array += change

    def train(self, x, targets):
        for start in range(0, len(x), 6):
            self.step(x[start : start + 6], targets[start : start + 6])

    def case(self, **fields) -> unstuck.Case:
        fields = {"step": self.step, **fields}
        return unstuck.Case(
            predict=self.predict,
            x=self.x,
            targets=np.eye(6)[self.labels],
            parameters=lambda: self.parameters,
            **fields,
        )


class Remembering:
    """An update rule of which every array has its own memory."""

    def __init__(self, change):
        self.change = change
        self.memories = [{} for _ in range(4)]

    def __call__(self, gradients):
        return [self.change(memory, gradient) for memory, gradient in zip(self.memories, gradients, strict=True)]
