import torch
from sklearn.datasets import load_iris

iris = load_iris()
X = torch.tensor(iris.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(iris.target)
g = torch.Generator().manual_seed(2)
perm = torch.randperm(150, generator=g)
X, y = X[perm], y[perm]
Xtr, ytr, Xte, yte = X[:120], y[:120], X[120:], y[120:]

W1 = (torch.randn(4, 12, generator=g) * 0.5).requires_grad_()
b1 = torch.zeros(12, requires_grad=True)
W2 = (torch.randn(12, 3, generator=g) * 0.3).requires_grad_()
b2 = torch.zeros(3, requires_grad=True)
params = [W1, b1, W2, b2]
lr = 0.1


def forward(x):
    h = torch.tanh(x @ W1 + b1)
    return h @ W2 + b2


for step in range(400):
    logits = forward(Xtr)
    logp = torch.log_softmax(logits, dim=1)
    loss = -logp[torch.arange(len(ytr)), ytr].mean()
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()
    if step % 100 == 0:
        acc = (forward(Xte).argmax(1) == yte).float().mean()
        print(step, loss.item(), acc.item())
