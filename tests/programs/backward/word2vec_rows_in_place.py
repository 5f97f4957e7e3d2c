import numpy as np

rng = np.random.default_rng(2)
V, D = 30, 8
walks = [(rng.integers(0, V) + np.arange(12) + rng.integers(0, 2, 12)) % V for _ in range(20)]
W_in = rng.normal(size=(V, D)) * 0.3
W_out = rng.normal(size=(V, D)) * 0.3
lr = 0.1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


for walk in walks:
    for i in range(2, 10):
        context = walk[[i - 2, i - 1, i + 1, i + 2]]
        h = W_in[context].mean(axis=0)
        rows = np.append(walk[i], rng.integers(0, V, 5))
        t = np.zeros(6)
        t[0] = 1
        p = sigmoid(W_out[rows] @ h)
        loss = -np.log(p[0]) - np.log(1 - p[1:]).sum()
        # --- backward
        e = p - t
        dh = e @ W_out[rows]
        np.subtract.at(W_out, rows, lr * np.outer(e, h))
        np.subtract.at(W_in, context, lr * dh / len(context))
