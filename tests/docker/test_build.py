"""`djdock build`: what it says, the names that it gives, and what it says when something is in the way."""

from __future__ import annotations

import json
import platform
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock.project.docker_files import FIRST_LINE
from tests import projects, tools
from tests.docker import compose
from tests.registry import PRIVATE, registry
from tests.tools import Project, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def project(original: Project, shelf: Path) -> Iterator[Project]:
    """A project under version control, whose image is built already: each build takes the cache."""
    made = compose.clone(original, shelf / "build")
    # Images are called after the database: this one's are nobody else's.
    compose_file = made.root / "compose.yaml"
    compose_file.write_text(compose_file.read_text().replace('"blog"', f'"{compose.image_name(shelf)}"'))
    projects.commit(made.root)
    tag = f"{compose.image_name(made.root.parent)}:build"
    made.djdock("build", "--tag", tag).ok()
    yield made
    run(["docker", "image", "rm", "--force", tag], made.root)
    shutil.rmtree(made.root)


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project with a Dockerfile of nearly nothing: registries take their time with what Python weighs."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "manage.py").write_text("import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n")
    (tmp_path / "shop/settings.py").write_text("SECRET_KEY = 'x'\n")
    (tmp_path / "Dockerfile").write_text(f"{FIRST_LINE}\nFROM scratch AS production\nCOPY manage.py /\n")
    return Project(tmp_path)


def forget(root: Path, *names: str) -> None:
    """Takes names of images away; an image that has no other goes too."""
    run(["docker", "image", "rm", *names], root)


def label(image: str, name: str, root: Path) -> str:
    """A label of an image, of the standard ones."""
    template = f'{{{{index .Config.Labels "org.opencontainers.image.{name}"}}}}'
    return run(["docker", "image", "inspect", "--format", template, image], root).ok().out.strip()


def test_it_says_what_came_of_it(project: Project) -> None:
    """Size and layers above the base, the time, what was there already; two names, one from what is in the image."""
    own = compose.image_name(project.root.parent)
    done = project.djdock("build").ok()
    found = re.search(
        rf"create  ({own}:([0-9a-f]{{12}}))  "
        r"\((\d+\.\d) MB in 2 layers above (python:\S+); [\d.]+ s, (\d+) of (\d+) steps as before\)",
        done.out,
    )
    assert found, done.all
    name, id_, size, base, cached, steps = found.groups()
    try:
        assert (
            run(["docker", "image", "inspect", "--format", "{{.Id}}", f"{own}:latest"], project.root)
            .ok()
            .out.startswith(f"sha256:{id_}")
        )
        assert cached == steps
        sizes = [
            int(run(["docker", "image", "inspect", "--format", "{{.Size}}", one], project.root).ok().out)
            for one in (name, base)
        ]
        assert float(size) == pytest.approx((sizes[0] - sizes[1]) / 1e6, abs=0.1)
        assert done.err == ""
    finally:
        forget(project.root, name, f"{own}:latest")


def test_it_says_where_the_source_comes_from(project: Project) -> None:
    """The commit and its date, which are the same for everybody; that something was not committed shows, too."""
    head = run(["git", "log", "-1", "--format=%H %cI"], project.root).ok().out.split()
    tag = f"{compose.image_name(project.root.parent)}:label"
    try:
        project.djdock("build", "--tag", tag).ok()
        assert [label(tag, name, project.root) for name in ("revision", "created")] == head
        assert label(tag, "version", project.root) == head[0][:7]
        (project.root / "manage.py").open("a").write("# edited\n")
        project.djdock("build", "--tag", tag).ok()
        assert label(tag, "version", project.root) == f"{head[0][:7]}-dirty"
    finally:
        run(["git", "checkout", "--quiet", "manage.py"], project.root).ok()
        forget(project.root, tag)


def test_it_pushes(small: Project) -> None:
    """Under each name, with every layer; what this builder cannot add is said."""
    with registry() as kept:
        names = [f"{kept.address}/shop/blog:{tag}" for tag in ("1.0", "stable")]
        try:
            done = small.djdock("build", "--push", *[word for name in names for word in ("--tag", name)]).ok()
        finally:
            forget(small.root, *names)
    assert set(kept.manifests) == {"shop/blog:1.0", "shop/blog:stable"}
    manifest = json.loads(kept.manifests["shop/blog:1.0"])
    assert {layer["digest"] for layer in (*manifest["layers"], manifest["config"])} <= kept.blobs
    for name in names:
        assert f"copy  {name}" in done.out
    attests = "docker-container" in run(["docker", "buildx", "inspect"], small.root).out
    assert ("Without SBOM and provenance" in done.err) is not attests


