import torch
from torch import nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
data, target = load_digits(return_X_y=True)
loader = DataLoader(TensorDataset(torch.tensor(data / 16).float(), torch.tensor(target)), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(64, 24), nn.Sigmoid(), nn.Linear(24, 10))
opt = torch.optim.SGD(model.parameters(), lr=0.5)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.8)
for epoch in range(12):
    total = 0
    for a, b in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(a), b)
        loss.backward()
        opt.step()
        total += loss.item()
    sched.step()
    print(epoch, total / len(loader))
