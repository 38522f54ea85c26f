"""deploy/connections.py: what a site is told of how it keeps its connections, and what it is not told."""

from __future__ import annotations

import pytest

from djdock.deploy import connections

PLAIN = {"postgres": True, "age": 0, "checked": False, "pooled": False, "can_check": True, "can_pool": True}


@pytest.mark.parametrize(
    ("asynchronous", "differs", "said"),
    [
        (False, {}, '"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True'),
        (False, {"can_check": False}, '"CONN_MAX_AGE": 60.'),
        (False, {"age": 600}, '"CONN_HEALTH_CHECKS": True'),
        (True, {}, '"OPTIONS": {"pool": True}'),
        (True, {"age": 600, "checked": True}, "CONN_MAX_AGE be 0; a pool"),
        (True, {"age": None, "can_pool": False}, "CONN_MAX_AGE be 0."),
    ],
)
def test_what_costs_time_or_fails(asynchronous: bool, differs: dict[str, object], said: str) -> None:
    """A connection for each request, one that is not tried, one that is left behind: each with the line to write."""
    assert said in connections.advice(PLAIN | differs, asynchronous=asynchronous)


@pytest.mark.parametrize(
    ("asynchronous", "differs"),
    [
        (False, {"pooled": True}),
        (True, {"pooled": True}),
        (False, {"age": 60, "checked": True}),
        (False, {"age": None, "checked": True}),
        (False, {"age": 60, "can_check": False}),
        (True, {"can_pool": False}),
        (False, {"postgres": False}),
        (True, {"postgres": False, "age": 60}),
    ],
)
def test_what_is_well(asynchronous: bool, differs: dict[str, object]) -> None:
    """A pool, connections that are kept and tried, the best that an old Django can do, and databases of others."""
    assert connections.advice(PLAIN | differs, asynchronous=asynchronous) == ""
