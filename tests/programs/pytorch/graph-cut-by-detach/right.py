import torch
from torch import nn, optim
from sklearn.datasets import load_wine

wine = load_wine()
X = torch.tensor((wine.data - wine.data.mean(0)) / wine.data.std(0)).float()
y = torch.tensor(wine.target)
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(5))
X, y = X[order], y[order]

torch.manual_seed(5)
encoder = nn.Sequential(nn.Linear(13, 3), nn.Tanh())
head = nn.Linear(3, 3)
optimizer = optim.Adam([*encoder.parameters(), *head.parameters()], lr=0.01)
loss_function = nn.CrossEntropyLoss()

for epoch in range(40):
    for k in range(0, 140, 20):
        code = encoder(X[k:k + 20])
        out = head(code)
        loss = loss_function(out, y[k:k + 20])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        guess = head(encoder(X[140:])).argmax(1)
        print(epoch, loss.item(), (guess == y[140:]).float().mean().item())
