"""The file of one process that runs tests, as that process appends to it."""
