import numpy as np
rng = np.random.default_rng(1)
D, T, C = 10, 6, 3
Wq, Wk, Wv = (rng.normal(size=(D, D)) * 0.3 for _ in range(3))
g = np.ones((D, 1)); W = rng.normal(size=(C, D)) * 0.3
def layer_norm(x):
    c = x - x.mean(axis=0, keepdims=True)
    s = np.sqrt((c ** 2).mean(axis=0, keepdims=True) + 1e-6)
    return c / s, s
for it in range(50):
    x = rng.normal(size=(D, T)); y = int(rng.integers(0, C)); x[y] += 1
    pad = np.zeros(T); pad[-2:] = 1
    q, k, v = Wq @ x, Wk @ x, Wv @ x
    S = k.T @ q / np.sqrt(D)
    S = np.where(pad[:, None] == 1, -1e9, S)
    A = np.exp(S - S.max(axis=0, keepdims=True)); A = A / A.sum(axis=0, keepdims=True)
    o = v @ A
    n, s = layer_norm(o)
    h = (g * n).mean(axis=1)
    z = W @ h
    p = np.exp(z - z.max()); p /= p.sum()
    loss = -np.log(p[y])
    dz = p.copy(); dz[y] -= 1
    dh = W.T @ dz
    dgn = np.repeat(dh[:, None], T, axis=1) / T
    dg = (dgn * n).sum(axis=1, keepdims=True)
    dn = dgn * g
    do = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / s
    dv, dA = do @ A.T, v.T @ do
    dS = A * (dA - (dA * A).sum(axis=0, keepdims=True)) / np.sqrt(D)
    dk, dq = q @ dS.T, k @ dS
    W -= 0.1 * np.outer(dz, h); g -= 0.1 * dg
    Wq -= 0.1 * dq @ x.T; Wk -= 0.1 * dk @ x.T; Wv -= 0.1 * dv @ x.T
