import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

X, y = load_iris(return_X_y=True)
X, y = torch.tensor(scale(X)).float(), torch.tensor(y)


class Iris(nn.Module):
    def __init__(self):
        super(Iris, self).__init__()
        self.fc1 = nn.Linear(4, 20)
        self.fc2 = nn.Linear(20, 3)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


torch.manual_seed(0)
for epoch in range(100):
    model = Iris()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    output = model(X)
    loss = F.cross_entropy(output, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())
