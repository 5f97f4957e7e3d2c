import numpy as np

rng = np.random.default_rng(23)
X = rng.normal(size=(30, 6))
y = rng.integers(0, 4, 30)
W1 = rng.normal(size=(6, 9)) * 0.5
b1 = rng.normal(size=9) * 0.1
g = rng.uniform(0.7, 1.3, 9)
h = rng.normal(size=9) * 0.1
W2 = rng.normal(size=(9, 4)) * 0.5
b2 = rng.normal(size=4) * 0.1


def layer_norm(a, g, h):
    m = a.mean(axis=-1, keepdims=True)
    v = ((a - m) ** 2).mean(axis=-1, keepdims=True)
    r = 1 / np.sqrt(v + 1e-6)
    n = (a - m) * r
    return g * n + h, n, r


def layer_norm_backward(d, n, r, g):
    # --- backward
    dg = (d * n).sum(axis=0)
    dh = d.sum(axis=0)
    dn = d * g
    da = r * (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True))
    # --- update
    return da, dg, dh


for step in range(5):
    a = X @ W1 + b1
    u, n, r = layer_norm(a, g, h)
    k = np.tanh(u)
    s = k @ W2 + b2
    p = np.exp(s - s.max(1, keepdims=True))
    p = p / p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(30), y]).mean()
    # --- backward
    ds = p.copy()
    ds[np.arange(30), y] -= 1
    ds /= 30
    dW2 = k.T @ ds
    db2 = ds.sum(0)
    dk = ds @ W2.T
    du = dk * (1 - k * k)
    da, dg, dh = layer_norm_backward(du, n, r, g)
    dW1 = X.T @ da
    db1 = da.sum(0)
    # --- update
    W1, b1 = W1 - 0.2 * dW1, b1 - 0.2 * db1
    g, h = g - 0.2 * dg, h - 0.2 * dh
    W2, b2 = W2 - 0.2 * dW2, b2 - 0.2 * db2
    print(step, loss)
