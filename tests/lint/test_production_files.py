"""dclint finds nothing in compose.production.yaml, and Docker Compose and Caddy take the files as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from djdock.plan.production import caddy, compose
from djdock.plan.production.release import CADDYFILE, COMPOSE_FILE, ENV_FILE, Release
from tests import caddy_image, tools
from tests.unit.test_production_compose import FULL, SHOWN, SMALL

DCLINT = "dclint@3.1.0"
FAULTY = "services:\n  web:\n    image: site\n    ports:\n      - 80:80\n"
RELEASES = {"full": FULL, "shown": SHOWN, "small": SMALL}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a large and of a small site, and one file with faults."""
    place = tmp_path_factory.mktemp("production")
    for name, release in RELEASES.items():
        _write(place / name, release)
    (place / "faulty").mkdir()
    (place / "faulty" / COMPOSE_FILE).write_text(FAULTY)
    return place


def _write(folder: Path, release: Release) -> None:
    folder.mkdir()
    (folder / COMPOSE_FILE).write_text(compose.text(release))
    (folder / CADDYFILE).write_text(caddy.text(release))
    (folder / ENV_FILE).write_text("IMAGE=shop:1\nALLOWED_HOSTS=shop.example.com\n")


@pytest.mark.skipif(not shutil.which("npx"), reason="there is no npm to install dclint with")
def test_dclint_finds_nothing(folder: Path) -> None:
    """No rule of it is broken, and none is switched off; in the faulty file it finds some."""
    npx = ["npx", "--yes", DCLINT]
    files = [f"{name}/{COMPOSE_FILE}" for name in RELEASES]
    done = tools.run([*npx, *files], folder, timeout=120).ok()
    assert "warning" not in done.out
    assert tools.run([*npx, f"faulty/{COMPOSE_FILE}"], folder, timeout=120).code != 0
    assert not any("dclint" in (folder / path).read_text() for path in files)


@pytest.mark.docker
@pytest.mark.parametrize("name", RELEASES)
def test_docker_compose_takes_the_file(folder: Path, name: str) -> None:
    """Without a word about keys that it does not know; without the image it names what is missing."""
    argv = ["docker", "compose", "--file", COMPOSE_FILE, "config", "--quiet"]
    done = tools.run([*argv[:2], "--env-file", ENV_FILE, *argv[2:]], folder / name).ok()
    assert done.all == ""
    missing = tools.run(argv, folder / name)
    assert missing.code != 0
    assert "in .env.production" in missing.err


@pytest.mark.docker
@pytest.mark.parametrize("name", RELEASES)
def test_caddy_takes_the_file(folder: Path, name: str) -> None:
    """And would not write a line of it in another way."""
    image = caddy_image.ensure()
    run = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--volume",
        f"{folder / name / CADDYFILE}:/Caddyfile:ro",
        image,
    ]
    tools.run([*run, "caddy", "validate", "--config", "/Caddyfile", "--adapter", "caddyfile"], folder).ok()
    assert tools.run([*run, "caddy", "fmt", "/Caddyfile"], folder).out == (folder / name / CADDYFILE).read_text()
