"""Fixtures, and the rule about skipping: where CI=true, a Docker or browser test that cannot run has failed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests import tools
from tests.docker import swarms

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def docker_obstacle() -> str | None:
    """Why no Docker test can run here, or None."""
    if not shutil.which("docker"):
        return "docker is not installed"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "the Docker engine does not answer"
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        return "Docker Compose v2 is not installed"
    return None


# Fast ones first: whoever broke something simple hears of it within seconds.
ORDER = ("unit", "lint", "doctor", "docs", "problems", "embedded", "docker", "browser")
# These start and kill real servers, and meet whatever else the machine is doing at that moment: one that fails is tried
# once more. The summary names it all the same; what fails twice has failed.
REAL = ("docs", "problems", "embedded", "docker", "browser")
REASON = 30  # lines: what the command said stands at the end of a report


# With -n, processes take files: the tests of a file share what they have made, and each file has folders, ports and
# names of its own. These need what there is only once on a machine, so one process takes them all, one after the other.
TOGETHER = {
    "tests/docker/test_deploy_swarm.py": "the engine's Swarm mode",
    "tests/docker/test_deploy_swarm_command.py": "the engine's Swarm mode",
}


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # all processes have ended, but the first
        swarms.leave()


class ByFile(LoadFileScheduling):
    """Hands out files, and what is together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def position(item: pytest.Item, *, shared: bool) -> int:
    """Where a test comes: shared between processes, the other way round, so that none is left with the longest."""
    if shared and item.nodeid.partition("::")[0] in TOGETHER:
        return -len(ORDER)
    folder = item.nodeid.split("/")[1]
    number = ORDER.index(folder) if folder in ORDER else len(ORDER)
    return -number if shared else number


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: position(item, shared=shared))
    obstacles = {
        "docker": docker_obstacle() if any(item.get_closest_marker("docker") for item in items) else None,
        "browser": None if CHROMIUM else "no Chromium is installed",
        "kubectl": None if shutil.which("kubectl") else "kubectl is not installed",
    }
    for item in items:
        if item.path.parent.name in REAL:
            item.add_marker(pytest.mark.flaky(reruns=1))
        for marker, obstacle in obstacles.items():
            if obstacle and item.get_closest_marker(marker) and os.environ.get("CI") != "true":
                item.add_marker(pytest.mark.skip(reason=f"{marker}: {obstacle}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why the first attempt failed: of a test that is tried once more, only the last report stays."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first attempt of {report.nodeid}, {report.when}", sep="_")
        terminalreporter.line("\n".join(report.longreprtext.splitlines()[-REASON:]))


@pytest.fixture
def workspace() -> Iterator[Path]:
    """An empty folder that other users may enter; whatever project runs in it is stopped and removed afterwards."""
    with tools.workspace() as folder:
        yield folder


@pytest.fixture(scope="session")
def template() -> Iterator[tools.Project]:
    """A new project that is never started nor changed: what `tools.fresh` makes others from."""
    with tools.workspace(docker=False) as folder:
        yield tools.new_project(folder)


@pytest.fixture
def project(workspace: Path) -> tools.Project:
    """A new project, not yet started, on a port that other tests do not use."""
    return tools.own_port(tools.new_project(workspace))
