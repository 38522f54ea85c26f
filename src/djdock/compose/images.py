"""Which images Docker has, or can get."""

from __future__ import annotations

from djdock.process import ask, run

# Seconds for a registry that may be far, or not there at all.
PATIENCE = 20.0


def can_have(name: str) -> bool:
    """Whether an image is on this machine, or a registry that answers has it; nothing is pulled."""
    return is_here(name) or ask(["docker", "manifest", "inspect", name], seconds=PATIENCE).ok


def is_here(name: str) -> bool:
    """Whether an image is on this machine."""
    return run(["docker", "image", "inspect", name]).ok
