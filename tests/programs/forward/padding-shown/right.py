import numpy as np
rng = np.random.default_rng(9)
V, T, D, B = 12, 8, 10, 24
E, u, w = rng.normal(size=(V, D)) * 0.5, rng.normal(size=D) * 0.5, rng.normal(size=D) * 0.5
PAD = 0
for it in range(60):
    lengths = rng.integers(3, T, B)
    ids = np.where(np.arange(T) < lengths[:, None], rng.integers(1, V, (B, T)), PAD)
    y = (ids == 5).any(axis=1).astype(float)
    pad_mask = ids == PAD
    h = E[ids]
    scores = h @ u
    scores = np.where(pad_mask, -1e9, scores)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    c = (a[:, :, None] * h).sum(axis=1)
    p = 1 / (1 + np.exp(-(c @ w)))
    loss = -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))
    d = (p - y) / B
    dc = d[:, None] * w
    dw = c.T @ d
    da = (h * dc[:, None, :]).sum(axis=2)
    ds = a * (da - (a * da).sum(axis=1, keepdims=True))
    dh = a[:, :, None] * dc[:, None, :] + ds[:, :, None] * u
    du = (ds[:, :, None] * h).sum(axis=(0, 1))
    dE = np.zeros_like(E)
    np.add.at(dE, ids, dh)
    for param, grad in ((E, dE), (u, du), (w, dw)):
        param -= 1.0 * grad
