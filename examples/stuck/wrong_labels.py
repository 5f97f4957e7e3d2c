"""Sigmoid network after the well-known book, with vectors for columns. Training runs; the test score stays near 10 %."""

import numpy as np

import unstuck


def logistic(z):
    return 1 / (1 + np.exp(-z))


class Net:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        random = np.random.default_rng(seed)
        self.V = random.standard_normal((n_hidden, n_in))
        self.c = random.standard_normal(n_hidden)
        self.U = random.standard_normal((n_out, n_hidden))
        self.d = random.standard_normal(n_out)

    def respond(self, x):
        self.h = logistic(self.V @ x + self.c)
        return logistic(self.U @ self.h + self.d)

    def train_on(self, pairs, rate):
        """One update with the mean gradient of these pairs of image and target."""
        totals = [np.zeros_like(a) for a in (self.V, self.c, self.U, self.d)]
        for x, t in pairs:
            y = self.respond(x)
            at_output = (y - t) * y * (1 - y)
            at_hidden = self.U.T @ at_output * self.h * (1 - self.h)
            terms = np.outer(at_hidden, x), at_hidden, np.outer(at_output, self.h), at_output
            for total, term in zip(totals, terms):
                total += term
        for array, total in zip((self.V, self.c, self.U, self.d), totals):
            array -= rate / len(pairs) * total

    def count_right(self, pairs):
        return sum(self.respond(x).argmax() == label for x, label in pairs)


def prepare():
    mnist = unstuck.load_mnist()
    train_images, test_images = mnist.images_train[:5000] / 255, mnist.images_test[:2000] / 255
    train_labels, test_labels = mnist.y_train[:5000], mnist.y_test[:2000]
    train_pairs = list(zip(train_images, np.eye(10)[train_labels]))
    test_pairs = list(zip(train_images, test_labels))
    return train_pairs, test_pairs


def epochs(net, train_pairs, test_pairs, n=30, size=10, rate=3.0, seed=0):
    random = np.random.default_rng(seed)
    for epoch in range(n):
        order = random.permutation(len(train_pairs))
        for k in range(0, len(order), size):
            net.train_on([train_pairs[i] for i in order[k : k + size]], rate)
        print(f"epoch {epoch + 1}: {net.count_right(test_pairs)} of {len(test_pairs)} test images right")


def build(seed):
    train_pairs, test_pairs = prepare()
    x, targets = map(np.array, zip(*train_pairs))
    x_test, labels_test = map(np.array, zip(*test_pairs))
    net = Net(784, 30, 10, seed)
    return unstuck.Case(
        predict=lambda x: np.array([net.respond(image) for image in x]),
        x=x,
        targets=targets,
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: [net.V, net.c, net.U, net.d],
        step=lambda x, targets: net.train_on(list(zip(x, targets)), 3.0),
        accuracy=lambda x, labels: net.count_right(list(zip(x, labels))) / len(x),
        build=build,
        learning_rate=3.0,
        batch_size=10,
        updates=30 * len(x) // 10,
    )


if __name__ == "__main__":
    epochs(Net(784, 30, 10), *prepare(), n=3)
