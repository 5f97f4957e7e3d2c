import numpy as np

rng = np.random.default_rng(6)
X = rng.normal(size=(64, 5))
T = np.stack([np.sin(X[:, 0]), X[:, 1] ** 2], axis=1)


def elu(z):
    return np.where(z > 0, z, np.exp(z) - 1)


W = [rng.normal(size=(5, 12)) * 0.5, rng.normal(size=(12, 9)) * 0.4, rng.normal(size=(9, 2)) * 0.4]
B = [rng.normal(size=12) * 0.1, rng.normal(size=9) * 0.1, rng.normal(size=2) * 0.1]
everything = W + B
M = [np.zeros_like(p) for p in everything]
V = [np.zeros_like(p) for p in everything]

for step in range(1, 7):
    z0 = X @ W[0] + B[0]
    h0 = elu(z0)
    z1 = h0 @ W[1] + B[1]
    h1 = elu(z1)
    out = h1 @ W[2] + B[2]
    loss = np.mean((out - T) ** 2)
    # --- backward
    d_out = 2.0 * (out - T) / out.size
    gW2 = h1.T @ d_out
    gB2 = d_out.sum(axis=0)
    d_h1 = d_out @ W[2].T
    d_z1 = d_h1 * np.where(z1 > 0, 1.0, np.exp(z1))
    gW1 = h0.T @ d_z1
    gB1 = d_z1.sum(axis=0)
    d_h0 = d_z1 @ W[1].T
    d_z0 = d_h0 * np.where(z0 > 0, 1.0, np.exp(z0))
    gW0 = X.T @ d_z0
    gB0 = d_z0.sum(axis=0)
    # --- update
    for p, g, m, v in zip(everything, [gW0, gW1, gW2, gB0, gB1, gB2], M, V):
        m[...] = 0.9 * m + 0.1 * g
        v[...] = 0.999 * v + 0.001 * g * g
        mh = m / (1 - 0.9 ** step)
        vh = v / (1 - 0.999 ** step)
        p -= 0.01 * mh / (np.sqrt(vh) + 1e-8)
    print(step, loss)
