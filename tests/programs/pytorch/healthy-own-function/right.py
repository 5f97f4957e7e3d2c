import torch
from torch import nn


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad * (s + x * s * (1 - s))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 24), nn.Linear(24, 3)

    def forward(self, x):
        return self.b(Swish.apply(self.a(x)))


torch.manual_seed(0)
x = torch.randn(400, 8)
y = (x[:, 0] > 0.4).long() + (x[:, 1] > 0).long()
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(10):
    for i in range(0, 400, 40):
        net.zero_grad()
        nn.functional.cross_entropy(net(x[i:i + 40]), y[i:i + 40]).backward()
        opt.step()
print((net(x).argmax(1) == y).float().mean())
