import numpy as np

np.random.seed(22)


class BatchNorm:
    def __init__(self, n):
        self.gamma = np.random.uniform(0.8, 1.2, n)
        self.beta = np.random.randn(n) * 0.1

    def forward(self, x):
        self.x = x
        self.mean = x.mean(axis=0)
        self.xmu = x - self.mean
        self.sq = self.xmu ** 2
        self.var = self.sq.mean(axis=0)
        self.sqrtvar = np.sqrt(self.var + 1e-5)
        self.ivar = 1.0 / self.sqrtvar
        self.xhat = self.xmu * self.ivar
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        # --- backward
        n = len(dout)
        self.dbeta = np.sum(dout, axis=0)
        self.dgamma = np.sum(dout * self.xhat, axis=0)
        dxhat = dout * self.gamma
        divar = np.sum(dxhat * self.xmu, axis=0)
        dxmu1 = dxhat * self.ivar
        dsqrtvar = -1.0 / (self.sqrtvar ** 2) * divar
        dvar = 0.5 / self.sqrtvar * dsqrtvar
        dsq = np.ones(dout.shape) * dvar / n
        dxmu2 = 2 * self.xmu * dsq
        dx1 = dxmu1 + dxmu2
        dmu = -np.sum(dx1, axis=0)
        dx2 = np.ones(dout.shape) * dmu / n
        return dx1 + dx2
        # --- update


class Dense:
    def __init__(self, m, n):
        self.W = np.random.randn(m, n) * 0.4
        self.b = np.zeros(n)

    def forward(self, x):
        self.x = x
        return x.dot(self.W) + self.b

    def backward(self, dout):
        # --- backward
        self.dW = self.x.T.dot(dout)
        self.db = dout.sum(axis=0)
        return dout.dot(self.W.T)
        # --- update


X = np.random.randn(32, 6)
Y = (X[:, :1] * X[:, 1:2])
d1, bn1, d2, bn2, d3 = Dense(6, 10), BatchNorm(10), Dense(10, 7), BatchNorm(7), Dense(7, 1)
for step in range(5):
    h1 = np.tanh(bn1.forward(d1.forward(X)))
    h2 = np.tanh(bn2.forward(d2.forward(h1)))
    out = d3.forward(h2)
    loss = np.mean((out - Y) ** 2)
    # --- backward
    g = 2 * (out - Y) / out.size
    g = d3.backward(g) * (1 - h2 ** 2)
    g = d2.backward(bn2.backward(g)) * (1 - h1 ** 2)
    d1.backward(bn1.backward(g))
    # --- update
    for layer in (d1, d2, d3):
        layer.W -= 0.1 * layer.dW
        layer.b -= 0.1 * layer.db
    for layer in (bn1, bn2):
        layer.gamma -= 0.1 * layer.dgamma
        layer.beta -= 0.1 * layer.dbeta
    print(step, loss)
