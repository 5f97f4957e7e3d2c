import torch
import torch.nn as nn

torch.manual_seed(0)
t = torch.linspace(0, 6.28, 300).unsqueeze(1)
signal = torch.sin(t)
model = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 1))
optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
mse = nn.MSELoss()
for i in range(500):
    optimiser.zero_grad()
    answer = model(t)
    error = torch.tensor(mse(answer, signal).item(), requires_grad=True)
    error.backward()
    optimiser.step()
    if i % 50 == 0:
        print(i, float(error))
