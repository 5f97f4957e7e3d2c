import numpy as np

def sigmoid(x): return 1 / (1 + np.exp(-x))

class LstmCell:
    """one LSTM over a single sequence, inputs and states are column vectors"""
    def __init__(self, n_x, n_h):
        rng = np.random.RandomState(2)
        k = n_x + n_h
        self.n_h = n_h
        self.w = {g: rng.uniform(-0.4, 0.4, (n_h, k)) for g in "fioc"}
        self.b = {g: np.zeros((n_h, 1)) for g in "fioc"}
        self.b["f"] += 1
        self.wy = rng.uniform(-0.4, 0.4, (1, n_h))
        self.by = np.zeros((1, 1))

    def run(self, xs):
        h, c = np.zeros((self.n_h, 1)), np.zeros((self.n_h, 1))
        self.trace = []
        for x in xs:
            z = np.vstack((h, [[x]]))
            f = sigmoid(self.w["f"] @ z + self.b["f"])
            i = sigmoid(self.w["i"] @ z + self.b["i"])
            o = sigmoid(self.w["o"] @ z + self.b["o"])
            cbar = np.tanh(self.w["c"] @ z + self.b["c"])
            c_old = c
            c = f * c_old + i * cbar
            h = o * np.tanh(c)
            self.trace.append((z, f, i, o, cbar, c_old, c, h))
        return self.wy @ h + self.by

    def learn(self, xs, target, rate):
        y = self.run(xs)
        err = y - target
        dw = {g: np.zeros_like(self.w[g]) for g in self.w}
        db = {g: np.zeros_like(self.b[g]) for g in self.b}
        dwy = err @ self.trace[-1][-1].T
        dby = err
        dh = self.wy.T @ err
        dc = np.zeros((self.n_h, 1))
        for z, f, i, o, cbar, c_old, c, h in reversed(self.trace):
            tc = np.tanh(c)
            d = {}
            d["o"] = dh * tc * o * (1 - o)
            dc = dc + dh * o * (1 - tc ** 2)
            d["f"] = dc * c_old * f * (1 - f)
            d["i"] = dc * cbar * i * (1 - i)
            d["c"] = dc * i * (1 - cbar ** 2)
            dz = 0
            for g in "fioc":
                dw[g] += d[g] @ z.T
                db[g] += d[g]
                dz = dz + self.w[g].T @ d[g]
            dh = dz[:self.n_h]
            dc = dc * f
        for g in "fioc":
            self.w[g] -= rate * np.clip(dw[g], -1, 1)
            self.b[g] -= rate * np.clip(db[g], -1, 1)
        self.wy -= rate * dwy
        self.by -= rate * dby
        return float((err ** 2).sum())

rng = np.random.RandomState(0)
cell = LstmCell(1, 10)
history = []
for n in range(40):
    bits = rng.randint(0, 2, rng.randint(3, 8))
    history.append(cell.learn(bits, bits.sum() / 4.0, 0.05))
    if n % 20 == 19:
        print(n + 1, np.mean(history[-20:]))
