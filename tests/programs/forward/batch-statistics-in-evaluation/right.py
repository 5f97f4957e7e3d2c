import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(260, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
W1, g, W2 = rng.normal(size=(6, 16)) * 0.4, np.ones(16), rng.normal(size=(16, 2)) * 0.3
kept = {"mean": np.zeros(16), "var": np.ones(16)}
def forward(x, training):
    z = x @ W1
    if training:
        mean, var = z.mean(axis=0), z.var(axis=0)
        kept["mean"] = 0.9 * kept["mean"] + 0.1 * mean
        kept["var"] = 0.9 * kept["var"] + 0.1 * var
    else:
        mean, var = kept["mean"], kept["var"]
    s = np.sqrt(var + 1e-5)
    n = (z - mean) / s
    h = np.tanh(g * n)
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), h, n, s
for epoch in range(20):
    for i in range(0, 200, 20):
        x, t = X[i:i + 20], np.eye(2)[Y[i:i + 20]]
        p, h, n, s = forward(x, True)
        d = (p - t) / 20
        da = (d @ W2.T) * (1 - h ** 2)
        W2 -= 0.5 * h.T @ d
        dn = da * g
        g -= 0.5 * (da * n).sum(axis=0)
        W1 -= 0.5 * x.T @ ((dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / s)
    answers = np.argmax(forward(X[200:], False)[0], axis=1)
    print((answers == Y[200:]).mean())
