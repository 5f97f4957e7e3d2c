import numpy as np

rng = np.random.default_rng(31)
B, T, D, H, C = 8, 5, 6, 4, 3
X = rng.normal(size=(B, T, D))
y = rng.integers(0, C, B)
onehot = np.eye(C)[y]
Wq = rng.normal(size=(D, H)) * 0.4
Wk = rng.normal(size=(D, H)) * 0.4
Wv = rng.normal(size=(D, H)) * 0.4
Wo = rng.normal(size=(H, C)) * 0.5
bo = rng.normal(size=C) * 0.1


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


for step in range(5):
    q = X @ Wq
    k = X @ Wk
    v = X @ Wv
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(H)
    att = softmax(scores)
    ctx = att @ v
    pooled = ctx.mean(axis=1)
    p = softmax(pooled @ Wo + bo)
    loss = -np.sum(onehot * np.log(p)) / B
    # --- backward
    ds = (p - onehot) / B
    dWo = pooled.T @ ds
    dbo = ds.sum(axis=0)
    dpooled = ds @ Wo.T
    dctx = np.repeat(dpooled[:, None, :], T, axis=1) / T
    datt = dctx @ v.transpose(0, 2, 1)
    dv = att.transpose(0, 2, 1) @ dctx
    dscores = att * (datt - (datt * att).sum(axis=-1, keepdims=True))
    dscores = dscores / np.sqrt(H)
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    dWq = np.einsum('btd,bth->dh', X, dq)
    dWk = np.einsum('btd,bth->dh', X, dk)
    dWv = np.einsum('btd,bth->dh', X, dv)
    # --- update
    Wq -= 0.3 * dWq
    Wk -= 0.3 * dWk
    Wv -= 0.3 * dWv
    Wo -= 0.3 * dWo
    bo -= 0.3 * dbo
    print(step, loss)
