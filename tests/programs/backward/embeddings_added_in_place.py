import numpy as np

rng = np.random.RandomState(6)
words = 20
texts = [rng.randint(0, words, 7) for _ in range(40)]
labels = [int((text < 5).sum() > 1) for text in texts]
E = rng.randn(words, 10)
W1 = rng.randn(10, 12) * 0.4
b1 = np.zeros(12)
w2 = rng.randn(12) * 0.4
b2 = 0.0
lr = 0.2
for epoch in range(2):
    loss = 0.0
    for tokens, label in zip(texts, labels):
        # forward
        mean = E[tokens].mean(axis=0)
        h = np.tanh(mean @ W1 + b1)
        p = 1 / (1 + np.exp(-(h @ w2 + b2)))
        loss += -(label * np.log(p) + (1 - label) * np.log(1 - p))
        # --- backward
        d = p - label
        dw2 = d * h
        da = d * w2 * (1 - h ** 2)
        dW1 = np.outer(mean, da)
        dmean = W1 @ da
        # --- update
        np.add.at(E, tokens, -lr * dmean / len(tokens))
        W1 -= lr * dW1
        b1 -= lr * da
        w2 -= lr * dw2
        b2 -= lr * d
    print(epoch, loss)
