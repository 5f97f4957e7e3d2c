"""Networks that learn, and proofs of why yours does not."""
