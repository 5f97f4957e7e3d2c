import numpy as np

rng = np.random.RandomState(20)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class GRU:
    def __init__(self, d, h):
        self.h = h
        self.W = rng.randn(d, 3 * h) * 0.4
        self.U = rng.randn(h, 3 * h) * 0.3
        self.b = rng.randn(3 * h) * 0.1

    def forward(self, x):
        n, t, _ = x.shape
        h = np.zeros((n, self.h))
        self.cache = []
        for k in range(t):
            a = x[:, k] @ self.W + self.b
            u = h @ self.U
            r = sigmoid(a[:, :self.h] + u[:, :self.h])
            z = sigmoid(a[:, self.h:2 * self.h] + u[:, self.h:2 * self.h])
            c = np.tanh(a[:, 2 * self.h:] + r * u[:, 2 * self.h:])
            new = z * h + (1 - z) * c
            self.cache.append((x[:, k], h, u, r, z, c))
            h = new
        return h

    def backward(self, dh):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)
        # --- backward
        for x, h, u, r, z, c in self.cache[::-1]:
            dc = dh * (1 - z) * (1 - c ** 2)
            dz = dh * (h - c) * z * (1 - z)
            dr = dc * u[:, 2 * self.h:] * r * (1 - r)
            da = np.concatenate([dr, dz, dc], axis=1)
            du = np.concatenate([dr, dz, dc * r], axis=1)
            self.dW += x.T @ da
            self.dU += h.T @ du
            self.db += da.sum(axis=0)
            dh = dh * z + du @ self.U.T
        # --- update


X = rng.randn(16, 5, 3)
Y = np.tanh(X[:, 0, :1] - X[:, -1, 1:2])
gru = GRU(3, 6)
V = rng.randn(6, 1) * 0.4
for step in range(5):
    h = gru.forward(X)
    out = h @ V
    loss = np.mean((out - Y) ** 2)
    # --- backward
    d = 2 * (out - Y) / len(Y)
    dV = h.T @ d
    gru.backward(d @ V.T)
    # --- update
    V -= 0.2 * dV
    gru.W -= 0.2 * gru.dW
    gru.U -= 0.2 * gru.dU
    gru.b -= 0.2 * gru.db
    print(step, loss)
