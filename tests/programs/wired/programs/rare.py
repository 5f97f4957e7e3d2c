"""A rare illness from six measurements: one in eight is ill; one sigmoid output, one patient at a time, attributes."""

import numpy as np


class Clinic:
    def __init__(self, seed, units=8):
        self.rng = np.random.RandomState(seed)
        self.w = self.rng.randn(units, 6) * 0.4
        self.b = np.zeros(units)
        self.w_out = self.rng.randn(units) * 0.4
        self.b_out = np.zeros(1)
        self.step_size = 0.05

    def look(self, patient):
        self.patient = patient
        self.h = np.tanh(self.w @ patient + self.b)
        self.p = 1 / (1 + np.exp(-(self.w_out @ self.h + self.b_out[0])))
        return self.p

    def correct(self, ill):
        wrong = self.p - ill
        blame = wrong * self.w_out * (1 - self.h ** 2)
        self.w_out -= self.step_size * wrong * self.h
        self.b_out -= self.step_size * wrong
        self.w -= self.step_size * np.outer(blame, self.patient)
        self.b -= self.step_size * blame

    def study(self, patients, illness, rounds=8):
        order = list(range(len(patients)))
        for r in range(rounds):
            self.rng.shuffle(order)
            for i in order:
                self.look(patients[i])
                self.correct(illness[i])

    def chances(self, patients):
        return np.array([self.look(p) for p in patients])

    def share_right(self, patients, illness):
        return np.mean((self.chances(patients) > 0.5) == (illness > 0.5))


def patients(rng, n):
    x = rng.normal(size=(n, 6)) * [1, 1, 2, 1, 0.5, 1] + [0, 1, 0, 0, 0, -1]
    score = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) - 0.7 * x[:, 5]
    return x, (score > 4.4).astype(float)


def normalise(x, mean, deviation):
    return (x - mean) / deviation


def wire(seed):
    rng = np.random.default_rng(4)
    x, y = patients(rng, 600)
    x_test, y_test = patients(rng, 300)
    mean, deviation = x.mean(0), x.std(0)
    x, x_test = normalise(x, mean, deviation), normalise(x_test, mean, deviation)
    clinic = Clinic(seed)

    def step(x, y):
        for patient, ill in zip(x, y):
            clinic.look(patient)
            clinic.correct(ill)

    return dict(
        predict=clinic.chances, x=x, targets=y, x_test=x_test, labels_test=y_test.astype(int),
        parameters=lambda: [clinic.w, clinic.b, clinic.w_out, clinic.b_out],
        step=step, train=clinic.study, accuracy=clinic.share_right,
        learning_rate=0.05, batch_size=1, updates=4800,
    )
