import numpy as np

np.random.seed(25)
X = np.random.randn(80, 6)
Y = (X[:, 0] > X[:, 1]).astype(int)
keep = 0.7
W1 = np.random.randn(6, 15) * 0.4
b1 = np.random.randn(15) * 0.1
W2 = np.random.randn(15, 10) * 0.4
b2 = np.random.randn(10) * 0.1
W3 = np.random.randn(10, 2) * 0.4
b3 = np.random.randn(2) * 0.1

for step in range(6):
    idx = np.random.choice(80, 16, replace=False)
    x, y = X[idx], Y[idx]
    h1 = np.maximum(x @ W1 + b1, 0)
    m1 = (np.random.rand(*h1.shape) < keep) / keep
    d1 = h1 * m1
    h2 = np.maximum(d1 @ W2 + b2, 0)
    m2 = (np.random.rand(*h2.shape) < keep) / keep
    d2 = h2 * m2
    s = d2 @ W3 + b3
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(16), y] + 1e-12).mean()
    # --- backward
    ds = p.copy()
    ds[np.arange(16), y] -= 1
    ds /= 16
    gW3 = d2.T @ ds
    gb3 = ds.sum(axis=0)
    gh2 = (ds @ W3.T) * m2
    gz2 = gh2 * (h2 > 0)
    gW2 = d1.T @ gz2
    gb2 = gz2.sum(axis=0)
    gh1 = (gz2 @ W2.T) * m1
    gz1 = gh1 * (h1 > 0)
    gW1 = x.T @ gz1
    gb1 = gz1.sum(axis=0)
    # --- update
    for p_, g_ in ((W1, gW1), (b1, gb1), (W2, gW2), (b2, gb2), (W3, gW3), (b3, gb3)):
        p_ -= 0.1 * g_
    print(step, loss)
