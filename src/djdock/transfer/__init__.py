"""SQLite to PostgreSQL: every row, in one transaction, proven equal."""
