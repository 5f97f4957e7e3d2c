"""The text of a program as it lies on disk: a script or a notebook, its syntax and its names, before anything runs."""
