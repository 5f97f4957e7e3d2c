import numpy as np
np.random.seed(4)
X = np.random.randn(3, 120)
T = np.tanh(X[:1] - X[1:2] * X[2:])
W1, W2 = np.random.randn(8, 3), np.random.randn(1, 8) * 0.3
bn_gain, bn_shift = np.ones((8, 1)), np.zeros((8, 1))
def bn(z):
    spread = z.std(axis=1, keepdims=True) + 1e-8
    return (z - z.mean(axis=1, keepdims=True)) / spread, spread
for step in range(200):
    n, bn_std = bn(W1.dot(X))
    h = np.tanh(bn_gain * n + bn_shift)
    d = (W2.dot(h) - T) / 120
    da = W2.T.dot(d) * (1 - h ** 2)
    W2 -= 0.3 * d.dot(h.T)
    dn = da * bn_gain
    bn_gain -= 0.3 * (da * n).sum(axis=1, keepdims=True)
    bn_shift -= 0.3 * da.sum(axis=1, keepdims=True)
    dz = dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True) * bn_std / (bn_std - 1e-8)
    W1 -= 0.3 * (dz / bn_std).dot(X.T)
