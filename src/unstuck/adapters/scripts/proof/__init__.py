"""The proof by derivative on a recorded script, and what it adds to the report."""
