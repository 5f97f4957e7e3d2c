import numpy as np

# graph convolution on two rings with a few chords; half of the nodes have known labels
rng = np.random.default_rng(13)
n = 60
A = np.zeros((n, n))
for i in range(n):
    j = (i + 1) % 30 + (i // 30) * 30
    A[i, j] = A[j, i] = 1
for _ in range(12):
    i, j = rng.integers(0, 30, 2) + 30 * rng.integers(0, 2)
    A[i, j] = A[j, i] = 1
labels = (np.arange(n) % 30 // 10)
X = rng.normal(size=(n, 8)) + np.eye(3)[labels] @ rng.normal(size=(3, 8)) * 0.8
known = rng.random(n) < 0.5
Y = np.eye(3)[labels]

A_hat = A + np.eye(n)
d = 1 / np.sqrt(A_hat.sum(1))
S = d[:, None] * A_hat * d[None]

class GraphConv:
    def __init__(self, a, b):
        self.W = rng.normal(0, np.sqrt(2 / a), (a, b))
    def forward(self, H):
        self.SH = S @ H
        self.Z = self.SH @ self.W
        return self.Z
    def backward(self, dZ):
        self.dW = self.SH.T @ dZ
        return S.T @ dZ @ self.W.T

l1, l2 = GraphConv(8, 16), GraphConv(16, 3)
for epoch in range(20):
    H = np.maximum(l1.forward(X), 0)
    Z = l2.forward(H)
    P = np.exp(Z - Z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    loss = -(Y * np.log(P))[known].sum() / known.sum()
    dZ = (P - Y) * known[:, None] / known.sum()
    dH = l2.backward(dZ)
    l1.backward(dH * (l1.Z > 0))
    for l in (l1, l2):
        l.W -= 0.3 * (l.dW + 5e-4 * l.W)
    if epoch % 20 == 0:
        acc = (P.argmax(1) == labels)
        print(epoch, loss, acc[known].mean(), acc[~known].mean())
