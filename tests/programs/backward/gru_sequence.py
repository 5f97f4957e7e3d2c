import numpy as np

np.random.seed(19)
T, D, H = 5, 2, 4
xs_all = np.random.randn(20, T, D)
ys_all = np.cumsum(xs_all[:, :, :1], axis=1) * 0.3


def s(v):
    return 1 / (1 + np.exp(-v))


Wz, Wr, Wn = [np.random.randn(H, D) * 0.4 for _ in range(3)]
Uz, Ur, Un = [np.random.randn(H, H) * 0.3 for _ in range(3)]
bz, br, bn = [np.random.randn(H) * 0.1 for _ in range(3)]
Wo = np.random.randn(1, H) * 0.5

for k in range(6):
    xs, ys = xs_all[k], ys_all[k]
    h = np.zeros(H)
    tape, errors, loss = [], [], 0.0
    for t in range(T):
        z = s(Wz @ xs[t] + Uz @ h + bz)
        r = s(Wr @ xs[t] + Ur @ h + br)
        n = np.tanh(Wn @ xs[t] + Un @ (r * h) + bn)
        h_new = (1 - z) * n + z * h
        o = Wo @ h_new
        loss += 0.5 * ((o - ys[t]) ** 2).sum()
        tape.append((xs[t], h, z, r, n, h_new))
        errors.append(o - ys[t])
        h = h_new
    gWz, gWr, gWn = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wn)
    gUz, gUr, gUn = np.zeros_like(Uz), np.zeros_like(Ur), np.zeros_like(Un)
    gbz, gbr, gbn = np.zeros_like(bz), np.zeros_like(br), np.zeros_like(bn)
    gWo = np.zeros_like(Wo)
    # --- backward
    dh_next = np.zeros(H)
    for t in range(T - 1, -1, -1):
        x, h_old, z, r, n, h_new = tape[t]
        gWo += np.outer(errors[t], h_new)
        dh = Wo.T @ errors[t] + dh_next
        dz = dh * (h_old - n) * z * (1 - z)
        dn = dh * (1 - z) * (1 - n ** 2)
        drh = Un.T @ dn
        dr = drh * h_old * r * (1 - r)
        gWz += np.outer(dz, x)
        gWr += np.outer(dr, x)
        gWn += np.outer(dn, x)
        gUz += np.outer(dz, h_old)
        gUr += np.outer(dr, h_old)
        gUn += np.outer(dn, r * h_old)
        gbz += dz
        gbr += dr
        gbn += dn
        dh_next = dh * z + drh * r + Uz.T @ dz + Ur.T @ dr
    # --- update
    for p, g in zip((Wz, Wr, Wn, Uz, Ur, Un, bz, br, bn, Wo), (gWz, gWr, gWn, gUz, gUr, gUn, gbz, gbr, gbn, gWo)):
        p -= 0.1 * g
    print(k, loss)
