import numpy as np
rng = np.random.default_rng(0)
T, H, K = 5, 10, 4
text = rng.integers(0, K, 200)
U, W, V = rng.normal(size=(K, H)), rng.normal(size=(H, H)) * 0.2, rng.normal(size=(H, K))
h = np.zeros(H)
for start in range(0, 150, T):
    xs, ys, hs, ds = np.eye(K)[text[start:start + T]], text[start + 1:start + T + 1], [h], []
    for t in range(T):
        h = np.tanh(xs[t] @ U + h @ W)
        hs.append(h)
        z = h @ V
        p = np.exp(z) / np.exp(z).sum()
        d = p.copy()
        d[ys[t]] -= 1
        ds.append(d)
    dU, dW, dV, dh = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V), np.zeros(H)
    for t in reversed(range(T)):
        dV += np.outer(hs[t + 1], ds[t])
        da = (ds[t] @ V.T + dh) * (1 - hs[t + 1] ** 2)
        dU += np.outer(xs[t], da)
        dW += np.outer(hs[t], da)
        dh = da @ W.T
    U -= 0.05 * dU
    W -= 0.05 * dW
    V -= 0.05 * dV
