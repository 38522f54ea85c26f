"""Measures djdock against what a person would do without it; `python -m benchmarks` prints the tables."""
