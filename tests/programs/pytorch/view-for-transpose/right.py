import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(1)
d = load_digits()
images = torch.tensor(d.images / 16.0, dtype=torch.float32)
colour = torch.stack([images, images ** 2, 1 - images], dim=3)      # (n, 8, 8, 3)
labels = torch.tensor(d.target)

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(8):
    order = torch.randperm(1500)
    for i in range(0, 1500, 50):
        batch = order[i:i + 50]
        x = colour[batch].permute(0, 3, 1, 2)
        loss = nn.functional.cross_entropy(net(x), labels[batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
