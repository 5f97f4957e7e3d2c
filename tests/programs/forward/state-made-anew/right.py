import numpy as np
rng = np.random.default_rng(0)
T, H = 7, 10
U, W, V = rng.normal(size=(1, H)), rng.normal(size=(H, H)) * 0.2, rng.normal(size=(H, 1))
for step in range(300):
    x = rng.normal(size=(T, 12, 1))
    y = x.sum(axis=0)
    h = np.zeros((12, H))
    hs = [h]
    for t in range(T):
        h = np.tanh(x[t] @ U + h @ W)
        hs.append(h)
    out = h @ V
    d = (out - y) / 12
    dV, dU, dW, dh = h.T @ d, 0, 0, d @ V.T
    for t in reversed(range(T)):
        da = dh * (1 - hs[t + 1] ** 2)
        dU, dW = dU + x[t].T @ da, dW + hs[t].T @ da
        dh = da @ W.T
    U -= 0.01 * dU
    W -= 0.01 * dW
    V -= 0.01 * dV
