"""The diagnosis: `diagnose.py` is the method, top-down."""
