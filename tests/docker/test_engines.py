"""One project on both engines, in turn."""

from __future__ import annotations

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project

pytestmark = [pytest.mark.docker, pytest.mark.embedded, pytest.mark.timeout(240)]


def test_each_engine_keeps_its_own_rows(clone: Project) -> None:
    """Switching stops the other engine, whose ports it takes over, and says that its data stay there."""
    compose.up(clone)
    compose.add_group(clone, "in Docker")
    ports = {name: clone.env()[name] for name in ("DB_PORT", "WEB_PORT")}

    done = clone.up("embedded")
    assert "web on docker  (its data stay there" in done.out
    assert compose.containers(clone.root) == {}
    assert compose.groups(clone) == ""
    compose.add_group(clone, "embedded")
    assert tools.page(clone.url)[0] == 200

    done = clone.up("docker")
    assert "db on embedded  (its data stay there" in done.out
    assert compose.groups(clone) == "in Docker"
    assert tools.page(clone.url)[0] == 200
    assert "docker  (as before" in clone.djdock("up").ok().out, "without --engine it stays where it is"

    clone.up("embedded")
    assert compose.groups(clone) == "embedded"
    assert {name: clone.env()[name] for name in ports} == ports, "the addresses stay the same all the while"
