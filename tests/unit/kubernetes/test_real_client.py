"""The real kubectl, as far as it goes without a cluster: what it understands, and what it says when nobody answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from djdock.deploy.kubernetes import client
from djdock.deploy.targets import kubernetes
from djdock.errors import Problem
from djdock.process import run
from tests.unit.kubernetes import releases
from tests.unit.kubernetes.conftest import CONTEXT, V1, V2, V3, Played

pytestmark = pytest.mark.kubectl
# Port 1 of this machine: nobody listens there, and that is known at once.
NOWHERE = "https://127.0.0.1:1"
really_run = run


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of kubectl with a context whose server is off."""
    file = tmp_path / "kubeconfig"
    context = {"name": CONTEXT, "context": {"cluster": "c", "user": "u"}}
    clusters, users = [{"name": "c", "cluster": {"server": NOWHERE}}], [{"name": "u", "user": {"token": "none"}}]
    file.write_text(
        json.dumps(
            {"apiVersion": "v1", "kind": "Config", "current-context": CONTEXT, "contexts": [context]}
            | {"clusters": clusters, "users": users}
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def test_a_cluster_that_is_off(configured: Path) -> None:
    """The real client's words for a server that refuses the connection are understood, and the server is named."""
    problem = kubernetes.missing(configured.parent)
    assert problem is not None
    assert not problem.details.startswith("E")
    assert problem.cause == f"The cluster of the context {CONTEXT} ({NOWHERE}) does not answer."


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configuration there is no current context, which the real client says in its own way."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(Problem, match="knows no cluster"):
        client.current("shop")


def test_the_context_is_found(configured: Path) -> None:
    """Name and address come from the configuration of the person."""
    assert configured.exists()
    assert client.current("shop") == client.Cluster(CONTEXT, NOWHERE, "shop")


@pytest.mark.usefixtures("configured")
def test_the_real_client_understands_every_call(play: Callable[..., Played], tmp_path: Path) -> None:
    """Each form of call that the played cluster has answered is one that the real client would have sent."""
    played = play(releases.WORKERS)
    played.situation(dump="PGDMP", images={"3333": {"how": "crash", "log": "boom\n"}})
    played.deploy(V1)
    kubernetes.preview(played.at(V2))
    kubernetes.manage(played.site, ("shell",), stdin="print(1)")
    kubernetes.dump(played.site, tmp_path / "x.dump")
    with pytest.raises(Problem):
        kubernetes.switch(played.at(V3), lambda _text: None)
    forms = {form(call.argv): call for call in played.calls if call.argv[0] not in {"kustomize", "config", "version"}}
    assert {argv[0] for argv in forms} >= {
        "get", "apply", "create", "delete", "diff", "rollout", "logs", "attach", "exec", "api-resources",
    }  # fmt: skip
    for call in forms.values():
        done = really_run(["kubectl", *call.argv], stdin=call.stdin)
        assert not done.ok
        assert re.search("refused|unable to retrieve", done.stderr), (call.argv, done.stderr)


def form(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The verb of a call and its options, without the values of these: calls of the same form are understood alike."""
    words = argv[2:]
    return (words[0], *sorted({word.partition("=")[0] for word in words if word.startswith("--")}))
