import numpy as np
rng = np.random.default_rng(0)
B, T, V, D = 8, 6, 7, 12
table, places = rng.normal(size=(V, D)) * 0.3, rng.normal(size=(T, D)) * 0.3
Wq, Wk, Wv = (rng.normal(size=(D, D)) / np.sqrt(D) for _ in range(3))
Wo = rng.normal(size=(D, V)) / np.sqrt(D)
mask = np.triu(np.ones((T, T)), k=1)
for step in range(200):
    first = rng.integers(0, V, (B, 1))
    run = (first + np.arange(T + 1) * rng.integers(1, 3, (B, 1))) % V
    x, y = run[:, :-1], run[:, 1:]
    h = table[x] + places
    q, k, v = h @ Wq, h @ Wk, h @ Wv
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(D)
    scores = np.where(mask == 1, 1e-9, scores)
    e = np.exp(scores - scores.max(axis=2, keepdims=True))
    a = e / e.sum(axis=2, keepdims=True)
    o = a @ v + h
    z = o @ Wo
    ez = np.exp(z - z.max(axis=2, keepdims=True))
    p = ez / ez.sum(axis=2, keepdims=True)
    t = np.eye(V)[y]
    loss = -(t * np.log(p)).sum(axis=2).mean()
    dz = (p - t) / (B * T)
    do = dz @ Wo.T
    da, dv = do @ v.transpose(0, 2, 1), a.transpose(0, 2, 1) @ do
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / np.sqrt(D)
    dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q
    dh = do + dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    Wo -= 0.3 * np.einsum('btd,btv->dv', o, dz)
    Wq -= 0.3 * np.einsum('btd,bte->de', h, dq)
    Wk -= 0.3 * np.einsum('btd,bte->de', h, dk)
    Wv -= 0.3 * np.einsum('btd,bte->de', h, dv)
    places -= 0.3 * dh.sum(axis=0)
    dtable = np.zeros_like(table)
    np.add.at(dtable, x, dh)
    table -= 0.3 * dtable
