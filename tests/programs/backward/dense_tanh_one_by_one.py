import numpy as np

np.random.seed(3)
inputs = np.random.uniform(-1, 1, (12, 5))
wanted = np.stack([np.sin(inputs.sum(axis=1)), inputs[:, 0] * inputs[:, 1]], axis=1)

V = np.random.randn(7, 5) * 0.4
c = np.random.randn(7) * 0.1
U = np.random.randn(2, 7) * 0.4
d = np.random.randn(2) * 0.1

for sweep in range(5):
    total = 0
    gV, gc, gU, gd = np.zeros_like(V), np.zeros_like(c), np.zeros_like(U), np.zeros_like(d)
    for x, t in zip(inputs, wanted):
        h = np.tanh(V @ x + c)
        y = U @ h + d
        total += 0.5 * ((y - t) ** 2).sum()
        # --- backward
        e = y - t
        gU += np.outer(e, h)
        gd += e
        r = (U.T @ e) * (1 - h ** 2)
        gV += np.outer(r, x)
        gc += r
        # --- update
    rate = 0.1 / len(inputs)
    V -= rate * gV
    c -= rate * gc
    U -= rate * gU
    d -= rate * gd
    print(sweep, total)
