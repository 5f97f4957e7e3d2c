"""A run recorded: the source with hooks in it, and every operation on values that are followed, on a tape."""
