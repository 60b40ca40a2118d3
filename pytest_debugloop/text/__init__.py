"""Text as people, terminals and CI read it."""
