"""Speed and accuracy against peers, measured side by side: `python -m benchmarks --help`."""
