"""One flat list of arrays and an optimiser object (Adam); leaky ReLU, softmax, integer labels, weight decay."""

import numpy as np


class Adam:
    def __init__(self, arrays, rate=0.003, beta1=0.9, beta2=0.99, epsilon=1e-8):
        self.arrays, self.rate, self.beta1, self.beta2, self.epsilon = arrays, rate, beta1, beta2, epsilon
        self.first = [np.zeros_like(a) for a in arrays]
        self.second = [np.zeros_like(a) for a in arrays]
        self.t = 0

    def move(self, grads):
        self.t += 1
        for i, (array, grad) in enumerate(zip(self.arrays, grads)):
            self.first[i] = self.beta1 * self.first[i] + (1 - self.beta1) * grad
            self.second[i] = self.beta2 * self.second[i] + (1 - self.beta2) * grad * grad
            first = self.first[i] / (1 - self.beta1**self.t)
            second = self.second[i] / (1 - self.beta2**self.t)
            array -= self.rate * first / (np.sqrt(second) + self.epsilon)


def leaky(z):
    return np.where(z > 0, z, 0.01 * z)


def slope(z):
    return np.where(z > 0, 1.0, 0.01)


class Net:
    def __init__(self, seed):
        rng = np.random.RandomState(seed)
        self.rng = rng
        self.w1, self.b1 = rng.randn(49, 40) * 0.15, np.zeros(40)
        self.w2, self.b2 = rng.randn(40, 10) * 0.15, np.zeros(10)
        self.optimizer = Adam(self.arrays())

    def arrays(self):
        return [self.w1, self.b1, self.w2, self.b2]

    def predict(self, x):
        self.x = x
        self.z1 = x.dot(self.w1) + self.b1
        self.a1 = leaky(self.z1)
        z2 = self.a1.dot(self.w2) + self.b2
        e = np.exp(z2 - np.max(z2, axis=1)[:, None])
        self.p = e / np.sum(e, axis=1)[:, None]
        return self.p

    def loss(self, x, labels):
        return -np.mean(np.log(self.predict(x)[np.arange(len(labels)), labels] + 1e-12))

    def backward(self, labels):
        n = len(labels)
        delta = self.p.copy()
        delta[np.arange(n), labels] -= 1
        delta /= n
        back = delta.dot(self.w2.T) * slope(self.z1)
        return [self.x.T.dot(back), back.sum(axis=0), self.a1.T.dot(delta), delta.sum(axis=0)]

    def step(self, x, labels):
        self.predict(x)
        self.optimizer.move(self.backward(labels))

    def train(self, x, labels):
        for _ in range(6):
            order = self.rng.permutation(len(x))
            for k in range(len(x) // 25):
                rows = order[k * 25 : (k + 1) * 25]
                self.step(x[rows], labels[rows])


def prepare(images, mean, std):
    return (images.reshape(len(images), -1) - mean) / std


def wire(images, labels, images_test, labels_test, seed):
    mean, std = images.mean(), images.std()
    x, x_test = prepare(images, mean, std), prepare(images_test, mean, std)
    net = Net(seed)
    return {
        "predict": net.predict,
        "x": x,
        "targets": labels.astype(int),
        "x_test": x_test,
        "labels_test": labels_test.astype(int),
        "parameters": net.arrays,
        "step": net.step,
        "train": net.train,
        "loss": net.loss,
        "accuracy": lambda x, t: float((net.predict(x).argmax(axis=1) == t).mean()),
        "raw": (images, labels, images_test, labels_test),
        "learning_rate": 0.003,
        "batch_size": 25,
        "updates": 360,
    }
