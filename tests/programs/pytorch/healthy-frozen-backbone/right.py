import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits()
x, y = torch.tensor(d.images / 16).float().unsqueeze(1), torch.tensor(d.target)
backbone = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()
head = nn.Linear(144, 10)
model = nn.Sequential(backbone, head)
opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.01)
for epoch in range(5):
    for i in range(0, 1500, 50):
        out = model(x[i:i + 50])
        loss = nn.functional.cross_entropy(out, y[i:i + 50])
        loss.backward()
        opt.step()
        opt.zero_grad(set_to_none=False)
    print(loss.item())
