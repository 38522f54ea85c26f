"""One host with Compose: new versions under load, broken ones, the way back, and whatever is killed meanwhile."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from djdock.deploy import connections
from djdock.deploy.single_host import proxy
from djdock.deploy.targets import compose
from djdock.errors import Problem
from djdock.plan.production.release import CADDYFILE
from tests import tools
from tests.docker import single_host
from tests.docker.single_host import Load, Shop, quiet
from tests.tools import run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def shop(shelf: Path) -> Iterator[Shop]:
    """A site that serves its first version."""
    with single_host.shop(shelf) as made:
        made.deploy("1")
        made.derive("2")
        yield made


def inspected(shop: Shop, service: str) -> list[dict[str, Any]]:
    """What `docker inspect` says of the containers of a service."""
    ids = [one.id for one in shop.containers(service)]
    found: list[dict[str, Any]] = json.loads(run(["docker", "inspect", *ids], shop.root).ok().out)
    return found


def other(shop: Shop) -> str:
    """The version that does not run."""
    return "2" if compose.running(shop.site("1")) == shop.image("1") else "1"


def problem(shop: Shop, version: str, wait: float = 60.0) -> Problem:
    """What a deployment that fails says; the version before serves as before, and nothing of the new one is left."""
    before = [one.id for one in shop.containers("web")]
    with pytest.raises(Problem) as raised:
        compose.switch(shop.site(version, wait), quiet)
    assert [one.id for one in shop.containers("web")] == before
    return raised.value


def test_a_new_version_takes_over_without_a_failed_request(shop: Shop) -> None:
    """Forms are sent and pages asked for all the while; the new version serves in the end, and every row is there."""
    old = {one.id for name in ("web", "worker", "beat") for one in shop.containers(name)}
    with Load(shop) as load:
        shop.deploy("2")
        assert shop.version() == "2"
    print(f"{len(load.versions)} requests")
    assert load.failures == []
    assert load.versions[-1] == "2"
    assert load.lost() == set()
    new = [one for name in ("web", "worker", "beat") for one in shop.containers(name)]
    assert not old & {one.id for one in new}
    assert {one.image for one in new} == {shop.image("2")}
    assert len(shop.containers("beat")) == 1
    # For plain Compose nothing is missing and nothing too much.
    shop.docker_compose("up", "--detach", "--no-recreate", version="2").ok()
    assert [one for name in ("web", "worker", "beat") for one in shop.containers(name)] == new


def test_requests_under_way_are_finished(shop: Shop) -> None:
    """A page that takes longer than the whole turn from the old version to the new one is still delivered."""
    answers = []
    before = compose.running(shop.site("1"))
    asking = threading.Thread(target=lambda: answers.append(shop.get("/?wait=20")))
    asking.start()
    compose.switch(shop.site(other(shop)), quiet)
    asking.join()
    assert [status for status, _text in answers] == [200]
    assert f"{shop.release.name}:{answers[0][1].split()[0]}" == before


@pytest.mark.parametrize(
    ("lines", "wait", "said"),
    [
        (single_host.CRASHES, 60.0, "no such setting"),
        (single_host.NEVER_HEALTHY, 12.0, "did not become healthy within 12 seconds"),
        (single_host.NO_SUCH_FILE, 60.0, "No such file"),
    ],
    ids=["crashes", "never healthy", "no such file"],
)
def test_a_broken_version_leaves_the_old_one_serving(shop: Shop, lines: str, wait: float, said: str) -> None:
    """No request fails, none reaches the broken version, and the Problem shows what that had to say."""
    version = shop.derive(f"broken{abs(hash(lines)) % 1000}", lines)
    serving = shop.version()
    with Load(shop, clients=2) as load:
        found = problem(shop, version, wait)
    assert load.failures == []
    assert set(load.versions) == {serving}
    assert said in f"{found.cause}\n{found.details}"


def test_a_worker_that_does_not_start_stops_the_deployment(shop: Shop) -> None:
    """The site stays with the old version, and so do its workers, of which there are as many as before."""
    broken = (
        "USER 0\nRUN printf 'raise RuntimeError(\"no such queue\")\\n' > notes/tasks.py\n"
        "RUN sed -i '/tasks/d' notes/views.py && rm -r notes/__pycache__\nUSER 10001:10001\n"
    )
    version = shop.derive("noworker", broken)
    serving = compose.running(shop.site("1"))
    found = problem(shop, version)
    assert "no such queue" in found.details
    assert {one.image for name in ("worker", "beat") for one in shop.containers(name)} == {serving}
    assert shop.get()[0] == 200


def test_a_migration_that_fails_switches_nothing(shop: Shop) -> None:
    """What it had begun is taken back by the database, and the site goes on."""
    version = shop.derive("badmigration", single_host.BAD_MIGRATION)
    before = [one.id for one in shop.containers("web")]
    with pytest.raises(Problem, match="A migration failed") as raised:
        compose.migrate(shop.site(version), quiet)
    assert "nonsense" in raised.value.details
    assert [one.id for one in shop.containers("web")] == before
    assert shop.sql("select count(*) from information_schema.columns where column_name = 'more'") == "0"


def test_rollback_brings_the_version_before_back(shop: Shop) -> None:
    """Without a failed request, too, and it says what it did."""
    version = other(shop)
    with Load(shop, clients=2) as load:
        said = compose.rollback(shop.site(version), quiet)
    assert load.failures == []
    assert shop.version() == version
    assert shop.image(version) in said


def test_scaling_survives_a_deployment(shop: Shop) -> None:
    """Three containers stay three, and two workers two, when a person has made them so, until the env file says one."""
    now = compose.running(shop.site("1"))
    assert now is not None
    version = now.rpartition(":")[2]
    scale = ["up", "--detach", "--no-recreate", "--no-deps"]
    with Load(shop, clients=2) as load:
        shop.docker_compose(*scale, "--scale", "web=3", "--scale", "worker=2", "web", "worker", version=version).ok()
        tools.eventually(lambda: sum(one.healthy for one in shop.containers("web")) == 3, 60)
        compose.switch(shop.site(other(shop)), quiet)
        assert (len(shop.containers("web")), len(shop.containers("worker"))) == (3, 2)
        assert len(shop.containers("beat")) == 1
        # Said in the env file, another number comes with the next deployment.
        fewer = replace(shop.site(other(shop)), values={**shop.values, "WEB_REPLICAS": "1"})
        compose.switch(fewer, quiet)
        version = str(compose.running(shop.site("1"))).rpartition(":")[2]
        shop.docker_compose(*scale, "--scale", "worker=1", "worker", version=version).ok()
    assert load.failures == []
    assert len(shop.containers("web")) == 1


@pytest.mark.parametrize("stage", ["starting the new version", "turning to the new version", "letting the old"])
def test_a_deployment_that_is_killed_is_put_right_by_the_next_one(shop: Shop, stage: str) -> None:
    """Requests are answered all the while: by the old version, or by the new one where that was ready."""
    version = other(shop)
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "import json, os, signal\nfrom djdock.deploy.targets import compose\nfrom tests.docker import single_host\n"
        "from tests.docker.test_deploy_compose import handed\n"
        "def end(line):\n    if line.startswith(sys.argv[3]):\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "compose.switch(handed(sys.argv[2], sys.argv[4]), end)\n"
    )
    handed_on = json.dumps({"root": str(shop.root), "name": shop.release.name, "values": dict(shop.values)})
    with Load(shop, clients=2) as load:
        argv = [sys.executable, "-c", script, str(Path(__file__).parents[2]), handed_on, stage, version]
        killed = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=shop.root)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        compose.switch(shop.site(version), quiet)
    assert load.failures == []
    assert shop.version() == version
    assert len(shop.containers("web")) == 1
    assert not (shop.root / ".djdock/rollout.json").exists()


def handed(told: str, version: str) -> Any:
    """The site again, in another process."""
    found = json.loads(told)
    release = single_host.release(found["name"], Path(found["root"]))
    return Shop(Path(found["root"]), release, found["values"]).site(version)


def test_an_interruption_leaves_the_old_version_alone(shop: Shop) -> None:
    """Ctrl-C in the middle takes the new containers away again."""
    before = [one.id for one in shop.containers("web")]

    def interrupt(line: str) -> None:
        if line.startswith("waiting for web"):
            raise KeyboardInterrupt

    with Load(shop, clients=2) as load, pytest.raises(KeyboardInterrupt):
        compose.switch(shop.site(other(shop)), interrupt)
    assert load.failures == []
    assert [one.id for one in shop.containers("web")] == before


def test_an_interruption_at_the_turn_loses_no_request(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to the new containers for a moment; they get back to the old ones before the new ones end."""
    before = [one.id for one in shop.containers("web")]
    turn = proxy.turn

    def turn_and_interrupt(*arguments: Any) -> None:
        turn(*arguments)
        time.sleep(1)
        raise KeyboardInterrupt

    # In the moment between the proxy's turn and the next line, which no Ctrl-C of a test would hit.
    monkeypatch.setattr(proxy, "turn", turn_and_interrupt)
    with Load(shop, clients=2) as load, pytest.raises(KeyboardInterrupt):
        compose.switch(shop.site(other(shop)), quiet)
    assert load.failures == []
    assert len(set(load.versions)) == 2
    assert [one.id for one in shop.containers("web")] == before


