import numpy as np

np.random.seed(17)
T, D, H = 5, 3, 4
seq = np.random.randn(30, T, D)
goal = np.tanh(seq.sum(axis=2))[:, :, None]
W = np.random.randn(4 * H, D + H) * 0.3
b = np.random.randn(4 * H) * 0.1
Wy = np.random.randn(1, H) * 0.5
by = np.random.randn(1) * 0.1


def sig(v):
    return 1 / (1 + np.exp(-v))


for k in range(6):
    x, y = seq[k], goal[k]
    h, c = np.zeros(H), np.zeros(H)
    cache, outs, loss = [], [], 0
    for t in range(T):
        v = np.concatenate([x[t], h])
        z = W @ v + b
        i, f, o, g = sig(z[:H]), sig(z[H:2 * H]), sig(z[2 * H:3 * H]), np.tanh(z[3 * H:])
        c_old = c
        c = f * c_old + i * g
        tc = np.tanh(c)
        h = o * tc
        out = Wy @ h + by
        loss += 0.5 * np.sum((out - y[t]) ** 2)
        cache.append((v, i, f, o, g, c_old, tc, h))
        outs.append(out)
    dW, db, dWy, dby = np.zeros_like(W), np.zeros_like(b), np.zeros_like(Wy), np.zeros_like(by)
    # --- backward
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        v, i, f, o, g, c_old, tc, h = cache[t]
        dout = outs[t] - y[t]
        dWy += np.outer(dout, h)
        dby += dout
        dh = Wy.T @ dout + dh_next
        do = dh * tc
        dc = dh * o * (1 - tc ** 2) + dc_next
        di = dc * g
        dg = dc * i
        df = dc * c_old
        dc_next = dc * f
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
        dW += np.outer(dz, v)
        db += dz
        dv = W.T @ dz
        dh_next = dv[D:]
    # --- update
    W -= 0.1 * dW
    b -= 0.1 * db
    Wy -= 0.1 * dWy
    by -= 0.1 * dby
    print(k, loss)
