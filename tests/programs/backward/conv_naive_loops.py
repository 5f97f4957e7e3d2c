import numpy as np

np.random.seed(9)
xs = np.random.randn(12, 6, 6)
ts = np.random.randint(0, 3, 12)

kernels = np.random.randn(2, 3, 3) * 0.4
kbias = np.random.randn(2) * 0.1
W = np.random.randn(2 * 4 * 4, 3) * 0.2
b = np.random.randn(3) * 0.1


def forward(x):
    z = np.zeros((2, 4, 4))
    for f in range(2):
        for i in range(4):
            for j in range(4):
                z[f, i, j] = np.sum(x[i:i + 3, j:j + 3] * kernels[f]) + kbias[f]
    a = np.tanh(z)
    s = a.reshape(-1) @ W + b
    e = np.exp(s - s.max())
    return a, e / e.sum()


for epoch in range(2):
    for x, t in zip(xs, ts):
        a, p = forward(x)
        loss = -np.log(p[t])
        # --- backward
        ds = p.copy()
        ds[t] -= 1
        dW = np.outer(a.reshape(-1), ds)
        db = ds
        da = (W @ ds).reshape(a.shape)
        dz = da * (1 - a ** 2)
        dk = np.zeros_like(kernels)
        dkb = np.zeros_like(kbias)
        for f in range(2):
            for i in range(4):
                for j in range(4):
                    dk[f] += dz[f, i, j] * x[i:i + 3, j:j + 3]
            dkb[f] = dz[f].sum()
        # --- update
        W -= 0.05 * dW
        b -= 0.05 * db
        kernels -= 0.05 * dk
        kbias -= 0.05 * dkb
    print(epoch, loss)
