"""Why what failed passed again: what was different, and how sure that is."""
