"""What Docker is sent of a project when it builds the image: nothing that belongs to one place, and no secret."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs import markdown
from tests.tools import Project, run

pytestmark = pytest.mark.docker


def test_files_of_production_are_not_in_the_image(tmp_path: Path) -> None:
    """With any of them in it, each edit of a variable would make another image, and a secret would stay in it."""
    project = Project(Path(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog")))
    before = {path.relative_to(project.root).as_posix() for path in project.root.rglob("*") if path.is_file()}
    for target in ("compose", "swarm", "kubernetes"):
        project.djdock("deploy", target, "--host", "blog.example.com", "--output", str(project.root)).ok()
    (project.root / "secrets").mkdir()
    (project.root / "secrets/SECRET_KEY").write_text("k" * 50)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    sent = tmp_path / "sent"
    argv = ["docker", "buildx", "build", "--file", str(tmp_path / "Dockerfile"), "--output", str(sent), "."]
    run(argv, project.root).ok()
    found = {path.relative_to(sent).as_posix() for path in sent.rglob("*") if path.is_file()}
    assert "manage.py" in found
    assert found - before == set()