def test_a_registry_that_refuses_or_is_not_there(small: Project) -> None:
    """Both are told apart, with what helps: `docker login`, or a look at the name."""
    with registry() as kept:
        refused, absent = f"{kept.address}/{PRIVATE}/blog:1", f"127.0.0.1:{tools.free_port()}/blog:1"
        try:
            done = small.djdock("build", "--push", "--tag", refused)
            assert f"The registry {kept.address} does not let you push {refused}." in " ".join(done.problem().split())
            assert f"docker login {kept.address}" in done.err
            done = small.djdock("build", "--push", "--tag", absent)
            assert "does not answer" in done.problem()
        finally:
            forget(small.root, refused, absent)
        assert kept.manifests == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--push",), "does not say where to push it"),
        (("--tag", "Blog With Spaces"), "is no name of an image"),
        (("--platform", "windows"), "is no platform"),
        (("--build-arg", "SECRET_KEY=abc"), "SECRET_KEY would stay readable in the image"),
    ],
)
def test_what_it_is_not_asked_for(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """It ends before anything is built, and repeats no value that may be a secret."""
    done = project.djdock("build", *arguments)
    assert said in " ".join(done.problem().split())
    assert "abc" not in done.all


def test_a_step_that_fails(project: Project) -> None:
    """Its command and what it said are shown; the image that was there keeps its name."""
    dockerfile = project.root / "Dockerfile"
    before = dockerfile.read_text()
    dockerfile.write_text(before.replace("COPY . .\n", "COPY . .\nRUN echo no such luck && false\n"))
    try:
        done = project.djdock("build", "--tag", f"{compose.image_name(project.root.parent)}:build")
    finally:
        dockerfile.write_text(before)
    assert "a step of the Dockerfile failed" in done.problem()
    assert "RUN echo no such luck && false" in done.err
    assert (
        run(["docker", "image", "inspect", f"{compose.image_name(project.root.parent)}:build"], project.root).code == 0
    )


# A program for ARM processors, as small as they come: it ends at once.
FOREIGN = (
    b"\x7fELF\x02\x01\x01"
    + bytes(9)
    + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 132, 132, 0x1000)
    + struct.pack("<III", 0xD2800BA8, 0xD2800000, 0xD4000001)
)


@pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"} or Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists(),
    reason="this machine can run programs for ARM",
)
def test_an_image_for_another_processor(small: Project) -> None:
    """Without an emulation, a step of the Dockerfile cannot run: what is told is the processor, not the step."""
    (small.root / "foreign").write_bytes(FOREIGN)
    (small.root / "foreign").chmod(0o755)
    (small.root / "Dockerfile").write_text(
        f"{FIRST_LINE}\nFROM scratch AS production\nCOPY foreign /bin/sh\nRUN true\n"
    )
    done = small.djdock("build", "--platform", "linux/arm64")
    assert "cannot run programs for the processor that the image is for" in " ".join(done.problem().split())
    assert "exec format error" in done.err
    assert "multi-platform/#qemu" in done.err


def test_a_secret_in_the_dockerfile(project: Project) -> None:
    """What ENV or ARG hold is readable by all who get the image: it is not even built."""
    dockerfile = project.root / "Dockerfile"
    before = dockerfile.read_text()
    dockerfile.write_text(before.replace("USER 10001:10001\n", 'ENV STRIPE_SECRET_KEY="sk_live_1"\nUSER 10001:10001\n'))
    try:
        done = project.djdock("build")
    finally:
        dockerfile.write_text(before)
    assert "ENV STRIPE_SECRET_KEY writes a secret into the image" in " ".join(done.problem().split())
    assert "sk_live" not in done.all


def test_a_project_without_djdocks_dockerfile(small: Project) -> None:
    """One of somebody else's is not built: nobody knows what it serves."""
    (small.root / "Dockerfile").write_text("FROM scratch AS production\n")
    done = small.djdock("build")
    assert "has no Dockerfile.djdock of djdock's yet" in " ".join(done.problem().split())
    assert "djdock init" in done.err
