import torch
from torch import nn
from sklearn.datasets import make_circles

X, y = make_circles(500, noise=0.08, factor=0.5, random_state=0)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 20), nn.ReLU(), nn.Linear(20, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.02)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(200):
    loss = loss_fn(net(X), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item(), ((net(X) > 0).float() == y).float().mean().item())
