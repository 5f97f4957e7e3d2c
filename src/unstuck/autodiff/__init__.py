"""True derivatives of recorded operations: what a program's own forward pass says its gradients must be.

In the order data flow: `tape` holds what was recorded, `writes` gives assignments in place their functional form.
Knows NumPy only.
"""
