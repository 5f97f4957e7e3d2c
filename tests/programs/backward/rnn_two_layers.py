import numpy as np

np.random.seed(16)


class Cell:
    def __init__(self, n_in, n_hid):
        self.U = np.random.uniform(-0.4, 0.4, (n_hid, n_in))
        self.W = np.random.uniform(-0.4, 0.4, (n_hid, n_hid))
        self.b = np.random.uniform(-0.1, 0.1, n_hid)

    def forward(self, xs):
        self.xs = xs
        self.hs = [np.zeros(len(self.b))]
        for x in xs:
            self.hs.append(np.tanh(self.U @ x + self.W @ self.hs[-1] + self.b))
        return self.hs[1:]

    def backward(self, dhs):
        self.dU, self.dW, self.db = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.b)
        # --- backward
        carry = np.zeros(len(self.b))
        dxs = [None] * len(dhs)
        for t in range(len(dhs) - 1, -1, -1):
            dz = (dhs[t] + carry) * (1 - self.hs[t + 1] ** 2)
            self.dU += np.outer(dz, self.xs[t])
            self.dW += np.outer(dz, self.hs[t])
            self.db += dz
            dxs[t] = self.U.T @ dz
            carry = self.W.T @ dz
        # --- update
        return dxs


first, second = Cell(2, 5), Cell(5, 4)
V = np.random.uniform(-0.4, 0.4, (2, 4))
series = np.stack([np.sin(np.arange(40) * 0.3), np.cos(np.arange(40) * 0.3)], axis=1)

for step in range(6):
    start = step * 5
    xs = [series[start + t] for t in range(7)]
    ts = [series[start + t + 1] for t in range(7)]
    hs = second.forward(first.forward(xs))
    ys = [V @ h for h in hs]
    loss = sum(0.5 * np.sum((y - t) ** 2) for y, t in zip(ys, ts))
    # --- backward
    es = [y - t for y, t in zip(ys, ts)]
    dV = sum(np.outer(e, h) for e, h in zip(es, hs))
    dhs = [V.T @ e for e in es]
    first.backward(second.backward(dhs))
    # --- update
    V = V - 0.05 * dV
    for cell in (first, second):
        cell.U = cell.U - 0.05 * cell.dU
        cell.W = cell.W - 0.05 * cell.dW
        cell.b = cell.b - 0.05 * cell.db
    print(step, loss)
