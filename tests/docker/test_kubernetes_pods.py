"""The image does under the conditions of the rendered pods what Kubernetes expects of it.

There is no cluster here: Docker runs each container as its pod says, with the same user, limits, mounts and variables.
What a kubelet asks and does (probes, preStop, SIGTERM) is asked and done by the tests.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from djdock.plan.production import kubernetes as texts
from djdock.plan.production.kubernetes import RELEASE
from tests import tools
from tests.docker import compose
from tests.tools import Done, Project, run
from tests.unit.kubernetes import rendering

pytestmark = [pytest.mark.docker, pytest.mark.kubectl, pytest.mark.timeout(240)]

POSTGRES = "postgres:18-trixie"
HOST = "blog.example.com"
UNITS = {"Mi": "m", "Gi": "g"}
SECRETS = {"SECRET_KEY": "0123456789abcdefghij" * 3, "DATABASE_URL": "postgres://blog:not-a-secret@db:5432/blog"}


@dataclass(frozen=True)
class Node:
    """A machine that runs pods: an image, a network with the database in it, and a Secret as files."""

    root: Path
    image: str
    network: str
    secrets: Path
    objects: Mapping[tuple[str, str], Any]

    def pod(self, kind: str, name: str) -> dict[str, Any]:
        """The pod that an object makes; of a Job the beginning of its name is enough."""
        [found] = [one for (other, full), one in self.objects.items() if other == kind and full.startswith(name)]
        spec: dict[str, Any] = found["spec"]["template"]["spec"]
        return spec

    def options(self, spec: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
        """How Docker runs a container of a pod, as far as Docker can."""
        account, own = spec["securityContext"], container["securityContext"]
        found = [f"--network={self.network}", f"--user={account['runAsUser']}:{account['runAsGroup']}"]
        found += [f"--group-add={account['fsGroup']}"]
        found += ["--read-only"] if own["readOnlyRootFilesystem"] else []
        found += [f"--cap-drop={one}" for one in own["capabilities"]["drop"]]
        found += [] if own["allowPrivilegeEscalation"] else ["--security-opt=no-new-privileges"]
        memory = container["resources"]["limits"]["memory"]
        found += [f"--memory={memory[:-2]}{UNITS[memory[-2:]]}", f"--cpus={container['resources']['limits']['cpu']}"]
        volumes = {one["name"]: one for one in spec["volumes"]}
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if "emptyDir" in volume:
                found.append(f"--tmpfs={mount['mountPath']}:mode=1777")
            else:
                assert {item["path"] for item in volume["secret"]["items"]} == set(SECRETS)
                found.append(f"--volume={self.secrets}:{mount['mountPath']}:ro")
        [config] = [one["data"] for (kind, _name), one in self.objects.items() if kind == "ConfigMap"]
        variables = {**config, **{one["name"]: one["value"] for one in container["env"]}}
        return [*found, *(f"--env={name}={value}" for name, value in variables.items())]

    @contextmanager
    def running(self, spec: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Container]:
        """A container of a pod, until the end of the block."""
        argv = ["docker", "run", "--detach", *self.options(spec, container), self.image, *container.get("args", ())]
        made = Container(run(argv, self.root).ok().out.strip(), self.root)
        try:
            yield made
        finally:
            run(["docker", "rm", "--force", "--volumes", made.id], self.root)

    def job(self) -> Done:
        """Runs the Job to its end."""
        spec = self.pod("Job", texts.MIGRATE)
        [container] = spec["containers"]
        argv = ["docker", "run", "--rm", *self.options(spec, container), self.image, *container["args"]]
        return run(argv, self.root)


@dataclass(frozen=True)
class Container:
    """One that runs."""

    id: str
    root: Path

    def docker(self, *words: str) -> Done:
        return run(["docker", *words], self.root)

    def probe(self, probe: Mapping[str, Any]) -> int:
        """Asks as a kubelet does: under the pod's address, which is in no ALLOWED_HOSTS, and over HTTP."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = self.docker("inspect", "--format", template, self.id).ok().out.strip()
        connection = http.client.HTTPConnection(address, 8000, timeout=probe.get("timeoutSeconds", 1) + 5)
        connection.request("GET", probe["httpGet"]["path"])
        return connection.getresponse().status


@pytest.fixture(scope="module")
def project(original: Project, shelf: Path) -> Iterator[Project]:
    """A new project."""
    made = compose.clone(original, shelf / "kubernetes")
    yield made
    shutil.rmtree(made.root)


