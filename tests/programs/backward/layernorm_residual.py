import numpy as np

np.random.seed(24)
x = np.random.randn(25, 7)
t = np.random.randn(25, 7) * 0.5
W1 = np.random.randn(7, 11) * 0.3
c1 = np.random.randn(11) * 0.1
W2 = np.random.randn(11, 7) * 0.3
c2 = np.random.randn(7) * 0.1
gain = np.ones(7) * 1.1
shift = np.random.randn(7) * 0.1

for step in range(5):
    z = x @ W1 + c1
    a = z / (1 + np.exp(-z))
    res = x + a @ W2 + c2
    mean = res.mean(axis=1, keepdims=True)
    std = res.std(axis=1, keepdims=True)
    norm = (res - mean) / (std + 1e-5)
    y = gain * norm + shift
    loss = 0.5 * np.sum((y - t) ** 2) / len(x)
    # --- backward
    dy = (y - t) / len(x)
    dgain = np.sum(dy * norm, axis=0)
    dshift = np.sum(dy, axis=0)
    dnorm = dy * gain
    inv = 1 / (std + 1e-5)
    dcentred = dnorm * inv
    dstd = -np.sum(dnorm * norm, axis=1, keepdims=True) * inv
    dres = dcentred - dcentred.mean(axis=1, keepdims=True) + dstd * (res - mean) / (std * 7)
    dW2 = a.T @ dres
    dc2 = dres.sum(axis=0)
    da = dres @ W2.T
    sg = 1 / (1 + np.exp(-z))
    dz = da * (sg + z * sg * (1 - sg))
    dW1 = x.T @ dz
    dc1 = dz.sum(axis=0)
    # --- update
    W1 -= 0.1 * dW1
    c1 -= 0.1 * dc1
    W2 -= 0.1 * dW2
    c2 -= 0.1 * dc2
    gain -= 0.1 * dgain
    shift -= 0.1 * dshift
    print(step, loss)
