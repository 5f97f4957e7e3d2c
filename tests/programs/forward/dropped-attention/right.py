import numpy as np
rng = np.random.default_rng(1)
V, T, D, B = 6, 8, 10, 12
E = rng.normal(size=(V, D)) * 0.5; P = rng.normal(size=(T, D)) * 0.5
Wq, Wk, Wv = (rng.normal(size=(D, D)) * 0.3 for _ in range(3)); Wo = rng.normal(size=(D, V)) * 0.3
for it in range(60):
    x = rng.integers(0, V, (B, T)); y = x[:, ::-1]
    h = E[x] + P
    q, k, v = h @ Wq, h @ Wk, h @ Wv
    s = q @ k.transpose(0, 2, 1) / np.sqrt(D)
    a = np.exp(s - s.max(2, keepdims=True)); a /= a.sum(2, keepdims=True)
    drop = (rng.random(a.shape) < 0.9) / 0.9
    ad = a * drop
    o = ad @ v
    z = o @ Wo; p = np.exp(z - z.max(2, keepdims=True)); p /= p.sum(2, keepdims=True)
    loss = -np.log(np.take_along_axis(p, y[:, :, None], 2)).mean()
    dz = (p - np.eye(V)[y]) / (B * T)
    do = dz @ Wo.T
    dad, dv = do @ v.transpose(0, 2, 1), ad.transpose(0, 2, 1) @ do
    da = dad * drop
    ds = a * (da - (da * a).sum(2, keepdims=True)) / np.sqrt(D)
    dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q
    dh = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    Wo -= 0.5 * np.einsum('btd,btv->dv', o, dz)
    Wq -= 0.5 * np.einsum('btd,bte->de', h, dq); Wk -= 0.5 * np.einsum('btd,bte->de', h, dk); Wv -= 0.5 * np.einsum('btd,bte->de', h, dv)
    P -= 0.5 * dh.sum(0)
    dE = np.zeros_like(E); np.add.at(dE, x, dh); E -= 0.5 * dE
