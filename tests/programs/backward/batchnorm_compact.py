import numpy as np

rng = np.random.default_rng(21)
X = rng.normal(size=(60, 5)) * 3 + 1
T = np.eye(3)[np.argmax(X[:, :3], axis=1)]
W1 = rng.normal(size=(5, 8)) * 0.5
gamma = rng.uniform(0.5, 1.5, 8)
beta = rng.normal(size=8) * 0.1
W2 = rng.normal(size=(8, 3)) * 0.5
b2 = rng.normal(size=3) * 0.1
eps = 1e-5

for step in range(6):
    rows = slice((step % 3) * 20, (step % 3) * 20 + 20)
    x, t = X[rows], T[rows]
    n = len(x)
    z = x @ W1
    mu = z.mean(axis=0)
    var = z.var(axis=0)
    inv = 1 / np.sqrt(var + eps)
    zhat = (z - mu) * inv
    u = gamma * zhat + beta
    a = np.maximum(0, u)
    s = a @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -(t * np.log(p)).sum() / n
    # --- backward
    ds = (p - t) / n
    dW2 = a.T @ ds
    db2 = ds.sum(axis=0)
    da = ds @ W2.T
    du = da * (u > 0)
    dgamma = (du * zhat).sum(axis=0)
    dbeta = du.sum(axis=0)
    dzhat = du * gamma
    dz = inv / n * (n * dzhat - dzhat.sum(axis=0) - zhat * (dzhat * zhat).sum(axis=0))
    dW1 = x.T @ dz
    # --- update
    W1 -= 0.1 * dW1
    gamma -= 0.1 * dgamma
    beta -= 0.1 * dbeta
    W2 -= 0.1 * dW2
    b2 -= 0.1 * db2
    print(step, loss)