@pytest.mark.parametrize("service", ["web", "proxy", "worker", "db"])
def test_what_is_killed_comes_back(shop: Shop, service: str) -> None:
    """Docker starts it again, the site answers, and no row that was answered for is lost."""
    [before] = [one.id for one in shop.containers(service)]
    with Load(shop, clients=2) as load:
        # Not `docker kill`, which counts as the person's own wish that it ends.
        pid = inspected(shop, service)[0]["State"]["Pid"]
        run(["kill", "-9", str(pid)], shop.root).ok()
        tools.eventually(lambda: [one.restarts for one in shop.containers(service)] == [1], 30)
        tools.eventually(lambda: shop.get()[0] == 200, 40)
        tools.eventually(lambda: all(one.healthy for one in shop.containers(service)), 60)
        tools.eventually(lambda: len(load.versions) > 5, 20)
    assert [one.id for one in shop.containers(service)] == [before]
    assert load.lost() == set()
    if service == "worker":
        shop.get("/?task=after")
        tools.eventually(lambda: shop.sql("select count(*) from notes_note where text = 'after'") != "0", 30)


def test_tasks_start_at_their_times_once(shop: Shop) -> None:
    """There is one scheduler: a task of each second runs once a second at most."""
    shop.sql("delete from notes_note where kind = 'tick'")
    began = time.monotonic()
    tools.eventually(lambda: int(shop.sql("select count(*) from notes_note where kind = 'tick'")) >= 3, 30)
    assert int(shop.sql("select count(*) from notes_note where kind = 'tick'")) <= time.monotonic() - began + 2


