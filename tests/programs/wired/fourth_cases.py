"""Twenty-one mistakes and twenty-one right ways of writing, in eleven programs of odd tasks: grades in order, survival times,
a ranking by pairs, a contrastive embedding, three values at once with early stopping, one class alone, a truth table by
Rprop, a rare class under L1, quantiles, a mean with its variance, and digits by Lion.

The expectations were written before any of these was diagnosed for the first time. Then 5 of 21 faulty programs had the
true cause first, two were called healthy, and 16 of the 20 right ones that were run were left in peace: targets of other
columns than the outputs, a place that all examples are drawn to, and labels of an embedding were taken for malformed.
One expectation was too narrow (D09 is as true as D07). What is still not found stands in NOT_FOUND.
"""

from tests.programs.wired.cases import Written

NOT_FOUND = {
    "ages: one speed for all layers",  # inconclusive: a momentum of means over an array is in no table
    "fraud: cosine over epochs counted in updates",  # inconclusive: of a rare class accuracy tells too little
    "fraud: l1 a thousand times too strong",  # noted as B14, after the imbalance of the classes, which is true as well
}

FAULTY = (
    Written('thresholds of the first grade alone', 'ages', 'return (grade[:, None] > np.arange(GRADES - 1)).astype(float)', 'return (grade[:, None] >= np.arange(GRADES - 1) * 0).astype(float) * np.ones(GRADES - 1)', ('D07', 'D09')),
    Written('slices do not move on', 'ages', 'x[i * size:(i + 1) * size], above[i * size:(i + 1) * size]', 'x[i:i + size], above[i:i + size]', ('D14',), also=('D10',)),
    Written('one speed for all layers', 'ages', 'self.vW = [np.zeros_like(w) for w in self.W]', 'self.vW = [np.zeros((1, 1))] * 3', ('U02', 'U03', 'U04', 'U14', 'U17', 'B14', 'U18', 'B16'), more=(('self.vW[i] = mu * self.vW[i] + gW', 'self.vW[i] = mu * self.vW[i].mean() + gW'),), harmless=True),
    Written('hazard not raised', 'survival', 'd = (np.exp(eta) * time - failed) / len(x)', 'd = (eta * time - failed) / len(x)', ('L04', 'B14', 'L02'), harmless=True),
    Written('failures pushed down', 'survival', 'd = (np.exp(eta) * time - failed) / len(x)', 'd = (np.exp(eta) * time + failed) / len(x)', ('L04', 'B14', 'D07'), also=('U13', 'U07', 'A03')),
    Written('rectifier of the wrong side', 'survival', "d[k[\"z\"] <= 0] = 0", "d[k[\"z\"] >= 0] = 0", ('B18', 'B02', 'B03', 'B14', 'B17', 'B10', 'B13', 'B01'), harmless=True),
    Written('the worse one first', 'ranking', 'push = -better /', 'push = better /', ('U01', 'L04', 'B14')),
    Written('pushes the unlike together', 'neighbours', 'pull = same - short / dist', 'pull = same + short / dist', ('L04', 'B14', 'U01', 'A04')),
    Written('pixels summed in bytes', 'neighbours', 'x = images.reshape(len(images), -1) / 255.0', 'x = (images * np.uint8(2)).reshape(len(images), -1) / 255.0', ('D03', 'D05'), also=('D03', 'D05'), harmless=True),
    Written('stops as soon as it gets better', 'weather', 'if now < best:', 'if now > best:', ('U09', 'D14', 'U05', 'U08')),
    Written('moments share an array', 'weather', 'self.s = [np.zeros_like(p) for p in self.layers]', 'self.s = self.m', ('U17', 'U12'), also=('U13', 'U07')),
    Written('mean taken off after the division', 'weather', 'x, x_test = ((x - mean) / spread).astype(f32), ((x_test - mean) / spread).astype(f32)', 'x, x_test = (x - mean / spread).astype(f32), (x_test - mean / spread).astype(f32)', ('D02',), also=('A02',)),
    Written('all weights alike', 'gates', 'r.uniform(-1, 1, (4, 6)), r.uniform(-1, 1, (1, 6)), r.uniform(-1, 1, (6, 1))', 'np.full((4, 6), 0.3), np.zeros((1, 6)), np.full((6, 1), 0.3)', ('A01',), harmless=True),
    Written('cosine over epochs counted in updates', 'fraud', 'Detector(7, seed, 630)', 'Detector(7, seed, 10)', ('U08',), also=('U09',), more=(('/ self.total)) + 0.01', '/ self.total))'),)),
    Written('l1 a thousand times too strong', 'fraud', 'lr * (D @ self.H.T + 1e-4 * np.sign(self.W2))', 'lr * (D @ self.H.T + 0.5 * np.sign(self.W2))', ('U10', 'B14', 'U15', 'U17'), also=('U07', 'D13'), harmless=True),
    Written('bands turned over', 'bands', 'np.where(y > q, -TAUS, 1 - TAUS)', 'np.where(y > q, TAUS, TAUS - 1)', ('U01', 'L04', 'B14')),
    Written('variance grows with fit', 'noisy', 'd_log_var = 0.5 * (1 - (y - mean) ** 2 * inv)', 'd_log_var = -0.5 * (1 - (y - mean) ** 2 * inv)', ('B14', 'L04', 'U01', 'B10'), also=('U13', 'U07')),
    Written('images cut to whole numbers', 'lion', 'return (rows - 32.0) / 70.0', 'return rows // 255', ('D04', 'D03', 'D02'), also=('D04', 'D02', 'D03')),
    Written('rate twice', 'lion', 'a -= self.lr * share * (np.sign', 'a -= self.lr * self.lr * share * (np.sign', ('U08', 'B17'), also=('U09',)),
    Written('half precision weights', 'lion', 'draw(n_in, 48), np.zeros(48), draw(48, 24), np.zeros(24), draw(24, 10), np.zeros(10)]', 'draw(n_in, 48), np.zeros(48), draw(48, 24), np.zeros(24), draw(24, 10), np.zeros(10)]\n        self.arrays = [(1000 * a).astype(np.float16) for a in self.arrays]', ('F03', 'U13', 'A07', 'A02'), also=('U13', 'F03', 'U07', 'U08', 'A02')),
    Written('scores of one batch', 'lion', 'return np.count_nonzero(self.logits(x).argmax(1) == y) / len(y)', 'return np.count_nonzero(self.logits(x[:100]).argmax(1) == y[:100]) / len(y)', ('E01',)),
)

