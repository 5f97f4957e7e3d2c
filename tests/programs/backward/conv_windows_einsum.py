import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

rng = np.random.default_rng(10)
x = rng.normal(size=(10, 2, 7, 7))
t = rng.normal(size=(10, 1))


class Conv:
    def __init__(self, c_in, c_out, k):
        self.w = rng.normal(size=(c_out, c_in, k, k)) * 0.3
        self.b = rng.normal(size=c_out) * 0.1
        self.k = k

    def forward(self, x):
        self.shape = x.shape
        self.windows = sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return np.einsum('nchwij,fcij->nfhw', self.windows, self.w) + self.b[None, :, None, None]

    def backward(self, dy):
        # --- backward
        self.dw = np.einsum('nfhw,nchwij->fcij', dy, self.windows)
        self.db = dy.sum(axis=(0, 2, 3))
        pad = self.k - 1
        padded = np.pad(dy, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = sliding_window_view(padded, (self.k, self.k), axis=(2, 3))
        turned = self.w[:, :, ::-1, ::-1]
        return np.einsum('nfhwij,fcij->nchw', windows, turned)
        # --- update


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        # --- backward
        return dy * (1 - self.y ** 2)
        # --- update


class Linear:
    def __init__(self, m, n):
        self.w = rng.normal(size=(m, n)) * 0.2
        self.b = rng.normal(size=n) * 0.1

    def forward(self, x):
        self.shape = x.shape
        self.x = x.reshape(len(x), -1)
        return self.x @ self.w + self.b

    def backward(self, dy):
        # --- backward
        self.dw = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return (dy @ self.w.T).reshape(self.shape)
        # --- update


layers = [Conv(2, 3, 3), Tanh(), Conv(3, 2, 3), Tanh(), Linear(2 * 3 * 3, 1)]
for step in range(5):
    y = x
    for layer in layers:
        y = layer.forward(y)
    loss = 0.5 * np.mean((y - t) ** 2)
    # --- backward
    grad = (y - t) / len(t)
    for layer in reversed(layers):
        grad = layer.backward(grad)
    # --- update
    for layer in layers:
        if hasattr(layer, 'w'):
            layer.w -= 0.05 * layer.dw
            layer.b -= 0.05 * layer.db
    print(step, loss)
