import numpy as np

rng = np.random.default_rng(28)
V, D, H, n = 10, 4, 8, 3
ids = rng.integers(0, V, 60)
C = rng.normal(size=(V, D)) * 0.5
W1 = rng.normal(size=(n * D, H)) * 0.4
b1 = rng.normal(size=H) * 0.1
W2 = rng.normal(size=(H, V)) * 0.4
b2 = rng.normal(size=V) * 0.1
contexts = np.stack([ids[i:i + n] for i in range(len(ids) - n)])
nexts = ids[n:]

for step in range(5):
    pick = np.arange(step * 10, step * 10 + 10)
    ctx, nxt = contexts[pick], nexts[pick]
    emb = C[ctx].reshape(10, -1)
    hidden = np.tanh(emb @ W1 + b1)
    logits = hidden @ W2 + b2
    m = logits.max(axis=1, keepdims=True)
    logp = logits - m - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(10), nxt].mean()
    # --- backward
    dlogits = np.exp(logp)
    dlogits[np.arange(10), nxt] -= 1.0
    dlogits /= 10
    dW2 = hidden.T @ dlogits
    db2 = dlogits.sum(axis=0)
    dhidden = dlogits @ W2.T
    dpre = dhidden * (1 - hidden ** 2)
    dW1 = emb.T @ dpre
    db1 = dpre.sum(axis=0)
    demb = (dpre @ W1.T).reshape(10, n, D)
    dC = np.zeros_like(C)
    for i in range(10):
        for j in range(n):
            dC[ctx[i, j]] += demb[i, j]
    # --- update
    C -= 0.3 * dC
    W1 -= 0.3 * dW1
    b1 -= 0.3 * db1
    W2 -= 0.3 * dW2
    b2 -= 0.3 * db2
    print(step, loss)
