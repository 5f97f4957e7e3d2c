"""What a network looks like in numbers: how it trains, what its layers hold, what it confuses, how a formula fits.

Pure functions of a Setup (a twin with its data) or of what was observed; nothing here draws. `portrait.py` puts them
together for one report, and computes them only when a page asks.
"""
