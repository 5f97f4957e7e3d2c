import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
Y = np.sin(X[:, :2])
W1, g, W2 = rng.normal(size=(5, 9)), np.ones(9), rng.normal(size=(9, 2))
def layer_norm(z):
    centred = z - z.mean(axis=1, keepdims=True)
    s = np.sqrt(centred.var(axis=1, keepdims=True) + 1e-6)
    return centred / s, s
for step in range(200):
    rows = rng.integers(0, 200, 20)
    x, y = X[rows], Y[rows]
    n, s = layer_norm(x @ W1)
    out = (g * n) @ W2
    d = (out - y) / 20
    dgn = d @ W2.T
    W2 -= 0.1 * (g * n).T @ d
    dn = dgn * g
    g -= 0.1 * (dgn * n).sum(axis=0)
    dz = (dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True)) / s
    W1 -= 0.1 * x.T @ dz
