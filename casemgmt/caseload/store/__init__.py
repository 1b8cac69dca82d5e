"""Where events are kept: an append-only store in SQLite or PostgreSQL."""
