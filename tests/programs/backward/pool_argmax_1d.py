import numpy as np

np.random.seed(12)
signal = np.random.randn(16, 20)
target = np.random.randn(16, 1)
F = np.random.randn(5, 4) * 0.4
g = np.random.randn(5) * 0.1
W = np.random.randn(20, 1) * 0.3
b = np.random.randn(1) * 0.1

for it in range(5):
    wins = np.lib.stride_tricks.sliding_window_view(signal, 4, axis=1)
    z = wins @ F.T + g
    a = 1 / (1 + np.exp(-z))
    groups = a[:, :16].reshape(16, 4, 4, 5)
    best = groups.argmax(axis=2)
    pooled = np.take_along_axis(groups, best[:, :, None], axis=2)[:, :, 0]
    flat = pooled.reshape(16, -1)
    y = flat @ W + b
    loss = np.mean((y - target) ** 2)
    # --- backward
    dy = 2 * (y - target) / len(y)
    dW = flat.T @ dy
    db = dy.sum(axis=0)
    dpooled = (dy @ W.T).reshape(pooled.shape)
    dgroups = np.zeros_like(groups)
    np.put_along_axis(dgroups, best[:, :, None], dpooled[:, :, None], axis=2)
    da = np.zeros_like(a)
    da[:, :16] = dgroups.reshape(16, 16, 5)
    dz = da * a * (1 - a)
    dF = np.einsum('ntf,ntk->fk', dz, wins)
    dg = dz.sum(axis=(0, 1))
    # --- update
    F -= 0.1 * dF
    g -= 0.1 * dg
    W -= 0.1 * dW
    b -= 0.1 * db
    print(it, loss)
