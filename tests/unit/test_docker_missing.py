"""What Docker needs of a project before it is chosen."""

from __future__ import annotations

from djdock.engines import docker
from djdock.project import facts
from djdock.project.files import Texts

PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")\n',
    "site_settings.py": 'DATABASES = {"default": env.db_url("DATABASE_URL")}\n',
    "requirements.txt": "Django==5.2\n",
}
COMPOSE = "services:\n  db:\n    image: postgres:18-trixie\n"


def test_a_project_without_a_compose_file_is_not_given_to_docker() -> None:
    """A project that has only DATABASE_URL runs on the embedded engine instead of failing in docker compose."""
    obstacle = docker.missing(facts.read(Texts(PROJECT), "blog"))

    assert obstacle is not None
    assert "no compose.yaml" in obstacle.cause
    assert "--engine embedded" in obstacle.hint


def test_a_compose_file_with_a_database_is_no_obstacle_of_its_own() -> None:
    """With the file there, only Docker itself can be in the way."""
    obstacle = docker.missing(facts.read(Texts({**PROJECT, "compose.yaml": COMPOSE}), "blog"))

    assert obstacle is None or "compose.yaml" not in obstacle.cause