def test_containers_can_do_little(shop: Shop) -> None:
    """No capability, nothing to write to but memory and uploads, limits, rotated logs; no secret in any variable."""
    for service in ("web", "worker", "beat", "proxy", "db", "redis"):
        for entry in inspected(shop, service):
            host = entry["HostConfig"]
            assert host["ReadonlyRootfs"], service
            assert host["CapDrop"] == ["ALL"], service
            assert host["SecurityOpt"] == ["no-new-privileges:true"], service
            assert host["Memory"], service
            assert host["PidsLimit"], service
            assert host["LogConfig"]["Config"] == {"max-file": "5", "max-size": "10m"}, service
            assert "of-a-test" not in str(entry["Config"]["Env"]), service
            assert "k" * 50 not in str(entry["Config"]), service
    [web] = shop.containers("web")
    for path, code in (("/app/x", 1), ("/opt/venv/x", 1), ("/tmp/x", 0), ("/app/media/x", 0)):  # noqa: S108 - in a container
        assert min(run(["docker", "exec", web.id, "touch", path], shop.root).code, 1) == code, path
    assert run(["docker", "exec", web.id, "id", "-u"], shop.root).out.strip() == "10001"


def test_uploads_are_served_and_not_by_django(shop: Shop) -> None:
    """What the site writes is read through the proxy, which cannot change it; no script runs, no list is shown."""
    [web] = shop.containers("web")
    write = (
        "from django.core.files.storage import default_storage as s; from django.core.files.base import ContentFile; "
    )
    write += "print(s.url(s.save('2026/page.html', ContentFile(b'<b>uploaded</b>'))))"
    manage = [
        "docker",
        "exec",
        web.id,
        "python",
        "container/entrypoint.py",
        "python",
        "manage.py",
        "shell",
        "-c",
        write,
    ]
    address = run(manage, shop.root).ok().out.split()[-1]
    assert address == "/media/2026/page.html"
    assert shop.get(address) == (200, "<b>uploaded</b>")
    with urllib.request.urlopen(f"http://127.0.0.1:{shop.values['WEB_PORT']}{address}") as answer:
        assert answer.headers["Content-Security-Policy"] == "script-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/media/", "/media/2026/", "/media/../manage.py", "/media/%2e%2e/manage.py", "/media/none"):
        assert shop.get(path)[0] in {400, 404}, path
    [proxy] = shop.containers("proxy")
    assert run(["docker", "exec", proxy.id, "touch", "/srv/media/x"], shop.root).code


