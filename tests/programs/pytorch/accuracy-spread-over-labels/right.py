import torch
from torch import nn
from sklearn.datasets import make_moons

X, t = make_moons(600, noise=0.15, random_state=2)
X = torch.tensor(X, dtype=torch.float32)
t = torch.tensor(t, dtype=torch.float32)
torch.manual_seed(2)
net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
bce = nn.BCELoss()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(60):
    for i in range(0, 500, 50):
        p = net(X[i:i + 50])
        loss = bce(p, t[i:i + 50].unsqueeze(1))
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    answers = (net(X[500:]) > 0.5).float()
    right = (answers == t[500:].unsqueeze(1)).float().mean()
print('accuracy', right.item())
