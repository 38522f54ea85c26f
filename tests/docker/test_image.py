"""What is in the images: no secret in any layer, nothing but what runs, and dependencies before source."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker import compose
from tests.tools import Done, Project, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "DATABASE_URL")


def tag(project: Project) -> str:
    """What the tests call a project's production image."""
    return f"{compose.name(project.root)}-production"


def build(project: Project) -> Done:
    """Builds the production image, and says each step's line."""
    return run(["docker", "build", "--progress", "plain", "--tag", tag(project), "."], project.root).ok()


@pytest.fixture(scope="module")
def production(site: Project) -> Iterator[str]:
    """The production image, from a folder that holds all that must not get into it."""
    litter = {
        site.root / ".git/config": "[remote]\n",
        site.root / ".venv/bin/python": "not this one\n",
        site.root / "db.sqlite3": "rows\n",
        site.root / "media/upload.txt": "somebody's\n",
        site.root / ".env.production": f"SECRET_KEY={site.env()['SECRET_KEY']}\n",
        site.root / "secrets/SECRET_KEY": site.env()["SECRET_KEY"],
        site.root / "accounts/tls.key": site.env()["POSTGRES_PASSWORD"],
        site.root / "accounts/id_ed25519": site.env()["POSTGRES_PASSWORD"],
    }
    for path, text in litter.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    build(site)
    yield tag(site)
    run(["docker", "image", "rm", "--force", tag(site)], site.root)


@pytest.fixture(params=["development", "production"])
def image(request: pytest.FixtureRequest, site: Project, production: str) -> str:
    """Either of the two images that a Dockerfile makes."""
    return production if request.param == "production" else f"{compose.name(site.root)}-web"


def layers(image: str, folder: Path) -> list[bytes]:
    """Every layer of an image, as it would be pushed, and its configuration."""
    saved = subprocess.run(["docker", "save", image], cwd=folder, capture_output=True, check=True, timeout=120).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        parts = {entry.name: archive.extractfile(entry) for entry in archive if entry.isfile()}
        texts = {name: part.read() for name, part in parts.items() if part}
    [manifest] = json.loads(texts["manifest.json"])
    return [texts[manifest["Config"]], *(texts[name] for name in manifest["Layers"])]


def names(layer: bytes) -> set[str]:
    """The paths of a layer."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return set(archive.getnames())


def test_no_secret_in_any_layer(site: Project, image: str) -> None:
    """Whoever gets the image gets no secret of .env: not from a file, a variable, or the history of its making."""
    configuration, *contents = layers(image, site.root)
    values = [site.env()[name].encode() for name in SECRETS]
    history = run(["docker", "history", "--no-trunc", image], site.root).ok().out.encode()
    for value in values:
        assert value not in configuration + history
        assert not any(value in layer for layer in contents)
    kept_out = (".env", ".git", ".venv", ".djdock", "media", "db.sqlite3", ".env.production", "secrets")
    paths = set().union(*map(names, contents))
    assert "opt/venv/bin/python" in paths, "else nothing was looked at"
    assert not [path for path in paths if path.startswith("app/") and path.split("/")[1] in kept_out]


def test_what_the_production_image_lacks(site: Project, production: str) -> None:
    """No installer and no compiler, which would only serve an intruder, and nothing below /app that can be changed."""
    look = (
        "for program in uv gcc cc make git; do ! command -v $program || exit 1; done; "
        "id -u; find /app -writable | wc -l; ls -A /app"
    )
    uid, writable, *files = run(["docker", "run", "--rm", production, "sh", "-c", look], site.root).ok().out.split()
    assert (uid, writable) == ("10001", "0")
    bytecode = "__pycache__"
    source = {"accounts", "container", "django_project", "manage.py", "requirements.txt"}
    assert set(files) == {*source, "staticfiles", bytecode}
    paths = set().union(*map(names, layers(production, site.root)[1:]))
    assert "app/container/__pycache__/health.cpython-313.pyc" in paths
    useless = re.compile(r"(?:^|/)(?:\.cache|uvx?|pip\.conf|.*\.po|\.git|image)$|(?:^|/)bin/(?:gcc|cc|make)$")
    assert not [path for path in paths if useless.search(path)]
    user = run(["docker", "image", "inspect", "--format", "{{.Config.User}}", production], site.root).ok().out
    assert user == "10001:10001\n", "a cluster that wants no root looks at the number"


def test_an_edit_of_source_installs_nothing_again(site: Project, production: str) -> None:
    """Dependencies come before source: after an edit the steps that install them are taken from the cache."""
    first = run(["docker", "image", "inspect", "--format", "{{.Id}}", production], site.root).ok().out.strip()
    urls = site.root / "django_project/urls.py"
    text = urls.read_text()
    urls.write_text(f"{text}\n# edited at {time.time()}\n")
    try:
        said = build(site).all
    finally:
        urls.write_text(text)
        # The same source is the same image: other tests may have given it a name of theirs.
        if run(["docker", "image", "inspect", "--format", "{{json .RepoTags}}", first], site.root).out.strip() == "[]":
            run(["docker", "image", "rm", first], site.root)
    steps: dict[str, str] = {}
    for line in said.splitlines():
        number, _, rest = line.partition(" ")
        steps[number] = f"{steps.get(number, '')}\n{rest}"
    installing = [step for step in steps.values() if "uv " in step and "RUN" in step]
    copying = [step for step in steps.values() if "COPY . ." in step]
    assert installing
    assert all("CACHED" in step for step in installing), said
    assert copying
    assert not any("CACHED" in step for step in copying), "else the edit was not seen at all"


def test_translations_without_their_sources(site: Project, image: str) -> None:
    """Django still speaks other languages, and their sources, which nothing reads when it runs, take no room."""
    look = "find /opt/venv -name '*.po' | wc -l; find /opt/venv -path '*/locale/de/*' -name '*.mo' | wc -l"
    sources, german = run(["docker", "run", "--rm", image, "sh", "-c", look], site.root).ok().out.split()
    assert sources == "0"
    assert int(german) > 0
    ask = (
        "from django.conf import settings; settings.configure(); import django; django.setup(); "
        "from django.utils import translation; translation.activate('de'); print(translation.gettext('Yes'))"
    )
    assert run(["docker", "run", "--rm", image, "python", "-c", ask], site.root).ok().out == "Ja\n"


def test_size_above_the_base_image(site: Project, image: str) -> None:
    """What a project adds to its base is its environment: no cache, no compiler, no second copy of anything."""
    wanted = (site.root / "Dockerfile").read_text().split("FROM python:")[1].split()[0]
    sizes = [
        int(run(["docker", "image", "inspect", "--format", "{{.Size}}", name], site.root).ok().out)
        for name in (image, f"python:{wanted}")
    ]
    above = (sizes[0] - sizes[1]) / 1e6
    print(f"{image}: {above:.1f} MB above python:{wanted}")
    assert 10 < above < 80
