<<<<<<< HEAD
"""Ways from a user's program to a Case: plain scripts first."""
=======
"""From what users have to a Case: `case_file.py` reads the Case that a Python file defines."""
>>>>>>> main
