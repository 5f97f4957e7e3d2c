import numpy as np

# additive attention: which of the eight vectors is marked decides the class
rng = np.random.RandomState(31)
N, T, D, A, C = 64, 8, 6, 10, 3
M = rng.randn(D, C)

def make(n):
    X = rng.randn(n, T, D)
    where = rng.randint(0, T, n)
    X[:, :, 0] = -1
    X[np.arange(n), where, 0] = 1
    y = (X[np.arange(n), where][:, 1:] @ M[1:]).argmax(1)
    return X, y

P = {"Wa": rng.randn(D, A) * .3, "ba": np.zeros(A), "va": rng.randn(A) * .3,
     "Wv": rng.randn(D, 16) * .3, "Wo": rng.randn(16, C) * .3, "bo": np.zeros(C)}

def forward(X):
    u = np.tanh(X.dot(P["Wa"]) + P["ba"])
    s = u.dot(P["va"])
    s -= s.max(axis=1)[:, None]
    alpha = np.exp(s)
    alpha /= alpha.sum(axis=1)[:, None]
    vals = X.dot(P["Wv"])
    ctx = (alpha[..., None] * vals).sum(axis=1)
    r = np.where(ctx > 0, ctx, 0.1 * ctx)
    o = r.dot(P["Wo"]) + P["bo"]
    o -= o.max(axis=1)[:, None]
    q = np.exp(o)
    q /= q.sum(axis=1)[:, None]
    return q, (X, u, alpha, vals, ctx, r)

def backward(q, y, cache):
    X, u, alpha, vals, ctx, r = cache
    G = {}
    do = q.copy()
    do[np.arange(len(y)), y] -= 1
    do /= len(y)
    G["Wo"] = r.T.dot(do)
    G["bo"] = do.sum(0)
    dctx = do.dot(P["Wo"].T) * np.where(ctx > 0, 1, 0.1)
    dvals = alpha[..., None] * dctx[:, None]
    dalpha = (dctx[:, None] * vals).sum(-1)
    ds = alpha * (dalpha - (alpha * dalpha).sum(axis=1)[:, None])
    G["Wv"] = np.tensordot(X, dvals, axes=[(0, 1), (0, 1)])
    G["va"] = np.tensordot(ds, u, axes=[(0, 1), (0, 1)])
    dpre = ds[..., None] * P["va"] * (1 - u ** 2)
    G["Wa"] = np.tensordot(X, dpre, axes=[(0, 1), (0, 1)])
    G["ba"] = dpre.sum(axis=(0, 1))
    return G

cache_r = {k: np.zeros_like(v) for k, v in P.items()}
for it in range(20):
    X, y = make(N)
    q, cache = forward(X)
    loss = -np.log(q[np.arange(N), y]).mean()
    G = backward(q, y, cache)
    for k in P:
        cache_r[k] = 0.95 * cache_r[k] + 0.05 * G[k] ** 2
        P[k] -= 0.01 * G[k] / (np.sqrt(cache_r[k]) + 1e-8)
    if it % 100 == 0:
        print(it, loss, (q.argmax(1) == y).mean())
Xt, yt = make(500)
print("held out", (forward(Xt)[0].argmax(1) == yt).mean())
