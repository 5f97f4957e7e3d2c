"""Training steps in C, compiled on this machine when they are first wanted."""
