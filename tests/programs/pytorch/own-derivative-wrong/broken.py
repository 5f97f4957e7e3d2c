import torch
import torch.nn as nn
from torch.autograd import Function
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

torch.manual_seed(7)


class Swish(Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, grad_output):
        x, s = ctx.saved_tensors
        return grad_output * (s * (1 - s) - s)


swish = Swish.apply


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 20)
        self.fc2 = nn.Linear(20, 20)
        self.fc3 = nn.Linear(20, 2)

    def forward(self, x):
        x = swish(self.fc1(x))
        x = swish(self.fc2(x))
        return self.fc3(x)


data = load_breast_cancer()
X = torch.tensor(scale(data.data), dtype=torch.float32)
y = torch.tensor(data.target)
perm = torch.randperm(len(X))
X, y = X[perm], y[perm]
X_train, y_train, X_test, y_test = X[:450], y[:450], X[450:], y[450:]

net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)

for epoch in range(30):
    for i in range(0, 450, 30):
        optimizer.zero_grad()
        loss = criterion(net(X_train[i:i + 30]), y_train[i:i + 30])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acc = (net(X_test).argmax(1) == y_test).float().mean()
    print(epoch, loss.item(), acc.item())
