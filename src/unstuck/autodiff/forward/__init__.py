"""Faults of the forward pass, which no derivative sees: probes of the recording, one law a module."""
