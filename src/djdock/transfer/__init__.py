"""MOVE: the rows of a SQLite file into PostgreSQL, every one, and proven equal."""
