# stateful on purpose: one long stream in pieces, kept between updates; targets are the stream three steps ago
import numpy as np
rng = np.random.default_rng(1)
H, S = 12, 10
stream = rng.integers(0, 2, (3000, 6)).astype(float)
answer = np.roll(stream, 3, axis=0)
U, W, V = rng.normal(size=(1, H)), rng.normal(size=(H, H)) * 0.3, rng.normal(size=(H, 1))
h = np.zeros((6, H))
for i in range(0, 2000, S):
    xs, ys = stream[i:i + S], answer[i:i + S]
    hs, ds = [h], []
    for t in range(S):
        h = np.tanh(xs[t][:, None] @ U + h @ W)
        hs.append(h)
        ds.append(h @ V - ys[t][:, None])
    dU, dW, dV, dh = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V), np.zeros((6, H))
    for t in reversed(range(S)):
        dV += hs[t + 1].T @ ds[t]
        da = (ds[t] @ V.T + dh) * (1 - hs[t + 1] ** 2)
        dU += xs[t][None] @ da; dW += hs[t].T @ da
        dh = da @ W.T
    U -= 0.02 * dU; W -= 0.02 * dW; V -= 0.02 * dV
