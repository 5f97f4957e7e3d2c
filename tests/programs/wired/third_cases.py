"""Twenty-five more mistakes and twenty-five more right ways of writing, in six programs of other kinds again: a
logistic loss of ±1 targets in 32 bits, prices by regression, softened targets under AdamW, the book's list of pairs,
counts by their logarithm in one flat vector, and a block with a skip connection.

The expectations were written before any of these was diagnosed for the first time. Then 14 of 25 faulty programs had the
true cause first, and 16 of 25 right ones were left in peace: six were accused of their accuracy, as test targets of ±1
were handed to it as 0 and 1, and three of their loss, as the logarithm of a rate was held against the counts themselves.
What is still not found stands in NOT_FOUND.
"""

from tests.programs.wired.cases import Written

NOT_FOUND = {
    "spam: words in whole numbers",  # without the raw counts nothing tells that they were rounded: the expectation is wrong
    "counts: views of a copy",  # inconclusive: what a network of logarithms learns is not told yet
}

FAULTY = (
    Written('sign of the target lost', 'spam', 'ds = (-y / (1 + np.exp(y * s))', 'ds = (-1 / (1 + np.exp(y * s))', ('L04', 'B14', 'D07'), also=('U01',)),
    Written('labels of zero and one', 'spam', 'words, np.where(kind, 1.0, -1.0)', 'words, np.where(kind, 1.0, 0.0)', ('D08', 'D09', 'L02', 'L04', 'B14', 'E01'), also=('E01', 'L02')),
    Written('cache of the other array', 'spam', '(np.sqrt(unit.cache_W) + 1e-6)', '(np.sqrt(unit.cache_W.mean()) + 1e-6) ** 3', ('B14', 'U17', 'U07', 'U13'), also=('U13', 'U07')),
    Written('accuracy of signs and scores', 'spam', 'np.mean(np.sign(self.decide(x)) == y)', 'np.mean(np.round(self.decide(x)) == y)', ('E01',)),
    Written('words in whole numbers', 'spam', 'return np.log1p(words).astype(np.float32)', 'return np.log1p(words).astype(np.uint8).astype(np.float32)', ('D03', 'D04', 'D02'), harmless=True),
    Written('targets not standardised', 'houses', '(t - mt) / st, (t_test - mt) / st', 't * 1.0, t_test * 1.0', ('D16', 'U07', 'D02', 'U13', 'D08'), also=('U13', 'U07', 'A03')),
    Written('test standardised by itself', 'houses', '(x_test - mx) / sx', '(x_test - x_test.mean(0)) / x_test.std(0)', ('D05',), harmless=True),
    Written('views of a batch centred', 'houses', 'self.step(x[idx[s:s + size]], t[idx[s:s + size]])', 'b = x[s:s + size]\n                b -= b.mean(axis=0) + 0.1\n                self.step(b, t[s:s + size])', ('D14',)),
    Written('targets in another order from the second epoch', 'houses', 'self.step(x[idx[s:s + size]], t[idx[s:s + size]])', 'rest = idx if epoch == 0 else np.arange(len(x))\n                self.step(x[idx[s:s + size]], t[rest[s:s + size]])', ('D14',), also=('D10',)),
    Written('last layer rectified', 'houses', 'z if i == len(self.weights) - 1 else relu(z)', 'relu(z)', ('F06', 'D08', 'B02', 'L02'), also=('A03', 'B02', 'D08')),
    Written('gradient of the layer above', 'houses', '(self.acts[i] > 0)', '(self.acts[i] > 0).mean()', ('B02', 'B14', 'B18', 'B12', 'B16'), harmless=True),
    Written('rate steps up', 'houses', 'self.lr, self.momentum, self.decay = 0.02, 0.9, 1e-4', 'self.lr, self.momentum, self.decay = 2.0, 0.9, 1e-4', ('U07',), also=('U13', 'A03', 'B17')),
    Written('shuffles the images alone', 'smooth', 'images, labels = images[order], labels[order]', 'images = images[order]', ('D14',), also=('D10',)),
    Written('clock never ticks', 'smooth', 'model.t += 1', 'model.t = 1', ('U12',), harmless=True),
    Written('decay of one', 'smooth', 'wd=0.01', 'wd=50.0', ('U10',), also=('U07',)),
    Written('probabilities softened twice over the batch', 'smooth', 's - np.log(np.exp(s).sum(axis=1, keepdims=True))', 's - np.log(np.exp(s).sum(axis=0, keepdims=True))', ('F02', 'L04', 'B14', 'L02'), also=('L02',)),
    Written('slope of the wrong side', 'smooth', 'return s + 1.702 * z * s * (1 - s)', 'return s - 1.702 * z * s * (1 - s)', ('B18', 'B03', 'B14', 'B01', 'B02'), harmless=True),
    Written('adds to the last example', 'pairs', 'nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_w)]', 'nabla_w = delta_w', ('B20',)),
    Written('decay times n', 'pairs', 'eta * (lmbda / n)', 'eta * (lmbda * n / 1000)', ('U10',)),
    Written('w old is w', 'pairs', "delta = np.dot(self.weights[-l + 1].T, delta) * sp", "delta = np.dot(self.weights[-l + 1].T, activations[-1]) * sp", ('B12', 'B14', 'B05', 'L04')),
    Written('integers for weights', 'pairs', 'np.random.randn(y, x) / np.sqrt(x)', 'np.ones((y, x)) * 0.1', ('A01', 'A05'), also=('A02',), harmless=True),
    Written('counts all digits of the vector', 'pairs', 'int(np.argmax(self.feedforward(x)) == y)', 'int((np.round(self.feedforward(x)) == vector(int(y))).sum())', ('E01',)),
    Written('rate and count swapped', 'counts', 'd = (np.exp(eta) - k) / len(x)', 'd = (eta - np.exp(k)) / len(x)', ('L04', 'B14', 'U07'), also=('U13', 'U07')),
    Written('views of a copy', 'counts', 'w1[...] = self.rng.normal(size=w1.shape) * 0.4', 'w1 = self.rng.normal(size=w1.shape) * 0.4', ('A01',), more=(('w2[...] = self.rng', 'w2 = self.rng'),)),
    Written('gradients gather in the layers', 'shortcut', '        self.zero()\n', '', ('U02',), also=('U07', 'U13')),
)

