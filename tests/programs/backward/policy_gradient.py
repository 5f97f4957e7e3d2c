import numpy as np

# policy gradient: walk to the right end of a corridor
rng = np.random.default_rng(17)
LENGTH, HIDDEN = 7, 12
W1 = rng.normal(0, 0.5, (LENGTH, HIDDEN))
W2 = rng.normal(0, 0.5, (HIDDEN, 2))
gamma, lr = 0.95, 0.05

def policy(s):
    x = np.zeros(LENGTH)
    x[s] = 1
    h = np.tanh(x @ W1)
    z = h @ W2
    p = np.exp(z - z.max())
    return x, h, p / p.sum()

lengths = []
for episode in range(20):
    s, steps = 1, []
    for t in range(40):
        x, h, p = policy(s)
        a = rng.choice(2, p=p)
        s = s + 1 if a == 1 else max(s - 1, 0)
        done = s == LENGTH - 1
        steps.append((x, h, p, a, 1.0 if done else -0.05))
        if done:
            break
    lengths.append(len(steps))
    G, dW1, dW2 = 0.0, np.zeros_like(W1), np.zeros_like(W2)
    for x, h, p, a, r in reversed(steps):
        G = r + gamma * G
        dz = p.copy()
        dz[a] -= 1
        dz *= G
        dW2 += np.outer(h, dz)
        dh = W2 @ dz
        dW1 += np.outer(x, dh * (1 - h ** 2))
    W1 -= lr * dW1
    W2 -= lr * dW2
    if episode % 10 == 9:
        print(episode + 1, np.mean(lengths[-10:]))
