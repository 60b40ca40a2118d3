"""Turn every pytest run into a debug record in PostgreSQL."""
