import numpy as np

np.random.seed(13)
x = np.random.rand(9, 3, 8, 8)
t = np.random.randint(0, 2, (9, 1)).astype(float)
k = np.random.randn(4, 3) * 0.5
kb = np.random.randn(4) * 0.1
w = np.random.randn(4 * 4 * 4, 1) * 0.3
b = np.random.randn(1) * 0.1

for step in range(5):
    z = np.einsum('nchw,fc->nfhw', x, k) + kb[:, None, None]
    a = np.tanh(z)
    pooled = a.reshape(9, 4, 4, 2, 4, 2).mean(axis=(3, 5))
    flat = pooled.reshape(9, -1)
    p = 1 / (1 + np.exp(-(flat @ w + b)))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    # --- backward
    d = (p - t) / len(t)
    dw = flat.T @ d
    db = d.sum(axis=0)
    dp = (d @ w.T).reshape(pooled.shape)
    da = np.repeat(np.repeat(dp, 2, axis=2), 2, axis=3) / 4
    dz = da * (1 - a ** 2)
    dk = np.einsum('nfhw,nchw->fc', dz, x)
    dkb = dz.sum(axis=(0, 2, 3))
    # --- update
    k = k - 0.5 * dk
    kb = kb - 0.5 * dkb
    w = w - 0.5 * dw
    b = b - 0.5 * db
    print(step, loss)