def test_the_database_is_out_of_reach(shop: Shop) -> None:
    """No port of it is published, its network has no way out, and neither it nor Redis shares one with the proxy."""
    for service in ("db", "redis"):
        [entry] = inspected(shop, service)
        assert not any(entry["NetworkSettings"]["Ports"].values())
        assert list(entry["NetworkSettings"]["Networks"]) == [f"{shop.release.name}_back"]
    back = json.loads(run(["docker", "network", "inspect", f"{shop.release.name}_back"], shop.root).ok().out)
    assert back[0]["Internal"]
    [proxy] = inspected(shop, "proxy")
    assert f"{shop.release.name}_back" not in proxy["NetworkSettings"]["Networks"]
    # Mail and APIs: workers have a way out.
    [worker] = shop.containers("worker")
    assert "\t00000000\t" in run(["docker", "exec", worker.id, "cat", "/proc/net/route"], shop.root).ok().out


def test_health_is_not_for_the_public(shop: Shop) -> None:
    """Docker asks for it inside; through the proxy there is no such page, however it is written."""
    for path in ("/livez", "/readyz", "//readyz", "/%72eadyz", "/READYZ"):
        assert shop.get(path)[0] == 404, path
    assert all(one.health == "healthy" for one in shop.containers("web"))


def test_too_large_a_request_is_refused(shop: Shop) -> None:
    """One that is larger than the file allows is cut off on its way, whoever of proxy and site says so first."""
    before = shop.get()[1].split()[1]
    (shop.root / CADDYFILE).write_text((shop.root / CADDYFILE).read_text().replace("100MB", "1MB"))
    compose.switch(shop.site(other(shop)), quiet)  # takes the changed file along
    with socket.create_connection(("127.0.0.1", int(shop.values["WEB_PORT"]))) as client:
        head = "POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode() + b"x" * 2_000_000)
        assert client.recv(12).split()[1] in {b"400", b"413", b"502"}
    assert shop.get()[1].split()[1] == before


def test_files_that_are_wrong_change_nothing(shop: Shop) -> None:
    """A Caddyfile that Caddy does not take, and a variable that is missing: each is a Problem that names the file."""
    path = shop.root / CADDYFILE
    text = path.read_text()
    path.write_text(text.replace("reverse_proxy", "reverse_poxy", 1))
    assert CADDYFILE in problem(shop, other(shop)).cause
    path.write_text(text)
    site = shop.site("1")
    object.__setattr__(site, "values", {"WEB_PORT": "1"})
    (shop.root / ".env.production").rename(shop.root / "elsewhere")
    with pytest.raises(Problem) as raised:
        compose.place(site)
    (shop.root / "elsewhere").rename(shop.root / ".env.production")
    assert "ALLOWED_HOSTS" in raised.value.details


def test_an_image_that_is_nowhere(shop: Shop) -> None:
    """It says how to come by one."""
    found = problem(shop, "nowhere")
    assert "nowhere" in found.cause
    assert "djdock build" in found.hint


def test_a_dump_holds_the_rows(shop: Shop, tmp_path: Path) -> None:
    """It is PostgreSQL's own format, for our eyes only, and has what was written."""
    place = tmp_path / "dumps/shop.dump"
    compose.dump(shop.site("1"), place)
    assert place.read_bytes().startswith(b"PGDMP")
    assert place.stat().st_mode & 0o077 == 0
    assert list(place.parent.iterdir()) == [place]


def test_how_connections_are_kept_is_seen(shop: Shop) -> None:
    """The image itself says it, whoever wrote DATABASES: here dj_database_url, well for threads and wrong for ASGI."""
    assert connections.look(compose, shop.site("1"), asynchronous=False) == ""
    assert "CONN_MAX_AGE be 0" in connections.look(compose, shop.site("1"), asynchronous=True)


def test_management_commands_run_beside_the_site(shop: Shop) -> None:
    """With production's variables, a script on standard input, and an exit code; nothing of it is left."""
    site = shop.site("1")
    done = compose.manage(
        site,
        ("shell", "--verbosity", "0", "-c", "import os, sys; print(len(os.environ['SECRET_KEY']), sys.stdin.read())"),
        "in",
    )
    assert done.ok, done.text
    assert done.stdout.split() == ["50", "in"]
    assert compose.manage(site, ("no_such_command",)).code == 1
    assert not run(["docker", "ps", "-aq", "--filter", f"name={shop.release.name}-migrate-run"], shop.root).out
