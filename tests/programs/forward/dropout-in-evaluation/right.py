import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(260, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
W1, W2 = rng.normal(size=(6, 16)) * 0.4, rng.normal(size=(16, 2)) * 0.3
def forward(x, training):
    h = np.maximum(0, x @ W1)
    mask = (rng.random(h.shape) < 0.8) / 0.8 if training else 1.0
    h = h * mask
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), h, mask
for epoch in range(20):
    for i in range(0, 200, 20):
        x, t = X[i:i + 20], np.eye(2)[Y[i:i + 20]]
        p, h, mask = forward(x, True)
        print((p.argmax(axis=1) == Y[i:i + 20]).mean())
        d = (p - t) / 20
        dh = (d @ W2.T) * mask * (h > 0)
        W2 -= 0.5 * h.T @ d
        W1 -= 0.5 * x.T @ dh
    p, _, _ = forward(X[200:], False)
    print((p.argmax(axis=1) == Y[200:]).mean())
