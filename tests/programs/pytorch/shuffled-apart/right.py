import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

np.random.seed(0)
torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X = X.astype(np.float32) / 16

# shuffle
p = np.random.permutation(len(X))
X = X[p]
y = y[p]

split = int(0.8 * len(X))
x_train, x_val = torch.from_numpy(X[:split]), torch.from_numpy(X[split:])
y_train, y_val = torch.from_numpy(y[:split]), torch.from_numpy(y[split:])

model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
loss_func = nn.CrossEntropyLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
bs = 32

for epoch in range(20):
    model.train()
    for i in range((split - 1) // bs + 1):
        xb = x_train[i * bs:(i + 1) * bs]
        yb = y_train[i * bs:(i + 1) * bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
    model.eval()
    with torch.no_grad():
        out = model(x_val)
        print(epoch, loss_func(out, y_val).item(), (out.argmax(1) == y_val).float().mean().item())
