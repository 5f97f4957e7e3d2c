import numpy as np

rng = np.random.default_rng(11)
x = rng.normal(size=(12, 1, 10, 10))
y = rng.integers(0, 3, 12)
onehot = np.eye(3)[y]

K = rng.normal(size=(4, 1, 3, 3)) * 0.4
kb = rng.normal(size=4) * 0.1
W = rng.normal(size=(4 * 4 * 4, 3)) * 0.2
b = rng.normal(size=3) * 0.1


def conv(x, k):
    out = np.zeros((len(x), len(k), 8, 8))
    for i in range(3):
        for j in range(3):
            out += np.tensordot(x[:, :, i:i + 8, j:j + 8], k[:, :, i, j], axes=([1], [1])).transpose(0, 3, 1, 2)
    return out


for step in range(5):
    z = conv(x, K) + kb.reshape(1, -1, 1, 1)
    a = np.where(z > 0, z, 0.1 * z)
    blocks = a.reshape(12, 4, 4, 2, 4, 2)
    pooled = blocks.max(axis=(3, 5))
    flat = pooled.reshape(12, -1)
    s = flat @ W + b
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    loss = -np.sum(onehot * np.log(p)) / 12
    # --- backward
    ds = (p - onehot) / 12
    dW = flat.T @ ds
    db = ds.sum(axis=0)
    dpool = (ds @ W.T).reshape(pooled.shape)
    mask = blocks == pooled[:, :, :, None, :, None]
    da = (mask * dpool[:, :, :, None, :, None]).reshape(a.shape)
    dz = da * np.where(z > 0, 1.0, 0.1)
    dK = np.zeros_like(K)
    for i in range(3):
        for j in range(3):
            dK[:, :, i, j] = np.tensordot(dz, x[:, :, i:i + 8, j:j + 8], axes=([0, 2, 3], [0, 2, 3]))
    dkb = dz.sum(axis=(0, 2, 3))
    # --- update
    K -= 0.2 * dK
    kb -= 0.2 * dkb
    W -= 0.2 * dW
    b -= 0.2 * db
    print(step, loss)
