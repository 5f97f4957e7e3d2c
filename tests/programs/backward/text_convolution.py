import numpy as np

rng = np.random.default_rng(21)
VOCAB, EMB, FILTERS, WIDTH, LEN = 40, 8, 10, 3, 12

# a sentence is positive if it contains the bigram (3, 7) or (5, 9)
def sentences(n):
    s = rng.integers(10, VOCAB, size=(n, LEN))
    label = rng.integers(0, 2, size=n)
    for i in range(n):
        at = rng.integers(0, LEN - 1)
        pair = [(3, 7), (5, 9)][rng.integers(2)]
        s[i, at:at + 2] = pair if label[i] else pair[::-1]
    return s, label.astype(float)

class TextCNN:
    def __init__(self):
        self.p = {
            "E": rng.normal(0, 0.5, (VOCAB, EMB)),
            "K": rng.normal(0, 0.2, (WIDTH, EMB, FILTERS)),
            "kb": np.zeros(FILTERS),
            "w": rng.normal(0, 0.3, FILTERS),
            "wb": np.zeros(1),
        }

    def forward(self, ids):
        e = self.p["E"][ids]
        steps = LEN - WIDTH + 1
        conv = np.zeros((len(ids), steps, FILTERS))
        for t in range(steps):
            conv[:, t] = np.tensordot(e[:, t:t + WIDTH], self.p["K"], axes=([1, 2], [0, 1])) + self.p["kb"]
        act = np.maximum(conv, 0)
        best = act.argmax(axis=1)
        pooled = np.take_along_axis(act, best[:, None, :], axis=1)[:, 0]
        prob = 1 / (1 + np.exp(-(pooled @ self.p["w"] + self.p["wb"])))
        self.cache = ids, e, conv, best, pooled
        return prob

    def gradients(self, prob, y):
        ids, e, conv, best, pooled = self.cache
        n = len(y)
        d = (prob - y) / n
        g = {"w": pooled.T @ d, "wb": d.sum(keepdims=True)}
        dpooled = np.outer(d, self.p["w"])
        dact = np.zeros_like(conv)
        np.put_along_axis(dact, best[:, None, :], dpooled[:, None, :], axis=1)
        dconv = dact * (conv > 0)
        g["kb"] = dconv.sum(axis=(0, 1))
        g["K"] = np.zeros_like(self.p["K"])
        de = np.zeros_like(e)
        for t in range(conv.shape[1]):
            g["K"] += np.tensordot(e[:, t:t + WIDTH], dconv[:, t], axes=(0, 0))
            de[:, t:t + WIDTH] += np.tensordot(dconv[:, t], self.p["K"], axes=(1, 2))
        g["E"] = np.zeros_like(self.p["E"])
        np.add.at(g["E"], ids, de)
        return g

net = TextCNN()
X, y = sentences(600)
Xt, yt = sentences(200)
for epoch in range(2):
    perm = rng.permutation(600)
    total = 0
    for i in range(0, 600, 30):
        j = perm[i:i + 30]
        prob = net.forward(X[j])
        total += -np.mean(y[j] * np.log(prob + 1e-9) + (1 - y[j]) * np.log(1 - prob + 1e-9))
        grads = net.gradients(prob, y[j])
        for name in net.p:
            net.p[name] -= 1.0 * grads[name]
    print(epoch, total / 20, np.mean((net.forward(Xt) > 0.5) == yt))
