import numpy as np

rng = np.random.default_rng(33)
X = rng.random((40, 12))
We, be = rng.normal(size=(12, 5)) * 0.4, rng.normal(size=5) * 0.1
Wd, bd = rng.normal(size=(5, 12)) * 0.4, rng.normal(size=12) * 0.1


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for step in range(6):
    code = sigmoid(X @ We + be)
    out = sigmoid(code @ Wd + bd)
    loss = np.sum((out - X) ** 2) / len(X)
    # --- backward
    diff = 2 * (out - X) / len(X)
    d_out = diff * out * (1 - out)
    dWd = code.T @ d_out
    dbd = d_out.sum(axis=0)
    d_code = d_out @ Wd.T * code * (1 - code)
    dWe = X.T @ d_code
    dbe = d_code.sum(axis=0)
    # --- update
    We -= 0.3 * dWe
    be -= 0.3 * dbe
    Wd -= 0.3 * dWd
    bd -= 0.3 * dbd
    print(step, loss)
