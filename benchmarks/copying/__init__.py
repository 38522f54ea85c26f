"""From SQLite to PostgreSQL: the data, who copies them, what is measured, and whether what arrives is right."""
