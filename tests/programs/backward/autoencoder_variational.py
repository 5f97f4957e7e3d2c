import numpy as np

rng = np.random.default_rng(35)
X = (rng.random((30, 8)) > 0.5).astype(float)
H, Z = 7, 2
W1, b1 = rng.normal(size=(8, H)) * 0.4, rng.normal(size=H) * 0.1
Wm, bm = rng.normal(size=(H, Z)) * 0.4, rng.normal(size=Z) * 0.1
Ws, bs = rng.normal(size=(H, Z)) * 0.4, rng.normal(size=Z) * 0.1
W2, b2 = rng.normal(size=(Z, H)) * 0.4, rng.normal(size=H) * 0.1
W3, b3 = rng.normal(size=(H, 8)) * 0.4, rng.normal(size=8) * 0.1

for step in range(6):
    h = np.tanh(X @ W1 + b1)
    mu = h @ Wm + bm
    logvar = h @ Ws + bs
    eps = rng.normal(size=mu.shape)
    z = mu + np.exp(0.5 * logvar) * eps
    g = np.tanh(z @ W2 + b2)
    p = 1 / (1 + np.exp(-(g @ W3 + b3)))
    rec = -np.sum(X * np.log(p) + (1 - X) * np.log(1 - p))
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar))
    loss = (rec + kl) / len(X)
    # --- backward
    dout = (p - X) / len(X)
    gW3 = g.T @ dout
    gb3 = dout.sum(axis=0)
    dg = dout @ W3.T * (1 - g ** 2)
    gW2 = z.T @ dg
    gb2 = dg.sum(axis=0)
    dz = dg @ W2.T
    dmu = dz + mu / len(X)
    dlogvar = dz * eps * 0.5 * np.exp(0.5 * logvar) - 0.5 * (1 - np.exp(logvar)) / len(X)
    gWm = h.T @ dmu
    gbm = dmu.sum(axis=0)
    gWs = h.T @ dlogvar
    gbs = dlogvar.sum(axis=0)
    dh = (dmu @ Wm.T + dlogvar @ Ws.T) * (1 - h ** 2)
    gW1 = X.T @ dh
    gb1 = dh.sum(axis=0)
    # --- update
    for w, dw in ((W1, gW1), (b1, gb1), (Wm, gWm), (bm, gbm), (Ws, gWs), (bs, gbs), (W2, gW2), (b2, gb2), (W3, gW3), (b3, gb3)):
        w -= 0.1 * dw
    print(step, loss)
