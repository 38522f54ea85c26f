"""compose.production.yaml and Caddyfile.production: what is in them, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from djdock.plan.change import is_marked
from djdock.plan.compose import Worker
from djdock.plan.production import caddy, compose
from djdock.plan.production.release import Postgres, Release, Setting

SETTINGS = (
    Setting("SECRET_KEY", "secret"),
    Setting("ALLOWED_HOSTS", "given"),
    Setting("REDIS_URL", "fixed", "redis://redis:6379/0?$x"),
)
WORKERS = (Worker("worker", ("celery", "-A", "shop", "worker")), Worker("beat", ("celery", "-A", "shop", "beat")))
HOSTS = ("shop.example.com", "www.example.com")
FULL = Release("shop", SETTINGS, WORKERS, Postgres("shop", "o'hara", 18), redis=True, hosts=HOSTS, media="/app/media")
SHOWN = replace(FULL, media_address="/files/")
SMALL = Release("shop", SETTINGS[:2])


def read(release: Release) -> dict[str, Any]:
    """The compose file, as YAML."""
    found: dict[str, Any] = yaml.safe_load(compose.text(release))
    return found


def test_all_that_a_release_names_is_there() -> None:
    """Services, volumes and secrets of a site with workers, a database, Redis, uploads and names."""
    found = read(FULL)
    assert set(found["services"]) == {"web", "worker", "beat", "migrate", "db", "redis", "proxy"}
    assert set(found["volumes"]) == {"certificates", "db", "media", "redis"}
    assert set(found["secrets"]) == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    web = found["services"]["web"]
    assert web["environment"] == {
        "FORWARDED_ALLOW_IPS": "*",
        "SECRET_KEY_FILE": "/run/secrets/SECRET_KEY",
        "ALLOWED_HOSTS": "${ALLOWED_HOSTS?is missing in .env.production}",
        "REDIS_URL": "redis://redis:6379/0?$$x",
    }
    assert web["volumes"] == ["media:/app/media"]
    assert found["services"]["db"]["environment"]["POSTGRES_USER"] == "o'hara"


def test_what_a_release_does_not_need_is_not_there() -> None:
    """With a database elsewhere there is none here, no network without a way out, and nothing waits for it."""
    found = read(SMALL)
    assert set(found["services"]) == {"web", "migrate", "proxy"}
    assert set(found["networks"]) == {"front", "rollout"}
    assert "volumes" not in found
    assert set(found["secrets"]) == {"SECRET_KEY"}
    assert found["services"]["web"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert "depends_on" not in found["services"]["migrate"]


def test_migrations_come_before_whatever_runs_the_code() -> None:
    """A plain `docker compose up` starts neither site nor workers on tables that are not there."""
    services = read(FULL)["services"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["restart"] == "no"


@pytest.mark.parametrize("release", [FULL, SMALL], ids=["full", "small"])
def test_every_container_is_confined(release: Release) -> None:
    """None keeps a capability that it does not need, none can write to its own files, each has limits."""
    added = {"db": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}, "redis": {"CHOWN", "SETGID", "SETUID"}}
    added["proxy"] = {"NET_BIND_SERVICE"}
    for name, service in read(release)["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert set(service.get("cap_add", ())) == added.get(name, set()), name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"], name


@pytest.mark.parametrize("release", [FULL, SMALL], ids=["full", "small"])
def test_only_the_proxy_is_reached_from_outside(release: Release) -> None:
    """No other service publishes a port; without names of its own the site answers this machine alone."""
    services = read(release)["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    addresses = {port["host_ip"] for port in services["proxy"]["ports"]}
    assert addresses == ({"${LISTEN:-}"} if release.hosts else {"127.0.0.1"})
    for name in ("db", "redis"):
        assert services.get(name, {"networks": ["back"]})["networks"] == ["back"]


def test_the_proxy_answers_to_the_names_and_to_no_others() -> None:
    """With names there is TLS, and nobody's word is taken for where a request came from; without, the host's is."""
    assert "\nshop.example.com, www.example.com {\n" in caddy.text(FULL)
    assert "trusted_proxies" not in caddy.text(FULL)
    assert "\n:80 {\n" in caddy.text(SMALL)
    assert "trusted_proxies private_ranges" in caddy.text(SMALL)


def test_uploads_are_shown_where_the_settings_say_where() -> None:
    """The proxy reads the volume, and nobody else's, where MEDIA_URL is a path of the site; else a comment says how."""
    block = "\t\thandle_path /files/* {\n\t\t\troot * /srv/media\n"
    assert read(SHOWN)["services"]["proxy"]["volumes"][-1] == "media:/srv/media:ro"
    assert block in caddy.text(SHOWN)
    for release in (FULL, SMALL, replace(SMALL, media_address="/files/")):
        assert not [one for one in read(release)["services"]["proxy"]["volumes"] if one.startswith("media")]
        assert "\thandle_path" not in caddy.text(release)
    assert "# handle_path /media/* {" in caddy.text(FULL)
    assert "/srv/media" not in caddy.text(SMALL)
    # On Swarm the volume and the proxy may be on two nodes.
    assert "# handle_path /files/* {" in caddy.for_swarm(SHOWN)
    assert "\thandle_path" not in caddy.for_swarm(SHOWN)


@pytest.mark.parametrize(
    "release", [FULL, SHOWN, SMALL, replace(SMALL, redis=True)], ids=["full", "shown", "small", "redis"]
)
def test_files_are_whole(release: Release) -> None:
    """Both say that they are the person's to edit, end with one line end, and have no line with spaces at its end."""
    for text in (compose.text(release), caddy.text(release)):
        assert is_marked(text)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert not [line for line in text.splitlines() if line != line.rstrip()]
        assert "\n\n\n" not in text