@pytest.fixture(scope="module")
def node(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The project's image, the objects of its overlay, a database that is empty, and the project's secrets."""
    place = tmp_path_factory.mktemp("cluster")
    name = f"{project.root.parent.name.lower()}-kubernetes"
    project.djdock("build", "--tag", f"{name}:1").ok()
    project.djdock("deploy", "kubernetes", "--host", HOST, "--output", str(place)).ok()
    component = place / RELEASE
    component.write_text(component.read_text().replace("registry.example.com/blog", name).replace("none-yet", "1"))
    secrets = place / "secrets"
    secrets.mkdir()
    for key, value in SECRETS.items():
        (secrets / key).write_text(value)
        if os.geteuid() == 0:  # as a Secret is mounted: for root, and for the pod's group
            os.chown(secrets / key, 0, 10001)
        (secrets / key).chmod(0o440 if os.geteuid() == 0 else 0o444)
    for folder in (place, secrets):
        folder.chmod(0o755)
    run(["docker", "network", "create", name], place).ok()
    account = ["--env", "POSTGRES_PASSWORD=not-a-secret", "--env", "POSTGRES_USER=blog"]
    try:
        argv = ["docker", "run", "--detach", "--name", name, "--network", name, "--network-alias", "db", *account]
        run([*argv, POSTGRES], place).ok()
        ask = ["docker", "exec", name, "pg_isready", "--host", "127.0.0.1"]
        tools.eventually(lambda: run(ask, place).code == 0, 60, "PostgreSQL does not get ready")
        yield Node(place, f"{name}:1", name, secrets, rendering.objects(rendering.kustomize(place)))
    finally:
        run(["docker", "rm", "--force", "--volumes", name], place)
        run(["docker", "network", "rm", name], place)
        run(["docker", "image", "rm", "--force", f"{name}:1"], place)


def test_a_release_comes_up_as_the_files_say(node: Node) -> None:
    """New pods wait while nothing is migrated; the Job migrates; then they go on, and become ready."""
    spec = node.pod("Deployment", texts.WEB)
    [waiting], [web] = spec["initContainers"], spec["containers"]
    with node.running(spec, waiting) as container:
        # It has looked once, and goes on waiting.
        tools.eventually(lambda: "showmigrations" in container.docker("top", container.id).out, 60, "nothing is asked")
        assert container.docker("inspect", "--format", "{{.State.Running}}", container.id).out.strip() == "true"
        assert "accounts.0001_initial... OK" in node.job().ok().out
        assert container.docker("wait", container.id).ok().out.strip() == "0"
    with node.running(spec, web) as container:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            tools.eventually(lambda probe=web[name]: container.probe(probe) == 200, 60, f"{name} finds nothing")
        assert container.docker("exec", container.id, *web["lifecycle"]["preStop"]["exec"]["command"]).code == 0
        container.docker("stop", f"--time={spec['terminationGracePeriodSeconds']}", container.id).ok()
        assert container.docker("inspect", "--format", "{{.State.ExitCode}}", container.id).out.strip() in {"0", "143"}


def test_secrets_are_in_no_variable(node: Node) -> None:
    """What the engine shows of a container names the files and not what is in them; the project has the values."""
    spec = node.pod("Deployment", texts.WEB)
    [web] = spec["containers"]
    with node.running(
        spec, {**web, "args": ["python", "manage.py", "shell", "-c", "import time; time.sleep(60)"]}
    ) as it:
        environment = json.loads(it.docker("inspect", "--format", "{{json .Config.Env}}", it.id).ok().out)
        assert "SECRET_KEY_FILE=/run/secrets/SECRET_KEY" in environment
        assert not [line for line in environment for value in SECRETS.values() if value in line]
        look = "from django.conf import settings; print(settings.SECRET_KEY, settings.DATABASES['default']['HOST'])"
        words = (
            "exec",
            it.id,
            "python",
            "container/entrypoint.py",
            "python",
            "manage.py",
            "shell",
            "-v",
            "0",
            "-c",
            look,
        )
        assert it.docker(*words).ok().out.split() == [SECRETS["SECRET_KEY"], "db"]


def test_nothing_else_can_be_written_to(node: Node) -> None:
    """The one place for files is /tmp, and nobody becomes another user."""
    spec = node.pod("Job", texts.MIGRATE)
    [container] = spec["containers"]
    code = "import pathlib, os; pathlib.Path('/tmp/x').touch(); print(os.getuid()); pathlib.Path('x').touch()"
    argv = ["docker", "run", "--rm", *node.options(spec, container), node.image, "python", "-c", code]
    done = run(argv, node.root)
    assert done.out == "10001\n"
    assert "Read-only file system" in done.err
