"""Questions to the record: one typed function each, its SQL beside it."""
