"""Data and modules that a script asks for and that are not there, put in their place for the script only.

`wanted` reads from a file's name what is in it, `digits` gives MNIST (or the user's own data) in that layout, `files`
writes it where the script can read it, `tables` answers the readers of tables at once, `libraries` gives modules that
are not installed and makes installed ones answer without a network. Every one of them is said in the report.
"""
