"""The way to a cluster, step by step, with a kubectl that plays the cluster (see stand_in.py)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from djdock.commands import build, deploy
from djdock.deploy.image import Built
from djdock.deploy.kubernetes import client, preview
from djdock.deploy.targets import kubernetes
from djdock.errors import Problem
from djdock.plan.production import kubernetes as texts
from djdock.process import Result
from tests.docs import markdown
from tests.unit.kubernetes import releases
from tests.unit.kubernetes.conftest import CONTEXT, SECRETS, V1, V2, V3, Played

pytestmark = pytest.mark.kubectl


def silent(_text: str) -> None:
    """Says nothing."""


def test_a_release_comes_to_an_empty_cluster(played: Played) -> None:
    """Namespace, secrets, database, migration and site come in this order, and the site runs the image."""
    assert kubernetes.running(played.site) is None
    played.deploy(V1)
    there = list(played.objects)
    order = [
        "namespace//shop",
        "secret/shop/shop",
        "cluster/shop/db",
        "job/shop/migrate-111111111111",
        "deployment/shop/web",
    ]
    assert [there.index(one) for one in order] == sorted(there.index(one) for one in order)
    assert kubernetes.running(played.site) == V1
    assert played.image_of("worker") == played.image_of("beat") == V1
    assert kubernetes.address(played.site) == "https://blog.example.com/"
    assert kubernetes.place(played.site) == f"Kubernetes, context {CONTEXT} (https://10.0.0.1:6443), namespace shop"


def test_every_call_names_the_context(played: Played) -> None:
    """Whoever changes kubectl's context meanwhile, in another terminal, changes nothing for a deployment on its way."""
    kubernetes.place(played.site)
    played.situation(config={"current-context": "another", "clusters": []})
    played.deploy(V1)
    calls = [call.argv for call in played.calls if call.argv[0] not in {"kustomize", "config", "version"}]
    assert len(calls) > 10
    assert {call[:2] for call in calls} == {(f"--context={CONTEXT}", "--namespace=shop")}


def test_secrets_are_in_no_argument(played: Played) -> None:
    """Secrets travel on standard input, and only in objects of the kind Secret."""
    played.deploy(V1)
    kubernetes.manage(played.site, ("check",))
    arguments = " ".join(word for call in played.calls for word in call.argv)
    assert not [value for value in SECRETS.values() if value in arguments]
    data = played.objects["secret/shop/shop"]["data"]
    assert set(data) == {"SECRET_KEY", "DATABASE_URL"}
    assert played.objects["secret/shop/db-owner"]["type"] == "kubernetes.io/basic-auth"
    applied = [call for call in played.calls if '"Secret"' in call.stdin]
    assert all("--server-side" in call.argv for call in applied)
    for path in (played.site.root / "k8s").rglob("*"):
        assert path.is_dir() or not [value for value in SECRETS.values() if value in path.read_text()]


def test_a_new_image_is_switched_to_and_remembered(played: Played) -> None:
    """After an update the tree says what runs, so that `kubectl apply -k` by hand brings nothing else."""
    played.deploy(V1)
    played.deploy(V2)
    component = yaml.safe_load((played.site.root / texts.RELEASE).read_text())
    assert component["images"] == [
        {"name": "shop", "newName": "registry.example.com/shop", "digest": V2.partition("@")[2]}
    ]
    assert "ALLOWED_HOSTS=shop.example.com" in (played.site.root / texts.CONFIG).read_text()
    assert "job/shop/migrate-222222222222" in played.objects
    assert played.image_of("web") == V2


