import numpy as np

np.random.seed(38)
tape = []


class Var:
    def __init__(self, value):
        self.value = np.array(value, dtype=float)
        self.grad = np.zeros_like(self.value)


def record(value, *backs):
    out = Var(value)
    tape.append((out, backs))
    return out


def matmul(a, b):
    out = Var(a.value.dot(b.value))

    def back():
        # --- backward
        a.grad += out.grad.dot(b.value.T)
        b.grad += a.value.T.dot(out.grad)
        # --- update
    tape.append(back)
    return out


def add(a, b):
    out = Var(a.value + b.value)

    def back():
        # --- backward
        a.grad += out.grad
        b.grad += out.grad.sum(axis=0)
        # --- update
    tape.append(back)
    return out


def tanh(a):
    out = Var(np.tanh(a.value))

    def back():
        # --- backward
        a.grad += out.grad * (1 - out.value ** 2)
        # --- update
    tape.append(back)
    return out


def softmax_cross_entropy(a, labels):
    z = a.value - a.value.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    n = len(labels)
    out = Var(-logp[np.arange(n), labels].mean())

    def back():
        # --- backward
        g = np.exp(logp)
        g[np.arange(n), labels] -= 1
        a.grad += out.grad * g / n
        # --- update
    tape.append(back)
    return out


x = Var(np.random.randn(25, 5))
labels = np.random.randint(0, 3, 25)
params = [Var(np.random.randn(5, 8) * 0.5), Var(np.random.randn(8) * 0.1),
          Var(np.random.randn(8, 3) * 0.5), Var(np.random.randn(3) * 0.1)]
for step in range(5):
    tape.clear()
    for p in params:
        p.grad = np.zeros_like(p.value)
    h = tanh(add(matmul(x, params[0]), params[1]))
    loss = softmax_cross_entropy(add(matmul(h, params[2]), params[3]), labels)
    loss.grad = np.ones_like(loss.value)
    for back in reversed(tape):
        back()
    for p in params:
        p.value = p.value - 0.3 * p.grad
    print(step, loss.value)
