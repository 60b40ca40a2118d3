"""What code a run was run on: its files, the functions in them, and what is installed beside it."""