def test_a_changed_secret_starts_new_pods(played: Played) -> None:
    """Pods read secrets when they start: a new value brings new pods, the same one leaves them alone."""
    played.deploy(V1)
    played.deploy(V1)
    assert played.objects["deployment/shop/web"]["metadata"]["generation"] == 1
    (played.site.secrets / "SECRET_KEY").write_text("another" * 10)
    assert "change secret shop: secrets/SECRET_KEY" in kubernetes.preview(played.site)
    played.deploy(V1)
    assert played.objects["deployment/shop/web"]["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("fate", "said", "advised"),
    [
        ({"how": "crash", "log": "ModuleNotFoundError: No module named 'blogg'\n"}, "named 'blogg'", "describe pod"),
        ({"how": "crash", "log": "exec /opt/venv/bin/python: exec format error\n"}, "exec format error", "--platform"),
        ({"how": "pull"}, "ImagePullBackOff", "create secret generic registry"),
        ({"how": "never", "log": ""}, "readiness probe", "describe pod"),
        ({"how": "stuck", "refused": "pods are forbidden: exceeded quota"}, "exceeded quota", "get events"),
    ],
)  # fmt: skip
def test_a_bad_image_leaves_the_old_one(played: Played, fate: dict[str, str], said: str, advised: str) -> None:
    """Whatever is wrong with a new image: site and workers go back to the old one, and the reason is told."""
    played.deploy(V1)
    played.situation(images={"3333": fate})
    with pytest.raises(Problem) as caught:
        played.deploy(V3)
    assert "the old version serves as before" in caught.value.cause
    assert said in caught.value.details
    assert advised in caught.value.hint
    assert {played.image_of(name) for name in ("web", "worker", "beat")} == {V1}
    assert "3333" not in (played.site.root / texts.RELEASE).read_text()


def test_a_first_image_that_is_bad_is_told_as_that(played: Played) -> None:
    """Where nothing ran before, nobody is told that something still serves."""
    played.situation(images={"1111": {"how": "crash", "log": "boom\n"}})
    with pytest.raises(Problem, match="nothing was there before"):
        played.deploy(V1)


def test_a_migration_that_fails_switches_nothing(played: Played) -> None:
    """The Job's log is shown, the Job is not tried again, and the site stays with the old image."""
    played.deploy(V1)
    played.situation(images={"3333": {"migration": "fails", "log": "psycopg.errors.UndefinedColumn: no such column\n"}})
    with pytest.raises(Problem, match="old version serves as before") as caught:
        played.deploy(V3)
    assert "UndefinedColumn" in caught.value.details
    assert played.image_of("web") == V1
    assert "job/shop/migrate-333333333333" not in played.objects


def test_a_migration_that_is_still_at_it_is_waited_for(played: Played) -> None:
    """After Ctrl-C the Job goes on in the cluster: the next try neither stops it nor starts a second one."""
    played.deploy(V1)
    played.kubectl.objects["job/shop/migrate-111111111111"]["status"] = {"active": 1, "succeeded": 1}
    before = len(played.calls)
    kubernetes.migrate(played.site, silent)
    later = [" ".join(call.argv) for call in played.calls[before:]]
    assert not [call for call in later if "delete job" in call]
    assert not [call for call in played.calls[before:] if '"Job"' in call.stdin and "apply" in call.argv]


def test_rollback_brings_the_image_before(played: Played) -> None:
    """The image before runs again, its migrations are not looked at, and the tree says so."""
    played.deploy(V1)
    played.deploy(V2)
    jobs = [key for key in played.objects if key.startswith("job/")]
    assert "namespace shop" in kubernetes.rollback(played.at(V1), silent)
    assert played.image_of("web") == played.image_of("worker") == V1
    assert jobs == [key for key in played.objects if key.startswith("job/")]
    assert V1.partition("@")[2] in (played.site.root / texts.RELEASE).read_text()


