"""PyTorch scripts and models: watched at the library's public seams.

In the order data flow: `functions` says which functions are watched, `mode` leads them to `handlers`, `watch` modules
and updates to `models` and `steps`; `graph`, `parameters`, `ledger` and `origins` follow single things by identity;
`repairs` puts things right in further runs.
"""
