"""From journals to tables: what the loader's own process does while the tests run."""
