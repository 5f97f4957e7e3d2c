import numpy as np
np.random.seed(6)

# convolutional autoencoder in one dimension: stride-2 convolution down, nearest upsampling and convolution up
def waves(n, L=32):
    t = np.arange(L)
    f = np.random.uniform(0.1, 0.5, (n, 1))
    ph = np.random.uniform(0, 6.28, (n, 1))
    return np.sin(f * t + ph)[:, None, :]

def pad1(x):
    return np.pad(x, ((0, 0), (0, 0), (1, 1)))

def conv(x, w, b, stride=1):
    xp = pad1(x)
    L = (xp.shape[2] - 3) // stride + 1
    win = np.stack([xp[:, :, k:k + stride * L:stride] for k in range(3)], axis=-1)
    return np.einsum("nclk,fck->nfl", win, w) + b[None, :, None], (win, w, x.shape, stride)

def conv_grad(g, memo):
    win, w, shape, stride = memo
    dw = np.einsum("nfl,nclk->fck", g, win)
    db = np.sum(g, axis=(0, 2))
    dwin = np.einsum("nfl,fck->nclk", g, w)
    dxp = np.zeros((shape[0], shape[1], shape[2] + 2))
    L = g.shape[2]
    for k in range(3):
        dxp[:, :, k:k + stride * L:stride] += dwin[..., k]
    return dw, db, dxp[:, :, 1:-1]

def up(x):
    return np.repeat(x, 2, axis=2)

def up_grad(g):
    return g.reshape(g.shape[0], g.shape[1], -1, 2).sum(axis=3)

theta = [np.random.randn(6, 1, 3) * 0.4, np.zeros(6), np.random.randn(3, 6, 3) * 0.3, np.zeros(3),
         np.random.randn(6, 3, 3) * 0.3, np.zeros(6), np.random.randn(1, 6, 3) * 0.3, np.zeros(1)]

def loss_grad(x):
    w1, b1, w2, b2, w3, b3, w4, b4 = theta
    z1, m1 = conv(x, w1, b1, 2)
    a1 = np.tanh(z1)
    z2, m2 = conv(a1, w2, b2, 2)
    a2 = np.tanh(z2)
    z3, m3 = conv(up(a2), w3, b3)
    a3 = np.tanh(z3)
    z4, m4 = conv(up(a3), w4, b4)
    diff = z4 - x
    loss = np.mean(diff ** 2)
    g4 = 2 * diff / diff.size
    dw4, db4, gu3 = conv_grad(g4, m4)
    g3 = up_grad(gu3) * (1 - a3 ** 2)
    dw3, db3, gu2 = conv_grad(g3, m3)
    g2 = up_grad(gu2) * (1 - a2 ** 2)
    dw2, db2, ga1 = conv_grad(g2, m2)
    g1 = ga1 * (1 - a1 ** 2)
    dw1, db1, _ = conv_grad(g1, m1)
    return loss, [dw1, db1, dw2, db2, dw3, db3, dw4, db4]

mom = [np.zeros_like(t) for t in theta]
for it in range(20):
    loss, grads = loss_grad(waves(32))
    for i, g in enumerate(grads):
        mom[i] = 0.9 * mom[i] + g
        theta[i] -= 0.1 * mom[i]
    if it % 10 == 0:
        print(it, loss)
