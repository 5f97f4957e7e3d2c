import numpy as np

np.random.seed(32)
T, D, heads = 6, 8, 2
dk = D // heads
x_seq = np.random.randn(10, T, D)
t_seq = np.random.randn(10, T, D) * 0.5
Wqkv = np.random.randn(D, 3 * D) * 0.3
Wp = np.random.randn(D, D) * 0.3
mask = np.triu(np.ones((T, T)), k=1) * -1e9


def split(a):
    return a.reshape(T, heads, dk).transpose(1, 0, 2)


def merge(a):
    return a.transpose(1, 0, 2).reshape(T, D)


for step in range(6):
    x, t = x_seq[step], t_seq[step]
    qkv = x @ Wqkv
    q, k, v = split(qkv[:, :D]), split(qkv[:, D:2 * D]), split(qkv[:, 2 * D:])
    s = q @ k.swapaxes(1, 2) / dk ** 0.5 + mask
    e = np.exp(s - s.max(axis=2, keepdims=True))
    a = e / e.sum(axis=2, keepdims=True)
    c = merge(a @ v)
    out = x + c @ Wp
    loss = np.mean((out - t) ** 2)
    # --- backward
    dout = 2 * (out - t) / out.size
    dWp = c.T @ dout
    dc = split(dout @ Wp.T)
    da = dc @ v.swapaxes(1, 2)
    dv = a.swapaxes(1, 2) @ dc
    ds = a * (da - np.sum(da * a, axis=2, keepdims=True)) / dk ** 0.5
    dq = ds @ k
    dkey = ds.swapaxes(1, 2) @ q
    dqkv = np.concatenate([merge(dq), merge(dkey), merge(dv)], axis=1)
    dWqkv = x.T @ dqkv
    # --- update
    Wqkv = Wqkv - 0.5 * dWqkv
    Wp = Wp - 0.5 * dWp
    print(step, loss)
