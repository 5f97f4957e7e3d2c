import numpy as np

np.random.seed(2)
x_all = np.random.randn(120, 10)
labels = np.argmax(x_all[:, :4] + 0.3 * np.random.randn(120, 4), axis=1)


class Network:
    def __init__(self, sizes):
        self.weights = [np.random.randn(m, n) * np.sqrt(2.0 / m) for m, n in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.random.randn(n) * 0.1 for n in sizes[1:]]

    def forward(self, x):
        self.activations = [x]
        self.sums = []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = self.activations[-1] @ w + b
            self.sums.append(z)
            if i < len(self.weights) - 1:
                a = np.maximum(z, 0)
            else:
                e = np.exp(z - np.max(z, axis=1, keepdims=True))
                a = e / np.sum(e, axis=1, keepdims=True)
            self.activations.append(a)
        return self.activations[-1]

    def gradients(self, y):
        # --- backward
        n = len(y)
        delta = self.activations[-1].copy()
        delta[np.arange(n), y] -= 1
        delta = delta / n
        grads_w, grads_b = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            grads_w.insert(0, self.activations[i].T @ delta)
            grads_b.insert(0, delta.sum(axis=0))
            if i > 0:
                delta = delta @ self.weights[i].T
                delta = delta * (self.sums[i - 1] > 0)
        # --- update
        return grads_w, grads_b

    def step(self, x, y, rate):
        p = self.forward(x)
        grads_w, grads_b = self.gradients(y)
        for i in range(len(self.weights)):
            self.weights[i] = self.weights[i] - rate * grads_w[i]
            self.biases[i] = self.biases[i] - rate * grads_b[i]
        return -np.mean(np.log(p[np.arange(len(y)), y]))


net = Network([10, 16, 12, 4])
for epoch in range(3):
    for start in range(0, 120, 30):
        loss = net.step(x_all[start:start + 30], labels[start:start + 30], 0.2)
    print(epoch, loss)
