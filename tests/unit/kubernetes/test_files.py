"""What is written for Kubernetes, rendered by the real kustomize."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from djdock.deploy.targets import kubernetes
from djdock.plan.change import is_marked
from djdock.plan.compose import Worker
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.kubernetes import Running
from djdock.plan.production.release import Release
from djdock.project.files import Texts
from tests.unit.kubernetes import releases, rendering
from tests.unit.kubernetes.rendering import IMAGE, Object

pytestmark = pytest.mark.kubectl
CODE = {"web", "worker", "beat", "migrate-3f2a3f2a3f2a"}


@cache
def rendered(name: str) -> dict[tuple[str, str], Object]:
    """The objects of a release."""
    with TemporaryDirectory() as place:
        rendering.write(Path(place), rendering.written(releases.ALL[name]))
        return rendering.objects(rendering.kustomize(Path(place)))


@pytest.mark.parametrize("name", releases.ALL)
def test_kustomize_takes_the_overlay(name: str) -> None:
    """Every shape of project has its namespace, site, migration and network; all is in the one namespace."""
    found = rendered(name)
    release = releases.ALL[name]
    assert {("Deployment", "web"), ("Job", "migrate-3f2a3f2a3f2a"), ("HorizontalPodAutoscaler", "web")} <= set(found)
    assert (("Cluster", "db") in found) == (release.database is not None)
    assert (("StatefulSet", "redis") in found) == release.redis
    assert (("Ingress", "web") in found) == bool(release.hosts)
    assert (("PersistentVolumeClaim", "media") in found) == bool(release.media)
    namespaces = {one["metadata"].get("namespace") for (kind, _), one in found.items() if kind != "Namespace"}
    assert namespaces == {release.name}


@pytest.mark.parametrize("name", releases.ALL)
def test_files_are_marked_and_kept(name: str) -> None:
    """djdock's texts say whose they are, so that edits are merged; what follows the releases stays as it is."""
    release = releases.ALL[name]
    first = kubernetes.files(Texts({}), release)
    again = kubernetes.files(Texts({change.path: change.after for change in first}), release)
    assert all(is_marked(change.after) for change in first if change.generated)
    assert {change.path for change in first if not change.generated} == {texts.CONFIG, texts.RELEASE}
    assert all(change.outcome == "same" for change in again)
    running = texts.component(release, Running(IMAGE, "7"))
    later = {change.path: change.after for change in kubernetes.files(Texts({texts.RELEASE: running}), release)}
    assert later[texts.RELEASE] == running
    assert all(len(line) <= 120 for change in first for line in change.after.splitlines())


@pytest.mark.parametrize("name", releases.ALL)
def test_every_pod_keeps_to_the_restricted_profile(name: str) -> None:
    """No root, no privileges, nothing writable, no token of the API server, limits: for each container of each pod."""
    for pod in rendering.pods(rendered(name)).values():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}


def test_an_image_has_one_digest_everywhere() -> None:
    """Site, workers, what waits and what migrates run the very same content; the Job is named after it."""
    pods = rendering.pods(rendered("workers"))
    images = {
        name: {one["image"] for one in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))}
        for name, pod in pods.items()
    }
    assert {name: images[name] for name in CODE} == {name: {IMAGE} for name in CODE}
    assert pods["web"]["metadata"]["annotations"] == {"secrets-version": "7"}


def test_secrets_are_files_and_in_no_object() -> None:
    """Containers are told where a secret lies; no object holds one, and the owner's password is not for the site."""
    found = rendered("workers")
    assert not [kind for kind, _name in found if kind == "Secret"]
    for name in CODE:
        spec = rendering.pods(found)[name]["spec"]
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            values = {one["name"]: one["value"] for one in container["env"] if one["name"] != "WAIT_FOR_MIGRATIONS"}
            files = {f"{name}_FILE": f"/run/secrets/{name}" for name in ("SECRET_KEY", "DATABASE_URL")}
            assert values == {"FORWARDED_ALLOW_IPS": "*", **files}
        [volume] = [one["secret"] for one in spec["volumes"] if one["name"] == "secrets"]
        assert volume["secretName"] == "shop"
        assert volume["defaultMode"] == 0o440
        assert [one["key"] for one in volume["items"]] == ["SECRET_KEY", "DATABASE_URL"]
    assert "volumes" in rendering.pods(rendered("bare"))["web"]["spec"]
    assert "secret" not in yaml.dump(rendering.pods(rendered("bare"))["web"]["spec"]["volumes"])


