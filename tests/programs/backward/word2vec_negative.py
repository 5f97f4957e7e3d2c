import numpy as np

rng = np.random.default_rng(30)
V, D, K = 12, 6, 4
tokens = rng.integers(0, V, 50)
A = rng.normal(size=(V, D)) * 0.4
B = rng.normal(size=(V, D)) * 0.4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for step in range(6):
    loss = 0
    gA, gB = np.zeros_like(A), np.zeros_like(B)
    for i in range(step * 5 + 1, step * 5 + 6):
        c, o = tokens[i], tokens[i - 1]
        neg = rng.integers(0, V, K)
        v = A[c]
        pos = sigmoid(v @ B[o])
        negs = sigmoid(-(B[neg] @ v))
        loss += -np.log(pos) - np.log(negs).sum()
        # --- backward
        gv = (pos - 1) * B[o]
        gv = gv + (1 - negs) @ B[neg]
        gA[c] += gv
        gB[o] += (pos - 1) * v
        np.add.at(gB, neg, (1 - negs)[:, None] * v)
        # --- update
    A -= 0.1 * gA
    B -= 0.1 * gB
    print(step, loss)
