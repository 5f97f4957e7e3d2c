import math
import random

random.seed(36)


class Value:
    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self._prev = children
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            # --- backward
            self.grad += out.grad
            other.grad += out.grad
            # --- update
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            # --- backward
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
            # --- update
        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Value(self.data ** n, (self,))

        def _backward():
            # --- backward
            self.grad += n * self.data ** (n - 1) * out.grad
            # --- update
        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def _backward():
            # --- backward
            self.grad += (1 - t ** 2) * out.grad
            # --- update
        out._backward = _backward
        return out

    def backward(self):
        topo, seen = [], set()

        def build(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


class Neuron:
    def __init__(self, n):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(n)]
        self.b = Value(random.uniform(-0.2, 0.2))

    def __call__(self, x):
        act = self.b
        for wi, xi in zip(self.w, x):
            act = act + wi * xi
        return act.tanh()

    def parameters(self):
        return self.w + [self.b]


layers = [[Neuron(2) for _ in range(3)], [Neuron(3)]]
xs = [[0.5, -1.0], [1.0, 0.3], [-0.7, 0.8], [-0.2, -0.4]]
ys = [1.0, -1.0, -1.0, 1.0]
params = [p for layer in layers for neuron in layer for p in neuron.parameters()]

for k in range(5):
    preds = []
    for x in xs:
        for layer in layers:
            x = [neuron(x) for neuron in layer]
        preds.append(x[0])
    loss = Value(0.0)
    for y, p in zip(ys, preds):
        loss = loss + (p + (-y)) ** 2
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data = p.data - 0.05 * p.grad
    print(k, loss.data)
