"""Ways from a user's program to a Case: plain scripts first."""
