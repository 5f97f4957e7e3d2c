import numpy as np
rng = np.random.default_rng(1)
T, D, H, B = 7, 5, 8, 16
W1 = rng.normal(size=(D, H)) * 0.4; u = rng.normal(size=H) * 0.4; w = rng.normal(size=H) * 0.4
for it in range(50):
    lengths = rng.integers(3, T + 1, B)
    mask = (np.arange(T)[None] < lengths[:, None]).astype(float)
    x = rng.normal(size=(B, T, D)); y = (x[:, 0, 0] > 0).astype(float)
    h = np.tanh(x @ W1)
    s = h @ u + (1 - mask) * 1e-9
    e = np.exp(s - s.max(1, keepdims=True)); a = e / e.sum(1, keepdims=True)
    c = np.einsum('bt,bth->bh', a, h)
    p = 1 / (1 + np.exp(-(c @ w)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    d = (p - y) / B
    dc = np.outer(d, w); dw = c.T @ d
    da = np.einsum('bh,bth->bt', dc, h)
    ds = a * (da - (da * a).sum(1, keepdims=True))
    dh = a[:, :, None] * dc[:, None, :] + ds[:, :, None] * u
    du = np.einsum('bt,bth->h', ds, h)
    dz = dh * (1 - h ** 2)
    W1 -= 0.5 * np.einsum('btd,bth->dh', x, dz); u -= 0.5 * du; w -= 0.5 * dw
