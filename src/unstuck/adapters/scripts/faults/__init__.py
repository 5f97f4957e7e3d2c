"""Faults that a recording or a further run of the script shows by itself."""
