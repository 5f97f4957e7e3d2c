import numpy as np

rng = np.random.RandomState(3)
SYMBOLS, LENGTH, HIDDEN = 5, 4, 24


class Cell:
    """Elman cell; keeps what it needs for BPTT in a list."""

    def __init__(self, n_in, n_hidden):
        self.Wx = rng.randn(n_in, n_hidden) / np.sqrt(n_in)
        self.Wh = rng.randn(n_hidden, n_hidden) / np.sqrt(n_hidden)
        self.b = np.zeros(n_hidden)

    def start(self):
        self.steps = []
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)

    def step(self, x, h_prev):
        h = np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)
        self.steps.append((x, h_prev, h))
        return h

    def step_back(self, dh):
        x, h_prev, h = self.steps.pop()
        dz = dh * (1 - h ** 2)
        self.dWx += x.T @ dz
        self.dWh += h_prev.T @ dz
        self.db += dz.sum(axis=0)
        return dz @ self.Wh.T

    def update(self, lr):
        for w, g in ((self.Wx, self.dWx), (self.Wh, self.dWh), (self.b, self.db)):
            np.clip(g, -1, 1, out=g)
            w -= lr * g


class Seq2Seq:
    def __init__(self):
        self.encoder = Cell(SYMBOLS, HIDDEN)
        self.decoder = Cell(SYMBOLS, HIDDEN)
        self.Wy = rng.randn(HIDDEN, SYMBOLS) / np.sqrt(HIDDEN)
        self.by = np.zeros(SYMBOLS)

    def forward(self, source, target_in):
        self.encoder.start()
        self.decoder.start()
        h = np.zeros((source.shape[1], HIDDEN))
        for x in source:
            h = self.encoder.step(x, h)
        self.hs, probs = [], []
        for x in target_in:
            h = self.decoder.step(x, h)
            self.hs.append(h)
            z = h @ self.Wy + self.by
            e = np.exp(z - z.max(axis=1, keepdims=True))
            probs.append(e / e.sum(axis=1, keepdims=True))
        return probs

    def backward(self, probs, target):
        n = target.shape[1]
        self.dWy, self.dby = np.zeros_like(self.Wy), np.zeros_like(self.by)
        dh = np.zeros((n, HIDDEN))
        for t in reversed(range(len(target))):
            dz = (probs[t] - target[t]) / n
            self.dWy += self.hs[t].T @ dz
            self.dby += dz.sum(axis=0)
            dh = self.decoder.step_back(dh + dz @ self.Wy.T)
        for t in range(LENGTH):
            dh = self.encoder.step_back(dh)

    def update(self, lr):
        self.encoder.update(lr)
        self.decoder.update(lr)
        self.Wy -= lr * self.dWy
        self.by -= lr * self.dby


def batch(n):
    s = rng.randint(0, SYMBOLS, size=(LENGTH, n))
    onehot = np.eye(SYMBOLS)
    source = onehot[s]
    target = onehot[s[::-1]]
    shifted = np.concatenate([np.zeros((1, n, SYMBOLS)), target[:-1]])
    return source, shifted, target


net = Seq2Seq()
for it in range(40):
    src, tin, tgt = batch(32)
    probs = net.forward(src, tin)
    loss = -sum(np.sum(t * np.log(p)) for p, t in zip(probs, tgt)) / 32
    net.backward(probs, tgt)
    net.update(0.1)
    if it % 100 == 0:
        print(it, loss)
src, tin, tgt = batch(200)
right = np.mean([np.argmax(p, 1) == np.argmax(t, 1) for p, t in zip(net.forward(src, tin), tgt)])
print("right symbols:", right)
