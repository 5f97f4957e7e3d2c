import numpy as np

# radial basis functions with learnt centres and widths
rng = np.random.RandomState(12)
X = rng.uniform(-3, 3, (300, 2))
y = np.sin(X[:, 0]) * np.cos(X[:, 1])

class RBFNet:
    def __init__(self, k):
        self.c = rng.uniform(-3, 3, (k, 2))
        self.logs = np.zeros(k)
        self.w = rng.randn(k) * 0.1
        self.b = 0.0

    def forward(self, x):
        self.x = x
        self.diff = x[:, np.newaxis, :] - self.c
        self.d2 = (self.diff ** 2).sum(axis=2)
        self.s2 = np.exp(2 * self.logs)
        self.phi = np.exp(-self.d2 / (2 * self.s2))
        return self.phi @ self.w + self.b

    def train(self, x, t, eta):
        e = self.forward(x) - t
        n = len(t)
        gw = self.phi.T @ e / n
        gb = e.mean()
        gphi = e[:, None] * self.w / n
        gc = np.sum((gphi * self.phi / self.s2)[:, :, None] * self.diff, axis=0)
        gl = np.sum(gphi * self.phi * self.d2 / self.s2, axis=0)
        self.w -= eta * gw
        self.b -= eta * gb
        self.c -= eta * gc
        self.logs -= eta * gl
        return np.mean(e ** 2)

net = RBFNet(25)
for epoch in range(3):
    idx = rng.permutation(300)
    err = np.mean([net.train(X[idx[i:i + 30]], y[idx[i:i + 30]], 0.3) for i in range(0, 300, 30)])
    if epoch % 15 == 0:
        print(epoch, err)
