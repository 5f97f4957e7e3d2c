"""Stage by stage, which formula reproduces the user's numbers: layout, forward, backward, update."""
