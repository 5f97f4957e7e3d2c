"""Thirty more mistakes and thirty more right ways of writing, in six programs of other kinds: regression, an autoencoder,
several tags at once, a rare class, hinge losses, a handful of points.

The expectations were written before any of these was diagnosed for the first time. Then 19 of 30 faulty programs had
the true cause first, and 29 of 30 right ones were left in peace: of the other one it was noted as proved that a layer's
rate differs, which is true and was meant. All are found since. What is missed again would stand in NOT_FOUND.
"""

from tests.programs.wired.cases import Written

NOT_FOUND: set[str] = set()

FAULTY = (
    Written('slope taken of the slope', 'curve', 'err = err.dot(w.T) * (1 - outs[k] ** 2)', 'err = err.dot(w.T) * (1 - np.tanh(outs[k]) ** 2)', ('B03',), harmless=True),
    Written('first output alone', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = 2 * (outs[-1] - y[:, :1]) / n', ('L04', 'D09', 'L02', 'B14'), also=('D07',)),
    Written('added', 'curve', 'net[k][1] -= lr * gb', 'net[k][1] += lr * gb', ('B10', 'U01')),
    Written('clipped to the sign', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = 2 * np.abs(outs[-1] - y) / n', ('L04', 'B14')),
    Written('last rows only', 'curve', 'part = idx[i:i + size]', 'part = np.arange(len(x))[-size:]', ('D14',)),
    Written('tanh on the last too', 'curve', 'np.tanh(z) if k + 1 < len(net) else z', 'np.tanh(z)', ('D08', 'L02', 'B02', 'L04'), also=('F06', 'B02', 'D08')),
    Written("decoder of the encoder's shape", 'mirror', 'd_code = (d_out @ self.p["dec_w"].T)', 'd_code = (d_out @ self.p["enc_w"])', ('B05',), harmless=True),
    Written('codes not multiplied', 'mirror', '"dec_w": self.code.T @ d_out', '"dec_w": (1 - self.code).T @ d_out', ('B07', 'B14', 'B10')),
    Written("picture wanted is the batch's mean", 'mirror', 'self(x)\n        n = len(x)', 'self(x)\n        n = len(x)\n        wanted = wanted.mean(axis=0)', ('L04', 'D07', 'B14', 'B19', 'D09')),
    Written('pixels not divided', 'mirror', '.reshape(len(images), -1) / 255.0', '.reshape(len(images), -1) * 1.0', ('D02', 'D08'), also=('A02', 'D08', 'D02', 'L02')),
    Written('clock of one batch', 'mirror', 'rows = order[first:first + size]', 'rows = order[:first + size][:size]', ('D14',)),
    Written('bias of the tags from the hidden sum', 'tags', 'net["d"] -= eta * delta.sum(0)', 'net["d"] -= eta * delta.sum()', ('B08',), harmless=True),
    Written('truth turned round', 'tags', 'delta = (p - t) / len(x)', 'delta = (p - (1 - t)) / len(x)', ('L04', 'U01', 'D10', 'D09', 'B14', 'D08')),
    Written('gate of the output', 'tags', 'back = (delta @ net["u"]) * (h > 0)', 'back = (delta @ net["u"]) * (h <= 0)', ('B18', 'B01', 'B02', 'B03', 'B14', 'B10', 'B12')),
    Written('tags of other digits', 'tags', 'improve(net, x[order[k:k + batch]], t[order[k:k + batch]])', 'improve(net, x[order[k:k + batch]], t[k:k + batch])', ('D14',), also=('D10',)),
    Written('huge weights', 'tags', '(0.0, n_in ** -0.5, (n_hidden, n_in))', '(0.0, n_in, (n_hidden, n_in))', ('A07',), also=('A02', 'U07', 'U13', 'A03')),
    Written('answers squared', 'rare', 'wrong = self.p - ill', 'wrong = self.p ** 2 - ill', ('L04', 'B14'), harmless=True),
    Written('ill and not ill swapped in counting', 'rare', '(self.chances(patients) > 0.5) == (illness > 0.5)', '(self.chances(patients) > 0.5) == (illness < 0.5)', ('E01',)),
    Written('counts only the healthy', 'rare', 'return np.mean((self.chances(patients) > 0.5) == (illness > 0.5))', 'return np.mean((self.chances(patients) <= 0.5)[illness < 0.5])', ('E01',)),
    Written('blame after the change', 'rare', '        blame = wrong * self.w_out * (1 - self.h ** 2)\n        self.w_out -= self.step_size * wrong * self.h\n', '        self.w_out -= self.step_size * wrong * self.h\n        blame = wrong * self.w_out * (1 - self.h ** 2)\n', ('B06',), harmless=True),
    Written('test measured by itself, in other units', 'rare', 'normalise(x_test, mean, deviation)', 'x_test * 3 + 2', ('D05',)),
    Written('right class not pulled up', 'margins', '        g[rows, labels] = -g.sum(1)\n', '', ('L04', 'B14'), also=('U07',)),
    Written('softplus as its own slope', 'margins', 'return g / (1 + np.exp(-self.z))', 'return g * np.log1p(np.exp(self.z))', ('B01',), harmless=True),
    Written('adagrad forgets the root', 'margins', '(np.sqrt(self.seen) + 1e-8)', '(self.seen + 1e-8)', ('U17',), also=('U07',)),
    Written('squares not kept', 'margins', 'self.seen += self.g ** 2', 'self.seen += self.g', ('U17',), also=('U13', 'U07')),
    Written('test pixels as they are', 'margins', 'x, x_test = pixels(images), pixels(images_test)', 'x, x_test = pixels(images), images_test.reshape(len(images_test), -1) / 255.0', ('D05',)),
    Written('sum over the wrong axis', 'flowers', 'E / E.sum(axis=0, keepdims=True)', 'E / E.sum(axis=1, keepdims=True)', ('F02',), harmless=True),
    Written('all from zero', 'flowers', 'rng.randn(width, 2) * 1.0', 'np.zeros((width, 2))', ('A01',), more=(('rng.randn(3, width) * 0.3', 'np.zeros((3, width))'),)),
    Written('speed the wrong way', 'flowers', 'mu * v - rate * g for v, g', '-mu * v - rate * g for v, g', ('U04', 'U17'), harmless=True),
    Written('thirty times the rate', 'flowers', 'rate=0.3, mu=0.8', 'rate=30.0, mu=0.8', ('U07',), also=('A02', 'U13')),
)

HEALTHY = (
    Written('as it is', 'curve', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'mirror', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'tags', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'rare', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'margins', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'flowers', 'import numpy as np', 'import numpy as np'),
    Written('half the square', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = (outs[-1] - y) / n'),
    Written('huber', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = np.clip(outs[-1] - y, -1, 1) / n'),
    Written('log cosh', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = np.tanh(outs[-1] - y) / n'),
    Written('absolute error', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = np.sign(outs[-1] - y) / n', more=(('lr=0.05', 'lr=0.02'),)),
    Written('mean over outputs too', 'curve', 'err = 2 * (outs[-1] - y) / n', 'err = 2 * (outs[-1] - y) / y.size'),
    Written('slower first layer', 'curve', 'net[k][0] -= lr * gw', 'net[k][0] -= lr * (0.5 if k == 0 else 1.0) * gw'),
    Written('squared error of pictures', 'mirror', 'd_out = (self.picture - wanted) / n', 'd_out = (self.picture - wanted) * self.picture * (1 - self.picture) / n', more=(('wanted, rate=0.5', 'wanted, rate=2.0'), ('learning_rate=0.5', 'learning_rate=2.0'))),
    Written('tied start', 'mirror', '"dec_w": gen.uniform(-limit, limit, (n_code, n_pixels))', '"dec_w": (gen.uniform(-limit, limit, (n_pixels, n_code))).T.copy()'),
    Written('l1 on the weights', 'mirror', 'self.p[name] -= rate * grads[name]', 'self.p[name] -= rate * (grads[name] + 1e-5 * np.sign(self.p[name]))'),
    Written('ten codes', 'mirror', 'AutoEncoder(x.shape[1], 16, seed)', 'AutoEncoder(x.shape[1], 10, seed)'),
    Written('ones weigh more', 'tags', 'delta = (p - t) / len(x)', 'delta = (p - t) * np.where(t > 0, 1.5, 1.0) / len(x)'),
    Written('softened tags', 'tags', '.astype(float)\n\n\ndef make', '.astype(float) * 0.9 + 0.05\n\n\ndef make'),
    Written('leaky gate', 'tags', 'np.maximum(0.0, x @ net["v"].T + net["c"])', '(lambda z: np.where(z > 0, z, 0.1 * z))(x @ net["v"].T + net["c"])', more=(('* (h > 0)', '* np.where(h > 0, 1, 0.1)'),)),
    Written('elu', 'tags', 'np.maximum(0.0, x @ net["v"].T + net["c"])', '(lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1))(x @ net["v"].T + net["c"])', more=(('* (h > 0)', '* np.where(h > 0, 1, h + 1)'),)),
    Written('rarer counted three times', 'rare', 'wrong = self.p - ill', 'wrong = (self.p - ill) * (3.0 if ill else 1.0)'),
    Written('squared error', 'rare', 'wrong = self.p - ill', 'wrong = 2 * (self.p - ill) * self.p * (1 - self.p)'),
    Written('rate falls each round', 'rare', '        for r in range(rounds):\n', '        for r in range(rounds):\n            self.step_size = 0.05 / (1 + 0.1 * r)\n'),
    Written('relu', 'rare', 'np.tanh(self.w @ patient + self.b)', 'np.maximum(self.w @ patient + self.b, 0)', more=(('(1 - self.h ** 2)', '(self.h > 0)'),)),
    Written('squared hinge', 'margins', 'g = (margin > 0).astype(float)', 'g = 2 * np.maximum(margin, 0)', more=(('eta=0.05', 'eta=0.03'),)),
    Written('swish', 'margins', 'return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)', 'return z / (1 + np.exp(-z))', more=(('return g / (1 + np.exp(-self.z))', 's = 1 / (1 + np.exp(-self.z))\n        return g * (s + self.z * s * (1 - s))'),)),
    Written('only the worst rival', 'margins', '        g = (margin > 0).astype(float)\n        g[rows, labels] = 0\n', '        margin[rows, labels] = -np.inf\n        worst = margin.argmax(1)\n        g = np.zeros_like(s)\n        g[rows, worst] = margin[rows, worst] > 0\n'),
    Written('rmsprop', 'margins', 'self.seen += self.g ** 2', 'self.seen = 0.95 * self.seen + 0.05 * self.g ** 2', more=(('eta=0.05', 'eta=0.005'),)),
    Written('heavy ball', 'flowers', '    A, a, B, b = ahead\n', '    A, a, B, b = s.A, s.a, s.B, s.b\n'),
    Written('a little decay', 'flowers', 'for v, g in zip(s.speed, grads)]', 'for v, g in zip(s.speed, [g + 1e-3 * p for g, p in zip(grads, (s.A, s.a, s.B, s.b))])]'),
)
