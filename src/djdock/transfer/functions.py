"""Functions of ours that the SQL for SQLite calls."""

from __future__ import annotations

import sqlite3
import struct

from djdock.transfer.kinds import decimal


def register(connection: sqlite3.Connection) -> None:
    """Makes them known to a connection; of NULL they must not be asked."""
    # Methods of built-in types, not functions around them: no Python frame is made for each value.
    connection.create_function("djdock_repr", 1, float.__repr__, deterministic=True)
    connection.create_function("djdock_bits", 1, struct.Struct(">d").pack, deterministic=True)
    connection.create_function("djdock_decimal", 2, decimal.written, deterministic=True)
    connection.create_function("djdock_lower", 1, _lower, deterministic=True)


def _lower(text: bytes) -> str:
    # SQLite's own lower() knows the letters of ASCII alone.
    return text.decode("utf-8", "replace").lower()
