import numpy as np

np.random.seed(29)
words = 'the cat sat on the mat the dog sat on the log a cat and a dog'.split()
vocab = sorted(set(words))
index = {w: i for i, w in enumerate(vocab)}
pairs = []
for i, w in enumerate(words):
    for j in range(max(0, i - 2), min(len(words), i + 3)):
        if i != j:
            pairs.append((index[w], index[words[j]]))
V, N = len(vocab), 5
W_in = np.random.uniform(-0.8, 0.8, (V, N))
W_out = np.random.uniform(-0.8, 0.8, (N, V))


def softmax(u):
    e = np.exp(u - np.max(u))
    return e / e.sum(axis=0)


for epoch in range(1):
    loss = 0
    for center, context in pairs[:10]:
        x = np.zeros(V)
        x[center] = 1
        t = np.zeros(V)
        t[context] = 1
        h = W_in.T @ x
        u = W_out.T @ h
        y = softmax(u)
        loss += -np.log(y[context])
        # --- backward
        e = y - t
        dW_out = np.outer(h, e)
        dh = W_out @ e
        dW_in = np.outer(x, dh)
        # --- update
        W_in = W_in - 0.1 * dW_in
        W_out = W_out - 0.1 * dW_out
    print(epoch, loss)
