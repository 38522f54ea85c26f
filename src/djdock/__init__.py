"""djdock: any Django project on real PostgreSQL with one command; in Docker, or without it."""

__version__ = "0.1.0"
