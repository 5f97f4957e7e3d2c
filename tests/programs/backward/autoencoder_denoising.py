import numpy as np

# denoising autoencoder with tied weights, on 8x8 blobs
rng = np.random.RandomState(8)
yy, xx = np.mgrid[:8, :8]
def blobs(n):
    c = rng.uniform(1, 6, (n, 2))
    r = rng.uniform(1, 2.5, n)
    return np.exp(-((xx[None] - c[:, 0, None, None]) ** 2 + (yy[None] - c[:, 1, None, None]) ** 2) / (2 * r[:, None, None] ** 2)).reshape(n, 64)

train, valid = blobs(800), blobs(200)
n_hid = 30
W = rng.uniform(-0.2, 0.2, (64, n_hid))
bh = np.zeros(n_hid)
bv = np.zeros(64)
lr = 0.5

def sig(a):
    return 1. / (1. + np.exp(-a))

def encode(v):
    return sig(np.dot(v, W) + bh)

def decode(h):
    return sig(np.dot(h, W.T) + bv)

for epoch in range(2):
    rng.shuffle(train)
    cost = 0
    for k in range(0, 800, 20):
        v = train[k:k + 20]
        noisy = v * (rng.rand(20, 64) > 0.3)
        h = encode(noisy)
        rec = decode(h)
        cost += -np.sum(v * np.log(rec) + (1 - v) * np.log(1 - rec)) / 20
        d_rec = rec - v
        d_h = np.dot(d_rec, W) * h * (1 - h)
        gW = np.dot(noisy.T, d_h) + np.dot(d_rec.T, h)
        W = W - lr * gW / 20
        bh = bh - lr * d_h.mean(axis=0)
        bv = bv - lr * d_rec.mean(axis=0)
    print(epoch, cost / 40, np.mean((decode(encode(valid)) - valid) ** 2))
