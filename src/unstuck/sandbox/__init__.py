"""Other people's code, called safely: with a deadline, with its errors caught, and everything it changed put back.

`call.py` calls and catches, `deadline.py` interrupts, `surroundings.py` keeps output, warnings and working directory
apart. `snapshot.py` puts everything back to the bit: `reachable.py` finds what a function can change,
`saved_objects.py` and `saved_arrays.py` keep it, `origin.py` tells the user's code from everybody else's.
"""
