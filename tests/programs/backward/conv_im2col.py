import numpy as np

np.random.seed(8)
images = np.random.rand(24, 1, 8, 8)
labels = (images[:, 0, :4].sum(axis=(1, 2)) > images[:, 0, 4:].sum(axis=(1, 2))).astype(int)


def im2col(x, k):
    n, c, h, w = x.shape
    oh, ow = h - k + 1, w - k + 1
    cols = np.zeros((n, c, k, k, oh, ow))
    for i in range(k):
        for j in range(k):
            cols[:, :, i, j] = x[:, :, i:i + oh, j:j + ow]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


def col2im(cols, shape, k):
    n, c, h, w = shape
    oh, ow = h - k + 1, w - k + 1
    # --- backward
    cols = cols.reshape(n, oh, ow, c, k, k).transpose(0, 3, 4, 5, 1, 2)
    x = np.zeros(shape)
    for i in range(k):
        for j in range(k):
            x[:, :, i:i + oh, j:j + ow] += cols[:, :, i, j]
    # --- update
    return x


K1 = np.random.randn(3, 1 * 3 * 3) * 0.3
c1 = np.random.randn(3) * 0.1
K2 = np.random.randn(4, 3 * 3 * 3) * 0.2
c2 = np.random.randn(4) * 0.1
W = np.random.randn(4 * 4 * 4, 2) * 0.2
b = np.random.randn(2) * 0.1

for epoch in range(3):
    for s in range(0, 24, 8):
        x, y = images[s:s + 8], labels[s:s + 8]
        n = len(x)
        col1 = im2col(x, 3)
        z1 = (col1 @ K1.T + c1).reshape(n, 6, 6, 3).transpose(0, 3, 1, 2)
        a1 = np.maximum(z1, 0)
        col2 = im2col(a1, 3)
        z2 = (col2 @ K2.T + c2).reshape(n, 4, 4, 4).transpose(0, 3, 1, 2)
        a2 = np.maximum(z2, 0)
        flat = a2.reshape(n, -1)
        scores = flat @ W + b
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(n), y]).mean()
        # --- backward
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        dW = flat.T @ d
        db = d.sum(axis=0)
        da2 = (d @ W.T).reshape(a2.shape)
        dz2 = da2 * (z2 > 0)
        rows2 = dz2.transpose(0, 2, 3, 1).reshape(-1, 4)
        dK2 = rows2.T @ col2
        dc2 = rows2.sum(axis=0)
        da1 = col2im(rows2 @ K2, a1.shape, 3)
        dz1 = da1 * (z1 > 0)
        rows1 = dz1.transpose(0, 2, 3, 1).reshape(-1, 3)
        dK1 = rows1.T @ col1
        dc1 = rows1.sum(axis=0)
        # --- update
        for param, grad in ((K1, dK1), (c1, dc1), (K2, dK2), (c2, dc2), (W, dW), (b, db)):
            param -= 0.1 * grad
    print(epoch, loss)
