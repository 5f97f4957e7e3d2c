import torch

torch.manual_seed(7)
x = torch.randn(500, 4)
true = torch.tensor([[1.5], [-2.0], [0.7], [0.0]])
y = x @ true + 0.3 + 0.05 * torch.randn(500, 1)

w = torch.zeros(4, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
rate = 0.05
for epoch in range(30):
    for i in range(0, 500, 25):
        guess = x[i:i + 25] @ w + b
        loss = torch.nn.functional.mse_loss(guess, y[i:i + 25])
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
            w.grad.zero_()
            b.grad.zero_()
    print(epoch, loss.item())
