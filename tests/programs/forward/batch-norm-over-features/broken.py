import numpy as np
rng = np.random.default_rng(2)
X = rng.normal(size=(240, 6)) * [1, 2, 3, 4, 5, 6]
y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 2)
W1, W2, b2 = rng.normal(size=(6, 16)) * 0.3, rng.normal(size=(16, 3)) * 0.3, np.zeros(3)
gamma, beta = np.ones(16), np.zeros(16)
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = np.mean(x, axis=1, keepdims=True)
    spread = np.sqrt(np.var(x, axis=1, keepdims=True) + eps)
    normed = (x - mean) / spread
    return gamma * normed + beta, (normed, spread, gamma)
def batchnorm_backward(d, cache):
    normed, spread, gamma = cache
    g = d * gamma
    back = (g - g.mean(axis=0, keepdims=True) - normed * np.mean(g * normed, axis=0, keepdims=True)) / spread
    return back, np.sum(d * normed, axis=0), d.sum(axis=0)
for step in range(300):
    rows = rng.integers(0, 240, 30)
    z, cache = batchnorm_forward(X[rows] @ W1, gamma, beta)
    h = np.maximum(z, 0)
    e = np.exp(h @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    d = p.copy()
    d[np.arange(30), y[rows]] -= 1
    d /= 30
    dz, dgamma, dbeta = batchnorm_backward((d @ W2.T) * (z > 0), cache)
    W2 -= 0.5 * h.T @ d
    b2 -= 0.5 * d.sum(axis=0)
    gamma -= 0.5 * dgamma
    beta -= 0.5 * dbeta
    W1 -= 0.5 * X[rows].T @ dz