def test_a_preview_says_what_would_change(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each object, nothing for those that stay, and nothing is changed by looking."""
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "a program that shows differences in its own way")
    first = kubernetes.preview(played.site)
    assert first[0] == "create namespace shop"
    assert {"create deployment web", "create cluster db", "create secret shop"} <= set(first)
    assert played.objects == {}
    played.deploy(V1)
    assert list(kubernetes.preview(played.site)) == []
    there = played.objects
    found = kubernetes.preview(played.at(V2))
    assert f"web: {V1[:46]}1111111 → {V2[:46]}2222222"[:20] in " ".join(found)
    assert "create job migrate-222222222222" in found
    assert not [line for line in found if "db" in line or "redis" in line]
    assert played.objects == there


def test_a_dry_run_needs_no_files(played: Played, tmp_path: Path) -> None:
    """Before anything is written there is no k8s/ and perhaps no secrets/: what would come is shown all the same."""
    site = replace(played.site, root=tmp_path, secrets=tmp_path / "secrets", image="shop:new")
    assert "create deployment web" in kubernetes.preview(site)


def test_real_diffs_are_read() -> None:
    """What `diff -u -N` writes of objects: a new one, another image, another field, and one that only counts up."""
    folders = ("/tmp/LIVE-12", "/tmp/MERGED-34")  # noqa: S108 - texts

    def section(name: str, *lines: str) -> str:
        live, merged = (f"{folder}/{name}" for folder in folders)
        return (
            "\n".join([f"diff -u -N {live} {merged}", f"--- {live}\t2026-11-22", f"+++ {merged}\t2026-11-22", *lines])
            + "\n"
        )

    text = (
        section("v1.Service.blog.web", "@@ -0,0 +1,2 @@", "+apiVersion: v1", "+kind: Service")
        + section("apps.v1.Deployment.blog.web", "@@ -6 +6 @@", "-  generation: 1", "+  generation: 2",
                  "@@ -40 +40 @@", "-        image: blog:1", "+        image: blog:2")
        + section("networking.k8s.io.v1.NetworkPolicy.blog.default-deny", "@@ -1 +1 @@", "-  - Ingress", "+  - Egress")
        + section("batch.v1.Job.blog.migrate-1.0", "@@ -6 +6 @@", "-  generation: 1", "+  generation: 2")
    )  # fmt: skip
    assert list(preview.read(text)) == [
        "create service web",
        "web: blog:1 → blog:2",
        "change networkpolicy default-deny",
    ]


# --- One command in a pod ---------------------------------------------------------------------------------------------


def test_a_command_runs_in_a_pod_of_its_own(played: Played) -> None:
    """It has the new image and copies of variables and secrets; nothing of it is left, and what runs is untouched."""
    played.deploy(V1)
    before = played.objects
    played.situation(images={"2222": {"log": "System check identified no issues.\n", "code": 0}})
    done = kubernetes.manage(played.at(V2), ("check", "--deploy", "$(HOME)"))
    assert (done.code, done.stdout) == (0, "System check identified no issues.\n")
    assert played.objects == before
    [created] = [json.loads(call.stdin) for call in played.calls if "create" in call.argv]
    [container] = created["spec"]["containers"]
    assert container["args"] == ["python", "manage.py", "check", "--deploy", "$$(HOME)"]
    assert container["image"] == V2
    assert container["envFrom"][0]["configMapRef"]["name"] == created["metadata"]["name"]
    assert created["metadata"]["labels"]["app.kubernetes.io/component"] == "manage"


def test_what_a_killed_command_left_is_taken_away(played: Played) -> None:
    """A pod that has ended, and its copies of secrets, go with the next command; one that still runs is left alone."""
    played.deploy(V1)
    labels = {"app.kubernetes.io/component": "manage"}
    for name, phase in (("manage-1", "Succeeded"), ("manage-2", "Running")):
        left = {"metadata": {"name": name, "labels": labels}, "status": {"phase": phase}}
        played.kubectl.objects |= {f"pod/shop/{name}": left, f"secret/shop/{name}": left}
    kubernetes.manage(played.site, ("check",))
    assert [key for key in played.objects if "/manage-" in key] == ["pod/shop/manage-2", "secret/shop/manage-2"]


def test_an_exit_code_comes_through(played: Played) -> None:
    """A command that fails says so, with what it wrote."""
    played.situation(images={"1111": {"log": "SystemCheckError\n", "code": 1}})
    done = kubernetes.manage(played.site, ("check",))
    assert (done.code, done.stdout) == (1, "SystemCheckError\n")


def test_a_command_can_be_told_something(played: Played) -> None:
    """What a command reads comes on its standard input."""
    assert kubernetes.manage(played.site, ("shell",), stdin="print(1)").stdout == "read: print(1)"


def test_the_first_check_changes_nothing(played: Played) -> None:
    """Before the first deployment a command runs in a namespace of its own, which is gone afterwards."""
    kubernetes.manage(played.site, ("check",))
    assert played.objects == {}
    spaces = {word for call in played.calls for word in call.argv if word.startswith("--namespace=shop-manage-")}
    assert len(spaces) == 1


def test_a_pod_that_does_not_start_is_told(played: Played) -> None:
    """An image that cannot be pulled ends the wait at once, and the pod is taken away."""
    played.situation(images={"1111": {"how": "pull"}})
    with pytest.raises(Problem, match="nothing was changed") as caught:
        kubernetes.manage(played.site, ("check",))
    assert "registry" in caught.value.hint
    assert played.objects == {}


# --- The database -----------------------------------------------------------------------------------------------------


def test_a_database_needs_its_operator(played: Played) -> None:
    """Without CloudNativePG the database would never come: that is said, with where to get it."""
    played.situation(operator=False)
    for step in (lambda: kubernetes.preview(played.site), lambda: kubernetes.start_database(played.site, silent)):
        with pytest.raises(Problem, match="CloudNativePG is not installed") as caught:
            step()
    assert played.objects == {}
    assert "cloudnative-pg.io" in caught.value.hint


def test_a_database_that_does_not_come_is_told(played: Played) -> None:
    """The wait for the database has an end, and says how far the operator is."""
    played.situation(database=False)
    with pytest.raises(Problem, match="database did not become ready") as caught:
        kubernetes.start_database(played.site, silent)
    assert "Setting up primary" in caught.value.details


def test_a_database_belongs_to_who_has_its_password(played: Played) -> None:
    """A namespace with a database is told to who would make a new password for it; an empty one is not."""
    assert kubernetes.claimed(played.site) is None
    played.deploy(V1)
    found = kubernetes.claimed(played.site)
    assert found is not None
    assert "secrets/" in found.hint


def test_a_database_elsewhere_needs_no_operator(play: Callable[..., Played]) -> None:
    """A project whose database is elsewhere neither asks for the operator nor waits for a database."""
    played = play(releases.EXTERNAL)
    played.situation(operator=False, database=False)
    kubernetes.start_database(played.site, silent)
    assert not [key for key in played.objects if key.startswith("cluster/")]
    with pytest.raises(Problem, match="no database to dump"):
        kubernetes.dump(played.site, played.site.root / "x.dump")


def test_a_dump_is_whole_or_not_there(played: Played, tmp_path: Path) -> None:
    """pg_dump runs beside the primary; the file is for our eyes only, and there is none when it failed."""
    played.deploy(V1)
    place = tmp_path / "shop.dump"
    with pytest.raises(Problem, match="could not be dumped"):
        kubernetes.dump(played.site, place)
    assert not place.exists()
    played.situation(dump="PGDMP")
    kubernetes.dump(played.site, place)
    assert place.read_text() == "PGDMP"
    assert place.stat().st_mode & 0o777 == 0o600
    assert "db-1" in played.calls[-1].argv


# --- What is in the way -----------------------------------------------------------------------------------------------

FORBIDDEN = 'Error from server (Forbidden): deployments.apps is forbidden: User "ada" cannot create resource'
REFUSED = "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?"


def test_nothing_is_in_the_way(played: Played) -> None:
    """A cluster that answers is no problem."""
    assert kubernetes.missing(played.site.root) is None


@pytest.mark.parametrize(
    ("changes", "cause", "hint"),
    [
        ({"config": {}}, "knows no cluster", "use-context"),
        ({"version": "1.20.2"}, "too old", "kubernetes.io"),
        ({"refuses": {"get --raw": [REFUSED, 1]}}, f"{CONTEXT} (https://10.0.0.1:6443) does not answer", "use-context"),
        ({"refuses": {"get --raw": ["error: You must be logged in (Unauthorized)", 1]}}, "does not know you", "Log in"),
    ],
)
def test_what_is_in_the_way_is_told(played: Played, changes: dict[str, object], cause: str, hint: str) -> None:
    """No context, an old client, a cluster that is off, a login that has ended: each has its way out."""
    played.situation(**changes)
    problem = kubernetes.missing(played.site.root)
    assert problem is not None
    assert cause in problem.cause
    assert hint in problem.hint


def test_kubectl_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the client nothing can be asked: where to get it is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = kubernetes.missing(tmp_path)
    assert problem is not None
    assert "not installed" in problem.cause


def test_a_refusal_on_the_way_goes_back(played: Played) -> None:
    """Who may not change Deployments is told so, with the cluster and the namespace, and nothing is switched."""
    played.deploy(V1)
    played.situation(refuses={"apply --filename=-": [FORBIDDEN, 1]})
    with pytest.raises(Problem, match="namespace shop of production") as caught:
        played.deploy(V2)
    assert "auth can-i" in caught.value.hint
    assert played.image_of("web") == V1


def test_a_namespace_may_be_somebody_elses(played: Played) -> None:
    """Who may change all in a namespace and nothing outside deploys into it: the namespace is not asked about."""
    played.deploy(V1)
    said = 'Error from server (Forbidden): namespaces "shop" is forbidden: User "ada" cannot get resource'
    played.situation(refuses={"get namespace": [said, 1]})
    assert kubernetes.preview(played.at(V2))
    played.deploy(V2)
    assert played.image_of("web") == V2


def test_kinds_that_the_cluster_does_not_know(played: Played) -> None:
    """A Cluster that nobody knows means that the operator is missing, however that comes to light."""
    cluster = client.current("shop")
    done = Result(1, "", 'error: resource mapping not found: no matches for kind "Cluster" in version "…"')
    assert "CloudNativePG" in client.refusal(cluster, done, "apply").cause
    other = Result(1, "", 'no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2"')
    assert "HorizontalPodAutoscaler" in client.refusal(cluster, other, "apply").cause
    assert played.objects == {}


def test_an_image_needs_a_registry(played: Played) -> None:
    """An image that only this machine has is refused for a cluster elsewhere, before anything is done there."""
    with pytest.raises(Problem, match="names no registry") as caught:
        kubernetes.manage(played.at("shop:3f2a"), ("check",))
    assert "--push" in caught.value.hint
    assert played.objects == {}


def test_nothing_is_built_that_no_node_could_have(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment without --image asks for a registry first, and builds only for a cluster that finds the image."""

    def make(*_words: object) -> Built:
        raise Problem("It was built.", hint="Nothing")

    monkeypatch.setattr(build, "make", make)
    monkeypatch.chdir(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog"))
    options = deploy.Options("kubernetes", hosts=("blog.example.com",), yes=True)
    with pytest.raises(Problem, match="names no registry") as caught:
        deploy.deploy(options)
    assert "djdock build --tag registry.example.com/blog:latest --push" in caught.value.hint
    played.situation(
        config={"current-context": "kind-dev", "clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]}
    )
    client.chosen.cache_clear()
    with pytest.raises(Problem, match="It was built"):
        deploy.deploy(options)


@pytest.mark.parametrize("context", ["kind-dev", "minikube", "docker-desktop", "k3d-dev"])
def test_a_cluster_on_this_machine_takes_local_images(played: Played, context: str) -> None:
    """Clusters on the person's own machine run images that are in no registry, and keep their tag."""
    played.situation(
        config={"current-context": context, "clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]}
    )
    played.deploy("shop:3f2a")
    assert played.image_of("web") == "shop:3f2a"
    assert kubernetes.running(played.at("shop:3f2a")) == "shop:3f2a"
    assert "job/shop/migrate-3f2a" in played.objects


def test_an_image_that_was_not_loaded(played: Played) -> None:
    """For a cluster of kind the way out is the command that loads the image."""
    played.situation(
        config={"current-context": "kind-dev", "clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]},
        images={"3f2a": {"how": "pull"}},
    )
    with pytest.raises(Problem) as caught:
        kubernetes.manage(played.at("shop:3f2a"), ("check",))
    assert "kind load docker-image shop:3f2a --name dev" in caught.value.hint


def test_a_value_of_several_lines_is_refused(play: Callable[..., Played]) -> None:
    """A file of variables has one line for each: what cannot be written there is not cut, but told."""
    played = play(releases.WORKERS, {"ALLOWED_HOSTS": "a\nb"})
    with pytest.raises(Problem, match="more than one line"):
        kubernetes.preview(played.site)


def test_a_missing_secret_is_named(played: Played) -> None:
    """A secret without a file is told by name before pods wait for it."""
    (played.site.secrets / "SECRET_KEY").unlink()
    with pytest.raises(Problem, match="secrets/SECRET_KEY"):
        kubernetes.start_database(played.site, silent)


def test_a_broken_overlay_is_told(played: Played) -> None:
    """What kustomize says of an edit that it does not understand is shown."""
    file = played.site.root / texts.OVERLAY / "kustomization.yaml"
    file.write_text(file.read_text().replace("  - release", "  - relaese"))
    with pytest.raises(Problem, match="kustomize does not understand") as caught:
        kubernetes.preview(played.site)
    assert "relaese" in caught.value.details


def test_another_namespace_is_the_persons_to_choose(played: Played) -> None:
    """The namespace is the one that the overlay names."""
    file = played.site.root / texts.OVERLAY / "kustomization.yaml"
    file.write_text(file.read_text().replace("namespace: shop\n", "namespace: staging\n", 1))
    played.deploy(V1)
    assert "deployment/staging/web" in played.objects
    assert "namespace staging" in kubernetes.place(played.site)
