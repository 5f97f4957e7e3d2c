"""From what users have to a Case: `case_file.py` reads the Case that a Python file defines."""
