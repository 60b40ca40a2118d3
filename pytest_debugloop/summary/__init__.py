"""The end of a run: what is stored, and what the terminal and the CI show."""
