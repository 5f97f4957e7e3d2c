import numpy as np

rng = np.random.default_rng(37)


def unbroadcast(g, shape):
    # --- backward
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=i, keepdims=True)
    # --- update
    return g


class Tensor:
    def __init__(self, data, parents=(), back=None):
        self.data = np.asarray(data, dtype=float)
        self.parents = parents
        self.back = back
        self.grad = None

    def __add__(self, other):
        def back(g):
            # --- backward
            return unbroadcast(g, self.data.shape), unbroadcast(g, other.data.shape)
            # --- update
        return Tensor(self.data + other.data, (self, other), back)

    def __matmul__(self, other):
        def back(g):
            # --- backward
            return g @ other.data.T, self.data.T @ g
            # --- update
        return Tensor(self.data @ other.data, (self, other), back)

    def relu(self):
        def back(g):
            # --- backward
            return (g * (self.data > 0),)
            # --- update
        return Tensor(np.maximum(self.data, 0), (self,), back)

    def sigmoid(self):
        s = 1 / (1 + np.exp(-self.data))

        def back(g):
            # --- backward
            return (g * s * (1 - s),)
            # --- update
        return Tensor(s, (self,), back)

    def squared_error(self, target):
        def back(g):
            # --- backward
            return (g * 2 * (self.data - target) / target.size,)
            # --- update
        return Tensor(np.mean((self.data - target) ** 2), (self,), back)

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if id(t) not in seen:
                seen.add(id(t))
                for p in t.parents:
                    visit(p)
                order.append(t)
        visit(self)
        for t in order:
            t.grad = np.zeros_like(t.data)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            if t.back is not None:
                for p, g in zip(t.parents, t.back(t.grad)):
                    p.grad = p.grad + g


X = rng.normal(size=(20, 4))
Y = np.abs(X[:, :1]) * 0.3
W1, b1 = Tensor(rng.normal(size=(4, 6)) * 0.6), Tensor(rng.normal(size=6) * 0.1)
W2, b2 = Tensor(rng.normal(size=(6, 5)) * 0.6), Tensor(rng.normal(size=5) * 0.1)
W3, b3 = Tensor(rng.normal(size=(5, 1)) * 0.6), Tensor(rng.normal(size=1) * 0.1)
for step in range(5):
    h = (Tensor(X) @ W1 + b1).sigmoid()
    h = (h @ W2 + b2).relu()
    loss = (h @ W3 + b3).squared_error(Y)
    loss.backward()
    for p in (W1, b1, W2, b2, W3, b3):
        p.data = p.data - 0.2 * p.grad
    print(step, loss.data)
