"""Sigmoid network that learns from one example at a time, with momentum. Exclusive or works; digits do not."""

import numpy as np

import unstuck

RATE = 0.0002


class Dense:
    def __init__(self, n_in, n_out, random):
        self.weight = random.uniform(0, 0.3, (n_in, n_out))
        self.bias = np.zeros(n_out)
        self.last_change = np.zeros((n_in, n_out))
        self.momentum = 0.25

    def __call__(self, a):
        self.given = a
        self.made = 1 / (1 + np.exp(-(a @ self.weight + self.bias)))
        return self.made

    def slope(self):
        return self.made * (1 - self.made)

    def adjust(self, delta):
        change = np.outer(self.given, delta)
        self.weight -= RATE * change + self.momentum * self.last_change
        self.bias -= RATE * delta
        self.last_change = change


class Stack:
    def __init__(self, widths, seed):
        random = np.random.default_rng(seed)
        self.layers = [Dense(m, n, random) for m, n in zip(widths, widths[1:])]

    def __call__(self, a):
        for layer in self.layers:
            a = layer(a)
        return a

    def learn_one(self, pixels, wanted):
        delta = (self(pixels) - wanted) * self.layers[-1].slope()
        for n in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[n]
            error_below = layer.weight @ delta
            layer.adjust(delta)
            delta = error_below * self.layers[n - 1].slope() if n else None

    def learn(self, images, wanted):
        for pixels, row in zip(images, wanted):
            self.learn_one(pixels, row)


def read():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:5000] / 255, mnist.y_train[:5000], mnist.images_test[:2000] / 255, mnist.y_test[:2000]


def build(seed):
    images, labels, test_images, test_labels = read()
    network = Stack([784, 20, 10], seed)
    return unstuck.Case(
        predict=network,
        x=images,
        targets=np.eye(10)[labels],
        x_test=test_images,
        labels_test=test_labels,
        parameters=lambda: [array for layer in network.layers for array in (layer.weight, layer.bias)],
        step=network.learn,
        train=network.learn,
        build=build,
        learning_rate=RATE,
        batch_size=1,
        updates=len(images),
    )


if __name__ == "__main__":
    images, labels, test_images, test_labels = read()
    network = Stack([784, 20, 10], 0)
    network.learn(images, np.eye(10)[labels])
    print(f"test accuracy: {np.mean(network(test_images).argmax(axis=1) == test_labels):.1%}")
