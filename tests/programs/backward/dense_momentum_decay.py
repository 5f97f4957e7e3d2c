import numpy as np

rng = np.random.default_rng(5)
x = rng.normal(size=(50, 8))
t = np.tanh(x @ rng.normal(size=(8, 3)))
params = {
    'w1': rng.normal(size=(8, 10)) * 0.3, 'b1': rng.normal(size=10) * 0.1,
    'w2': rng.normal(size=(10, 3)) * 0.3, 'b2': rng.normal(size=3) * 0.1,
}
velocity = {k: np.zeros_like(v) for k, v in params.items()}
decay, rate, mu = 0.01, 0.05, 0.9


def forward(p, x):
    h = np.tanh(x @ p['w1'] + p['b1'])
    y = np.tanh(h @ p['w2'] + p['b2'])
    return h, y


def backward(p, x, h, y, t):
    g = {}
    # --- backward
    dy = 2 * (y - t) / len(x)
    dz2 = dy * (1 - y * y)
    g['w2'] = h.T @ dz2
    g['b2'] = dz2.sum(0)
    dh = dz2 @ p['w2'].T
    dz1 = dh * (1 - h * h)
    g['w1'] = x.T @ dz1
    g['b1'] = dz1.sum(0)
    # --- update
    return g


for step in range(6):
    h, y = forward(params, x)
    g = backward(params, x, h, y, t)
    for k in params:
        if k.startswith('w'):
            g[k] = g[k] + decay * params[k]
        velocity[k] = mu * velocity[k] - rate * g[k]
        params[k] = params[k] + velocity[k]
    print(step, ((y - t) ** 2).sum(axis=1).mean())
