"""Stored state, read back: frames, values, and what changed between two."""
