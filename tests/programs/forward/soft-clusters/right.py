import numpy as np
rng = np.random.default_rng(1)
N, D, K, C, B = 12, 6, 4, 3, 8
Wa = rng.normal(size=(D, K)) * 0.4; Wo = rng.normal(size=(K * D, C)) * 0.3
for it in range(50):
    x = rng.normal(size=(B, N, D)); y = rng.integers(0, C, B); x[np.arange(B), :, y] += 1
    s = x @ Wa
    e = np.exp(s - s.max(axis=2, keepdims=True)); a = e / e.sum(axis=2, keepdims=True)
    V = a.transpose(0, 2, 1) @ x / N
    f = V.reshape(B, -1)
    z = f @ Wo; p = np.exp(z - z.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(B), y]).mean()
    dz = p.copy(); dz[np.arange(B), y] -= 1; dz /= B
    dV = (dz @ Wo.T).reshape(B, K, D) / N
    da = x @ dV.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=2, keepdims=True))
    Wo -= 0.3 * f.T @ dz
    Wa -= 0.3 * np.einsum('bnd,bnk->dk', x, ds)
