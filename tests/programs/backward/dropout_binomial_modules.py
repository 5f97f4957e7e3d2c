import numpy as np

rng = np.random.default_rng(26)


class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x):
        self.mask = rng.binomial(1, 1 - self.rate, size=x.shape)
        return x * self.mask / (1 - self.rate)

    def backward(self, d):
        # --- backward
        return d * self.mask / (1 - self.rate)
        # --- update

    def update(self, rate):
        pass


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, d):
        # --- backward
        return d * self.out * (1 - self.out)
        # --- update

    def update(self, rate):
        pass


class Affine:
    def __init__(self, m, n):
        self.w = rng.normal(size=(m, n)) * 0.6
        self.b = rng.normal(size=(1, n)) * 0.1

    def forward(self, x):
        self.x = x
        return np.dot(x, self.w) + self.b

    def backward(self, d):
        # --- backward
        self.dw = np.dot(self.x.T, d)
        self.db = np.sum(d, axis=0, keepdims=True)
        return np.dot(d, self.w.T)
        # --- update

    def update(self, rate):
        self.w = self.w - rate * self.dw
        self.b = self.b - rate * self.db


net = [Affine(4, 12), Sigmoid(), Dropout(0.2), Affine(12, 8), Sigmoid(), Affine(8, 2)]
X = rng.normal(size=(24, 4))
T = np.stack([X[:, 0] * X[:, 1], X[:, 2] ** 2], axis=1)
for step in range(6):
    out = X
    for m in net:
        out = m.forward(out)
    loss = np.mean((out - T) ** 2)
    # --- backward
    grad = 2 * (out - T) / T.size
    for m in net[::-1]:
        grad = m.backward(grad)
    # --- update
    for m in net:
        m.update(0.3)
    print(step, loss)