HEALTHY = (
    Written('as it is', 'spam', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'houses', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'smooth', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'pairs', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'counts', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'shortcut', 'import numpy as np', 'import numpy as np'),
    Written('hinge of one unit', 'spam', 'ds = (-y / (1 + np.exp(y * s)) / len(y))', 'ds = (-y * (y * s < 1) / len(y))'),
    Written('exponential loss', 'spam', 'ds = (-y / (1 + np.exp(y * s)) / len(y))', 'ds = (-y * np.exp(-np.minimum(y * s, 30)) / len(y))', more=(('self.rate, self.keep = 0.01', 'self.rate, self.keep = 0.005'),)),
    Written('centred rmsprop', 'spam', '(np.sqrt(unit.cache_W) + 1e-6)', '(np.sqrt(unit.cache_W + 1e-4))'),
    Written('half precision data', 'spam', 'np.log1p(words).astype(np.float32)', 'np.log1p(words).astype(np.float16).astype(np.float32)'),
    Written('counts as they are', 'spam', 'np.log1p(words).astype(np.float32)', '(words - 1.5).astype(np.float32)'),
    Written('pseudo huber', 'houses', 'grad = (self.acts[-1] - t) / len(t)', 'r = self.acts[-1] - t\n        grad = r / np.sqrt(1 + r ** 2) / len(t)'),
    Written('quantile of nine tenths', 'houses', 'grad = (self.acts[-1] - t) / len(t)', 'grad = np.where(self.acts[-1] > t, 0.1, -0.9) / len(t)'),
    Written('logarithms of prices', 'houses', 'return x, price[:, None]', 'return x, np.log(np.maximum(price, 20.0))[:, None]'),
    Written('clipped gradients', 'houses', '            m -= self.lr * g', '            m -= self.lr * np.clip(g, -1, 1)'),
    Written('softplus units', 'houses', 'return z * (z > 0)', 'return np.logaddexp(0, z)', more=(('(self.acts[i] > 0)', '(1 - np.exp(-self.acts[i]))'),)),
    Written('plain adam', 'smooth', 'wd=0.01', 'wd=0.0'),
    Written('focal loss', 'smooth', '    d2 = (p - soften(labels)) / len(labels)\n', '    y = np.eye(10)[labels]\n    q = np.clip((p * y).sum(axis=1, keepdims=True), 1e-9, 1)\n    w = (1 - q) - q * np.log(q)\n    d2 = w * (p - y) / len(labels)\n', more=(("return -(soften(labels) * log_softmax(model.logits(images))).sum(axis=1).mean()", "ls = log_softmax(model.logits(images))[np.arange(len(labels)), labels]\n    return -((1 - np.exp(ls)) * ls).mean()"),)),
    Written('warm up', 'smooth', 'model.t += 1', 'model.t += 1\n    lr = lr * min(1.0, model.t / 20)'),
    Written('pixels around nought', 'smooth', 'images.astype(np.float64) / 255.0', '(images.astype(np.float64) - 33.3) / 78.6'),
    Written('each in its turn', 'pairs', 'random.shuffle(data)', 'data.sort(key=lambda pair: random.random())'),
    Written('no decay of weights', 'pairs', '(1 - eta * (lmbda / n)) * w', '1.0 * w'),
    Written('zero inflated', 'counts', 'rng.poisson(rate).astype(float)[:, None]', '(rng.poisson(rate) * (rng.random(n) < 0.8)).astype(float)[:, None]'),
    Written('other loss of counts', 'counts', 'd = (np.exp(eta) - k) / len(x)', 'd = (1 - k * np.exp(-eta)) / len(x)', more=(('x, k, rate=0.02', 'x, k, rate=0.01'),)),
    Written('scaled block', 'shortcut', 'return x + y', 'return x + 0.5 * y', more=(('return d + back', 'return d + 0.5 * back'),)),
)