def test_variables_come_from_two_files() -> None:
    """What is the same everywhere and what the env file says are one ConfigMap; its name changes with its content."""
    [(name, config)] = [(name, one) for (kind, name), one in rendered("workers").items() if kind == "ConfigMap"]
    assert config["data"] == {"ALLOWED_HOSTS": "blog.example.com", "DEBUG": "0", "REDIS_URL": "redis://redis:6379/0"}
    assert name.startswith("shop-")
    for pod in (rendering.pods(rendered("workers"))[name] for name in CODE):
        assert pod["spec"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": name}}]


@pytest.mark.parametrize(
    "value", ["a=b", "'quoted' \"twice\"", "# no comment", "{{ braces }}", "ünï", "a,b c", "$HOME"]
)
def test_values_arrive_as_they_are(tmp_path: Path, value: str) -> None:
    """Neither quotes nor signs in a value mean anything on the way from the env file to the ConfigMap."""
    rendering.write(tmp_path, rendering.written(releases.PLAIN, values={"ALLOWED_HOSTS": value}))
    found = rendering.objects(rendering.kustomize(tmp_path))
    [config] = [one for (kind, _name), one in found.items() if kind == "ConfigMap"]
    assert config["data"]["ALLOWED_HOSTS"] == value


def test_the_env_file_is_followed() -> None:
    """The overlay's variables are those of the env file, without its quotes; what else stands there stays there."""
    dotenv = "# a comment\nALLOWED_HOSTS='a.example.com, b.example.com'\nIMAGE=blog:1\nHOSTS=a.example.com\n"
    [config] = [
        one for one in kubernetes.files(Texts({".env.production": dotenv}), releases.PLAIN) if one.path == texts.CONFIG
    ]
    assert [line for line in config.after.splitlines() if not line.startswith("#")] == [
        "ALLOWED_HOSTS=a.example.com, b.example.com"
    ]


def test_the_site_is_replaced_without_a_gap() -> None:
    """No old pod goes before a new one is ready, and a pod that stops finishes what it has begun."""
    web = rendered("plain")["Deployment", "web"]
    spec = web["spec"]["template"]["spec"]
    [container] = spec["containers"]
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert "replicas" not in web["spec"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert (
        container["livenessProbe"]["httpGet"]
        == container["startupProbe"]["httpGet"]
        == {"path": "/livez", "port": "http"}
    )
    assert container["lifecycle"]["preStop"]["exec"]["command"][0] == "python"
    assert spec["terminationGracePeriodSeconds"] >= 35
    [wait] = spec["initContainers"]
    assert {"name": "WAIT_FOR_MIGRATIONS", "value": "600"} in wait["env"]
    assert "migrate" not in wait["args"]


def test_one_scheduler_at_a_time() -> None:
    """beat is never there twice, not even during a rollout; workers may be as many as anybody likes."""
    found = rendered("workers")
    assert found["Deployment", "beat"]["spec"]["strategy"] == {"type": "Recreate"}
    assert found["Deployment", "beat"]["spec"]["replicas"] == 1
    assert "rollingUpdate" in found["Deployment", "worker"]["spec"]["strategy"]
    assert texts.is_single(Worker("worker", ("celery", "-A", "x", "worker", "-B")))
    assert texts.is_single(Worker("s", ("python", "manage.py", "rqscheduler")))
    assert not texts.is_single(Worker("q", ("python", "manage.py", "rqworker", "-B")))


def test_arguments_of_workers_are_no_variables() -> None:
    """Kubernetes would replace `$(NAME)` in an argument; a worker's command arrives as it is."""
    release = Release("blog", (), workers=(Worker("odd", ("celery", "-Q", "$(HOME)")),))
    [text] = [text for path, text in texts.texts(release).items() if path.endswith("workers.yaml")]
    assert '"$$(HOME)"' in text


def test_the_database_is_as_on_other_engines() -> None:
    """Major version, name, owner, sorting and host of the database are those that Compose's has."""
    cluster = rendered("workers")["Cluster", "db"]["spec"]
    assert cluster["imageName"] == "ghcr.io/cloudnative-pg/postgresql:17-standard-trixie"
    initdb = cluster["bootstrap"]["initdb"]
    assert (initdb["database"], initdb["owner"], initdb["secret"]) == ("shop", "shop", {"name": "db-owner"})
    assert (initdb["localeProvider"], initdb["builtinLocale"]) == ("builtin", "C.UTF-8")
    assert initdb["postInitApplicationSQL"] == ["CREATE EXTENSION IF NOT EXISTS vector"]
    service = rendered("workers")["Service", "db"]["spec"]
    assert service["selector"] == {"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}
    older = rendered("media")["Cluster", "db"]["spec"]
    assert older["imageName"] == "ghcr.io/cloudnative-pg/postgis:16"
    assert "localeProvider" not in older["bootstrap"]["initdb"]
    assert older["bootstrap"]["initdb"]["database"] == "geo blog"


def test_the_network_lets_through_what_is_needed() -> None:
    """Everything is denied first; the database hears the project, itself and its operator; others hear nobody."""
    found = rendered("workers")
    policies = {name: one["spec"] for (kind, name), one in found.items() if kind == "NetworkPolicy"}
    assert set(policies) == {"default-deny", "dns", "project", "db", "redis", "web", "cert-manager"}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert [one["ports"][0]["port"] for one in policies["project"]["egress"] if "ports" in one] == [5432, 6379]
    [ports] = [one["ports"] for one in policies["web"]["ingress"]]
    assert ports == [{"port": 8000, "protocol": "TCP"}]
    world = policies["project"]["egress"][-1]["to"][0]["ipBlock"]
    assert "10.0.0.0/8" in world["except"]


def test_a_database_elsewhere_may_be_in_a_private_network() -> None:
    """Where the release has no database of its own, its address may be anywhere but where clouds keep credentials."""
    world = rendered("external")["NetworkPolicy", "project"]["spec"]["egress"][-1]["to"][0]["ipBlock"]
    assert world["except"] == ["169.254.0.0/16"]
    assert ("NetworkPolicy", "db") not in rendered("external")


def test_hosts_have_tls() -> None:
    """Each name of the site has a rule and is in the certificate; without names nothing leads in from outside."""
    ingress = rendered("plain")["Ingress", "web"]["spec"]
    assert [one["host"] for one in ingress["rules"]] == list(releases.NAMES) == ingress["tls"][0]["hosts"]
    assert ("NetworkPolicy", "web") not in rendered("local")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("blog:3f2a", ("blog", "3f2a", "")),
        ("registry.example.com:5000/ada/blog", ("registry.example.com:5000/ada/blog", "", "")),
        ("registry.example.com:5000/blog:1.0@sha256:ab", ("registry.example.com:5000/blog", "1.0", "sha256:ab")),
    ],
)
def test_names_of_images_are_taken_apart(image: str, expected: tuple[str, str, str]) -> None:
    """A registry's port is no tag."""
    assert texts.split(image) == expected


def test_jobs_are_named_after_images() -> None:
    """Another image is another Job; a tag becomes a name that Kubernetes takes."""
    assert texts.suffix(IMAGE) == "3f2a3f2a3f2a"
    assert texts.suffix("blog:V1.2_rc") == "v1-2-rc"
    assert texts.suffix("blog") == "latest"
