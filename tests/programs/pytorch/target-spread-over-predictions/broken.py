import numpy as np
import torch

rng = np.random.default_rng(3)
x = rng.uniform(-2, 2, size=(400, 3)).astype('float32')
y = (x[:, 0] ** 2 - 2 * x[:, 1] + 0.5 * x[:, 2]).astype('float32')
inputs, wanted = torch.from_numpy(x), torch.from_numpy(y)

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for step in range(600):
    predicted = model(inputs)
    loss = ((predicted - wanted) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
