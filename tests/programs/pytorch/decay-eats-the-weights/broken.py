import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits()
x, y = torch.tensor(d.data / 16).float(), torch.tensor(d.target)
net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optim = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1.0)
for epoch in range(10):
    perm = torch.randperm(1500)
    for i in range(0, 1500, 25):
        j = perm[i:i + 25]
        optim.zero_grad()
        loss = nn.functional.cross_entropy(net(x[j]), y[j])
        loss.backward()
        optim.step()
    print(epoch, loss.item())
