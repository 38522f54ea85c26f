"""The database of a checkout, seen from this machine; the same on both engines."""
