import numpy as np

rng = np.random.default_rng(18)
N, T, D, H, C = 10, 4, 3, 5, 3
X = rng.normal(size=(N, T, D))
labels = rng.integers(0, C, N)
P = {}
for gate in 'ifog':
    P['W' + gate] = rng.normal(size=(D, H)) * 0.4
    P['U' + gate] = rng.normal(size=(H, H)) * 0.3
    P['b' + gate] = rng.normal(size=H) * 0.1
P['V'] = rng.normal(size=(H, C)) * 0.5
P['c'] = rng.normal(size=C) * 0.1


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def forward(P, X):
    h, c = np.zeros((N, H)), np.zeros((N, H))
    steps = []
    for t in range(T):
        x = X[:, t]
        i = sigmoid(x @ P['Wi'] + h @ P['Ui'] + P['bi'])
        f = sigmoid(x @ P['Wf'] + h @ P['Uf'] + P['bf'])
        o = sigmoid(x @ P['Wo'] + h @ P['Uo'] + P['bo'])
        g = np.tanh(x @ P['Wg'] + h @ P['Ug'] + P['bg'])
        c_new = f * c + i * g
        h_new = o * np.tanh(c_new)
        steps.append((x, h, c, i, f, o, g, c_new))
        h, c = h_new, c_new
    scores = h @ P['V'] + P['c']
    scores = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return p, h, steps


def backward(P, p, h_last, steps):
    G = {k: np.zeros_like(v) for k, v in P.items()}
    # --- backward
    ds = p.copy()
    ds[np.arange(N), labels] -= 1
    ds = ds / N
    G['V'] = h_last.T @ ds
    G['c'] = ds.sum(axis=0)
    dh = ds @ P['V'].T
    dc = np.zeros((N, H))
    for x, h, c, i, f, o, g, c_new in reversed(steps):
        tc = np.tanh(c_new)
        dc = dc + dh * o * (1 - tc * tc)
        do = dh * tc * o * (1 - o)
        di = dc * g * i * (1 - i)
        df = dc * c * f * (1 - f)
        dg = dc * i * (1 - g * g)
        dc = dc * f
        dh = np.zeros((N, H))
        for gate, d in (('i', di), ('f', df), ('o', do), ('g', dg)):
            G['W' + gate] += x.T @ d
            G['U' + gate] += h.T @ d
            G['b' + gate] += d.sum(axis=0)
            dh = dh + d @ P['U' + gate].T
    # --- update
    return G


for step in range(5):
    p, h_last, steps = forward(P, X)
    print(step, -np.log(p[np.arange(N), labels]).mean())
    G = backward(P, p, h_last, steps)
    for k in P:
        P[k] = P[k] - 0.5 * G[k]
