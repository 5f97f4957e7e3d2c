"""Many programs at once: each is diagnosed in a process of its own, behind a wall, and all are told on one page."""
