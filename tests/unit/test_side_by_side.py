"""Tests that run side by side do not get into each other's way: what conftest.py and tools.py say of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tests import conftest, tools

TESTS = Path(conftest.__file__).parent


def test_every_folder_has_its_place() -> None:
    """A new folder of tests is neither first nor last by accident."""
    assert {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")} == set(conftest.ORDER)


def test_who_needs_a_swarm_is_together() -> None:
    """A file that was renamed, or a new one, does not leave the Swarm while another file uses it."""
    users = [path for path in TESTS.glob("docker/test_*.py") if "swarms.manager" in path.read_text(encoding="utf-8")]
    assert {f"tests/{path.relative_to(TESTS).as_posix()}" for path in users} == set(conftest.TOGETHER)


def test_no_two_processes_are_given_the_same_port() -> None:
    """Nor one that is next to another one's: djdock looks there when it needs a second one."""
    given = [set(islice(tools.own_ports(worker), 150)) for worker in range(10)]
    near = [{port + step for port in ports for step in range(4)} for ports in given]
    assert sum(map(len, near)) == len(set().union(*near)) == 10 * 150 * 4
    assert max(map(max, near)) < 32_768