HEALTHY = (
    Written('as it is', 'ages', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'survival', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'ranking', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'neighbours', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'weather', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'valves', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'gates', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'fraud', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'bands', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'noisy', 'import numpy as np', 'import numpy as np'),
    Written('as it is', 'lion', 'import numpy as np', 'import numpy as np'),
    Written('two grades in three columns', 'ages', 'GRADES = 5', 'GRADES = 4', more=(('[-1.8, -0.5, 0.5, 1.8]', '[-1.2, 0.0, 1.2]'),)),
    Written('nothing cut off', 'survival', 'end = rng.uniform(0.5, 4.0, size=n)', 'end = np.full(n, 1e9)'),
    Written('noise on the inputs of training', 'weather', 'x[rows[i:i + size]], y[rows[i:i + size]]', 'x[rows[i:i + size]] + self.noise(0, 0.05, x[rows[i:i + size]].shape).astype(f32), y[rows[i:i + size]]', more=(('self.shuffle = rng.permutation', 'self.shuffle = rng.permutation\n        self.noise = rng.normal'),)),
    Written('signs of the slopes alone', 'gates', 'self.last[i] = np.sign(g)', 'self.last[i] = np.where(turn < 0, 0, np.sign(g))'),
    Written('not weighed', 'fraud', 'self.rare = np.array([[1.0], [12.0]])', 'self.rare = np.array([[1.0], [1.0]])'),
    Written('focal weights', 'fraud', 'D = (P - Y) * weight / m', 'D = (P - Y) * weight * np.sqrt(1 - (P * Y).sum(axis=0)) / m'),
    Written('median alone, smooth', 'bands', 'd = np.where(y > q, -TAUS, 1 - TAUS) / len(x)', 'd = (np.clip((q - y) / 0.02, -1, 1) / 2 + 0.5 - TAUS) / len(x)'),
    Written('variance held from below', 'noisy', 'inv = np.exp(-log_var)\n        d_mean', 'inv = np.exp(-np.maximum(log_var, -6))\n        d_mean'),
    Written('max norm of every unit', 'lion', '            m *= self.b2\n', '            if a.ndim == 2:\n                a *= np.minimum(1.0, 3.0 / (np.sqrt((a ** 2).sum(0)) + 1e-12))\n            m *= self.b2\n'),
    Written('signs without memory', 'lion', 'np.sign(self.b1 * m + (1 - self.b1) * g)', 'np.sign(g)', more=(('(self, arrays, lr=0.002', '(self, arrays, lr=0.004'), ('learning_rate=0.002', 'learning_rate=0.004'))),
)
