"""The catalogue of faults: `markdown.py` writes the pages of the rules, `terminal.py` prints them, `examples/` trains a
network for each.
"""
