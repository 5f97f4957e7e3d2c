import math
import random

random.seed(7)
data = [([random.uniform(-1, 1) for _ in range(3)], 0.0) for _ in range(8)]
data = [(x, 1.0 if x[0] * x[1] > 0 else 0.0) for x, _ in data]

n_in, n_hid = 3, 4
w1 = [[random.uniform(-1, 1) for _ in range(n_in)] for _ in range(n_hid)]
b1 = [random.uniform(-0.5, 0.5) for _ in range(n_hid)]
w2 = [random.uniform(-1, 1) for _ in range(n_hid)]
b2 = [random.uniform(-0.5, 0.5)]


def sigmoid(v):
    return 1.0 / (1.0 + math.exp(-v))


for epoch in range(2):
    total = 0.0
    for x, t in data:
        hidden = []
        for j in range(n_hid):
            s = b1[j]
            for i in range(n_in):
                s = s + w1[j][i] * x[i]
            hidden.append(sigmoid(s))
        s = b2[0]
        for j in range(n_hid):
            s = s + w2[j] * hidden[j]
        y = sigmoid(s)
        total += 0.5 * (y - t) ** 2
        # --- backward
        error = y - t
        d_out = error * y * (1 - y)
        d_hid = [d_out * w2[j] * hidden[j] * (1 - hidden[j]) for j in range(n_hid)]
        g_w2 = [d_out * hidden[j] for j in range(n_hid)]
        g_w1 = [[d_hid[j] * x[i] for i in range(n_in)] for j in range(n_hid)]
        # --- update
        for j in range(n_hid):
            w2[j] = w2[j] - 0.5 * g_w2[j]
            b1[j] = b1[j] - 0.5 * d_hid[j]
            for i in range(n_in):
                w1[j][i] = w1[j][i] - 0.5 * g_w1[j][i]
        b2[0] = b2[0] - 0.5 * d_out
    print(epoch, total)
