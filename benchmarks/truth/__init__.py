"""Whether the record tells truly why a test passed again."""
