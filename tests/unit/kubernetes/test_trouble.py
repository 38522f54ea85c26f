"""What a person is shown of a pod that does not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from djdock.deploy.kubernetes import trouble
from djdock.deploy.kubernetes.client import Cluster
from djdock.deploy.kubernetes.trouble import Trouble
from djdock.process import Result
from tests.unit.deploy.test_logs import WHERE, WHY


@dataclass(frozen=True)
class Played:
    """A cluster whose pods have written one log."""

    log: str

    def run(self, *_arguments: str) -> Result:
        return Result(0, self.log, "")


def test_the_reason_comes_before_the_log() -> None:
    """However long the log is: Kubernetes' own word stays in front, and the project's traceback is the log's end."""
    log = f"{WHY}{WHERE}gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>\n"
    told = trouble.evidence(cast(Cluster, Played(log)), Trouble("web-1", "web", "CrashLoopBackOff", ""))
    assert told.startswith("web-1: web: CrashLoopBackOff\n")
    assert "ZeroDivisionError: division by zero" in told
    assert "HaltServer" not in told
