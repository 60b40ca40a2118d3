"""Migrations, connections and the embedded server."""
