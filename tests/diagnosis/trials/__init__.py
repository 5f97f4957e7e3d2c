"""Little hand-written networks, healthy or with planted faults: the yardstick of the diagnosis.

Nothing here knows how the diagnosis works: from the package only `unstuck.Case` and `unstuck.diagnose` are used.
"""
