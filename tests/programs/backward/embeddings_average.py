import numpy as np

np.random.seed(27)
vocab, dim, classes = 15, 6, 3
docs = np.random.randint(0, vocab, (20, 5))
labels = np.random.randint(0, classes, 20)
E = np.random.randn(vocab, dim) * 0.5
W = np.random.randn(dim, classes) * 0.5
b = np.random.randn(classes) * 0.1

for epoch in range(5):
    vectors = E[docs]
    mean = vectors.mean(axis=1)
    h = np.tanh(mean)
    s = h @ W + b
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(20), labels]))
    # --- backward
    ds = p.copy()
    ds[np.arange(20), labels] -= 1
    ds /= 20
    dW = h.T @ ds
    db = ds.sum(axis=0)
    dh = ds @ W.T
    dmean = dh * (1 - h ** 2)
    dvec = np.repeat(dmean[:, None, :], 5, axis=1) / 5
    dE = np.zeros_like(E)
    np.add.at(dE, docs, dvec)
    # --- update
    E -= 0.5 * dE
    W -= 0.5 * dW
    b -= 0.5 * db
    print(epoch, loss)
