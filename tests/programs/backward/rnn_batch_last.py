import numpy as np

rng = np.random.default_rng(15)
X = rng.normal(size=(20, 6, 3))
Y = np.sign(X.sum(axis=(1, 2)))[:, None] * 0.5 + 0.5

Wx = rng.normal(size=(3, 7)) * 0.4
Wh = rng.normal(size=(7, 7)) * 0.3
bh = rng.normal(size=7) * 0.1
Wo = rng.normal(size=(7, 1)) * 0.5
bo = rng.normal(size=1) * 0.1

for step in range(6):
    states = [np.zeros((20, 7))]
    for t in range(6):
        states.append(np.tanh(X[:, t] @ Wx + states[-1] @ Wh + bh))
    out = 1 / (1 + np.exp(-(states[-1] @ Wo + bo)))
    loss = -np.mean(Y * np.log(out) + (1 - Y) * np.log(1 - out))
    # --- backward
    d_out = (out - Y) / len(Y)
    gWo = states[-1].T @ d_out
    gbo = d_out.sum(axis=0)
    gWx = np.zeros_like(Wx)
    gWh = np.zeros_like(Wh)
    gbh = np.zeros_like(bh)
    d_state = d_out @ Wo.T
    for t in range(5, -1, -1):
        d_raw = d_state * (1 - states[t + 1] ** 2)
        gWx += X[:, t].T @ d_raw
        gWh += states[t].T @ d_raw
        gbh += d_raw.sum(axis=0)
        d_state = d_raw @ Wh.T
    # --- update
    Wx -= 0.3 * gWx
    Wh -= 0.3 * gWh
    bh -= 0.3 * gbh
    Wo -= 0.3 * gWo
    bo -= 0.3 * gbo
    print(step, loss)
