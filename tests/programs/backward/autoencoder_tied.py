import numpy as np

np.random.seed(34)
data = np.random.rand(30, 10) * 2 - 1
W = np.random.randn(10, 4) * 0.3
b_hid = np.random.randn(4) * 0.1
b_vis = np.random.randn(10) * 0.1

for sweep in range(6):
    h = np.tanh(data @ W + b_hid)
    r = np.tanh(h @ W.T + b_vis)
    loss = 0.5 * np.mean(np.sum((r - data) ** 2, axis=1))
    # --- backward
    dr = (r - data) / len(data)
    dz2 = dr * (1 - r ** 2)
    dh = dz2 @ W
    dz1 = dh * (1 - h ** 2)
    dW = data.T @ dz1 + dz2.T @ h
    db_vis = dz2.sum(axis=0)
    db_hid = dz1.sum(axis=0)
    # --- update
    W = W - 0.2 * dW
    b_hid = b_hid - 0.2 * db_hid
    b_vis = b_vis - 0.2 * db_vis
    print(sweep, loss)
