"""Tanh network on rows of label and pixels, one update for every 100 rows. It always answers 0."""

import numpy as np

import unstuck


def dtanh(z):
    return 1 - np.tanh(z) ** 2


class Perceptron:
    def __init__(self, sizes, seed=0):
        random = np.random.default_rng(seed)
        self.matrices = [random.standard_normal((out, into)) for into, out in zip(sizes, sizes[1:])]
        self.thresholds = [random.standard_normal((out, 1)) for out in sizes[1:]]

    def run(self, column):
        """Sums and activations of every layer for one column of pixels."""
        sums, activations = [], [column]
        for matrix, threshold in zip(self.matrices, self.thresholds):
            sums.append(matrix @ activations[-1] + threshold)
            activations.append(np.tanh(sums[-1]))
        return sums, activations

    def slopes(self, column, wanted):
        """What one example adds to the update, layer by layer."""
        sums, activations = self.run(column)
        error = 2 * (activations[-1] - wanted) * dtanh(sums[-1])
        found = []
        for k in range(len(self.matrices) - 1, -1, -1):
            found.insert(0, (error @ activations[k].T, error))
            if k:
                error = self.matrices[k].T @ error * dtanh(sums[k - 1])
        return found

    def learn(self, table, rate=0.1, every=100):
        """Goes through the table once."""
        totals = [[np.zeros_like(m), np.zeros_like(t)] for m, t in zip(self.matrices, self.thresholds)]
        for count, row in enumerate(table / 255, start=1):
            label, pixels = row[0], row[1:, None]
            for total, (for_matrix, for_threshold) in zip(totals, self.slopes(pixels, code(label))):
                total[0] += for_matrix
                total[1] += for_threshold
            if count % every == 0:
                for k, (for_matrix, for_threshold) in enumerate(totals):
                    self.matrices[k] = self.matrices[k] - rate * for_matrix
                    self.thresholds[k] = self.thresholds[k] - rate * for_threshold
                    totals[k] = [np.zeros_like(for_matrix), np.zeros_like(for_threshold)]

    def answers(self, table):
        return np.array([self.run(row[1:, None] / 255)[1][-1].argmax() for row in table])

    def score(self, table):
        return np.mean(self.answers(table) == table[:, 0])


def code(label):
    """A column with 1 at the label and -1 elsewhere."""
    wanted = -np.ones((10, 1))
    wanted[int(label)] = 1
    return wanted


def tables():
    """Label first, then 784 pixels, as in the CSV files that go round."""
    mnist = unstuck.load_mnist()
    train = np.column_stack([mnist.y_train[:5000], mnist.images_train[:5000]]).astype(float)
    return train, np.column_stack([mnist.y_test[:2000], mnist.images_test[:2000]]).astype(float)


def build(seed):
    train, test = tables()
    net = Perceptron([784, 24, 10], seed)
    return unstuck.Case(
        predict=lambda x: net.run(x.T)[1][-1].T,
        x=train[:, 1:] / 255,
        targets=np.hstack([code(row[0]) for row in train / 255]).T,  # as the loop makes them from its rows
        labels=train[:, 0].astype(int),
        x_test=test[:, 1:] / 255,
        labels_test=test[:, 0].astype(int),
        parameters=lambda: net.matrices + net.thresholds,
        step=lambda x, targets: net.learn(255 * np.column_stack([targets.argmax(axis=1), x])),
        build=build,
        raw=(train[:, 1:], train[:, 0].astype(int)),
        learning_rate=0.1,
        batch_size=100,
        updates=5 * len(train) // 100,
    )


if __name__ == "__main__":
    train, test = tables()
    net = Perceptron([784, 24, 10])
    for _ in range(2):
        net.learn(train)
        print(f"test accuracy: {net.score(test):.1%}, answers: {np.unique(net.answers(test))}")
