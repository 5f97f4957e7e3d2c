import numpy as np
from numpy import einsum

# tag every token of a sequence: does the running parity of ones up to here equal the parity from here on?
rng = np.random.default_rng(5)
T, H, B = 7, 12, 40

def sigma(v):
    return 1.0 / (1.0 + np.exp(-v))

def new_gru(nin, nh):
    s = 1 / np.sqrt(nh)
    return {"Wz": rng.uniform(-s, s, (nin, nh)), "Uz": rng.uniform(-s, s, (nh, nh)), "bz": np.zeros(nh),
            "Wr": rng.uniform(-s, s, (nin, nh)), "Ur": rng.uniform(-s, s, (nh, nh)), "br": np.zeros(nh),
            "Wc": rng.uniform(-s, s, (nin, nh)), "Uc": rng.uniform(-s, s, (nh, nh)), "bc": np.zeros(nh)}

def gru_forward(P, xs):
    h = np.zeros((xs.shape[1], P["Uz"].shape[0]))
    hs, memo = [], []
    for x in xs:
        z = sigma(x @ P["Wz"] + h @ P["Uz"] + P["bz"])
        r = sigma(x @ P["Wr"] + h @ P["Ur"] + P["br"])
        c = np.tanh(x @ P["Wc"] + (r * h) @ P["Uc"] + P["bc"])
        new = (1 - z) * h + z * c
        memo.append((x, h, z, r, c))
        h = new
        hs.append(h)
    return np.stack(hs), memo

def gru_backward(P, dhs, memo):
    G = {k: np.zeros_like(v) for k, v in P.items()}
    dnext = np.zeros_like(dhs[0])
    for t in range(len(memo) - 1, -1, -1):
        x, h, z, r, c = memo[t]
        dh = dhs[t] + dnext
        dz = dh * (c - h) * z * (1 - z)
        dc = dh * z * (1 - c * c)
        drh = dc @ P["Uc"].T
        dr = drh * h * r * (1 - r)
        for name, d in (("z", dz), ("r", dr), ("c", dc)):
            G["W" + name] += x.T @ d
            G["b" + name] += d.sum(0)
        G["Uz"] += h.T @ dz
        G["Ur"] += h.T @ dr
        G["Uc"] += (r * h).T @ dc
        dnext = dh * (1 - z) + drh * r + dz @ P["Uz"].T + dr @ P["Ur"].T
    return G

fwd, bwd = new_gru(2, H), new_gru(2, H)
V = rng.normal(0, 0.3, (2 * H, 2))
bv = np.zeros(2)

def data(n):
    bits = rng.integers(0, 2, (T, n))
    tags = (np.cumsum(bits, 0) - bits) % 2
    return np.eye(2)[bits], tags

def run(xs, tags):
    hf, mf = gru_forward(fwd, xs)
    hb, mb = gru_forward(bwd, xs[::-1])
    both = np.concatenate([hf, hb[::-1]], axis=2)
    s = einsum("tbh,hk->tbk", both, V) + bv
    e = np.exp(s - s.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    y = np.eye(2)[tags]
    loss = -(y * np.log(p)).sum() / tags.size
    ds = (p - y) / tags.size
    gV = einsum("tbh,tbk->hk", both, ds)
    gbv = ds.sum((0, 1))
    dboth = einsum("tbk,hk->tbh", ds, V)
    gf = gru_backward(fwd, dboth[:, :, :H], mf)
    gb = gru_backward(bwd, dboth[::-1, :, H:], mb)
    return loss, (p.argmax(-1) == tags).mean(), gf, gb, gV, gbv

lr = 1.0
for it in range(30):
    xs, tags = data(B)
    loss, acc, gf, gb, gV, gbv = run(xs, tags)
    for k in fwd:
        fwd[k] = fwd[k] - lr * gf[k]
        bwd[k] = bwd[k] - lr * gb[k]
    V = V - lr * gV
    bv = bv - lr * gbv
    if it % 100 == 0:
        print(it, round(loss, 4), acc)
print("final", run(*data(400))[1])
