"""What tests and programs record of themselves; it imports no pytest."""
