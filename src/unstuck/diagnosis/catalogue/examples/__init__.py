"""One example of every fault: a small network that learns, the change that plants the fault in it, and what it costs.

`networks.py` has the networks, `faults.py` the table of faults, put together from `changes.py`. `curves.py` trains both
and keeps the learning curves in curves.json, from which the pages of the rules are drawn; `scripts/docs --plots` trains
them anew.
"""
