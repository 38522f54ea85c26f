"""The tutorial's project, made by a script: its steps and its files, changed only where they no longer work.

What was changed: today's Python and PostgreSQL 18 (Django today refuses the tutorial's postgres:13), with the volume
where that image wants it; a health check that `web` waits for, because on the first start it died before PostgreSQL
answered; the port, which has to be free.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import project_python, run, wait_for_page
from tests import tools

DRIVER = "psycopg2-binary"

DOCKERFILE = """\
FROM {base}
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
WORKDIR /code
COPY ./requirements.txt .
RUN pip install -r requirements.txt
COPY . .
"""

DOCKERIGNORE = """\
.venv
.git
.gitignore
"""

COMPOSE = """\
services:
  web:
    build: .
    command: python /code/manage.py runserver 0.0.0.0:8000
    volumes:
      - .:/code
    ports:
      - 127.0.0.1:{port}:8000
    depends_on:
      db:
        condition: service_healthy
  db:
    image: postgres:18-trixie
    volumes:
      - postgres_data:/var/lib/postgresql
    environment:
      - "POSTGRES_HOST_AUTH_METHOD=trust"
    healthcheck:
      test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"]
      interval: 1s
      timeout: 3s
      retries: 60
      start_period: 60s

volumes:
  postgres_data:
"""

DATABASES = """

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": "postgres",
        "HOST": "db",
        "PORT": 5432,
    }
}
"""


def base() -> str:
    """The image that the tutorial's and djdock's are both built on."""
    return f"python:{project_python()[0]}-slim-trixie"


@dataclass(frozen=True)
class Tutorial:
    """A project made by the tutorial."""

    root: Path
    port: int

    @property
    def name(self) -> str:
        """Names its containers: unlike any other's, since the folder above was made for this run.

        Its image has the name too, and images take no `_-`.
        """
        return f"{self.root.parent.name.rstrip('_')}-{self.root.name}"

    @property
    def argv(self) -> list[str]:
        """What a `docker compose` for it begins with."""
        return ["docker", "compose", "--project-name", self.name]

    def make(self) -> None:
        """From an empty folder to the last file: environment, Django, startproject, requirements, Docker, settings."""
        self.root.mkdir(parents=True)
        run([project_python()[1], "-m", "venv", ".venv"], self.root)
        programs = self.root / ".venv/bin"
        run([programs / "python", "-m", "pip", "install", "django"], self.root)
        run([programs / "django-admin", "startproject", "django_project", "."], self.root)
        frozen = tools.run([programs / "python", "-m", "pip", "freeze"], self.root).ok().out
        (self.root / "requirements.txt").write_text(f"{frozen}{DRIVER}\n")
        (self.root / "Dockerfile").write_text(DOCKERFILE.format(base=base()))
        (self.root / ".dockerignore").write_text(DOCKERIGNORE)
        (self.root / "docker-compose.yml").write_text(COMPOSE.format(port=self.port))
        with (self.root / "django_project/settings.py").open("a") as settings:
            settings.write(DATABASES)

    def start(self) -> None:
        """Builds, starts, migrates, and waits for the first page."""
        self.compose("up", "--detach", "--build")
        self.compose("exec", "--no-TTY", "web", "python", "manage.py", "migrate")
        wait_for_page(self.port)

    def compose(self, *arguments: str) -> str:
        """What `docker compose` writes."""
        return run([*self.argv, *arguments], self.root)

    def remove(self) -> None:
        """Containers, volume, image and files."""
        if (self.root / "docker-compose.yml").exists():
            self.compose("down", "--volumes", "--timeout", "2")
            # By name: `down --rmi local` leaves the image where no container is left.
            tools.run(["docker", "image", "rm", "--force", f"{self.name}-web"], self.root)
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def project(root: Path, *, running: bool = False) -> Iterator[Tutorial]:
    """The tutorial's project, running where that is wanted; it is all gone afterwards."""
    made = Tutorial(root, tools.free_port())
    try:
        made.make()
        if running:
            made.start()
        yield made
    finally:
        made.remove()
