"""The Dockerfile that many write for production: one stage, all of the source, then `pip install`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import tutorial
from tests.tools import Project

NAME = "plain `pip install`"
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
RUN SECRET_KEY=unused DEBUG=False ALLOWED_HOSTS= CSRF_TRUSTED_ORIGINS= \\
    DATABASE_URL=postgres://un:used@localhost/unused python manage.py collectstatic --noinput
CMD ["gunicorn", "--bind=0.0.0.0:8000", "django_project.wsgi"]
"""


@contextmanager
def project(ours: Project, folder: Path) -> Iterator[Project]:
    """djdock's own project, its requirements and its .dockerignore, with that Dockerfile; gone afterwards."""
    shutil.copytree(ours.root, folder, ignore=shutil.ignore_patterns(".venv", ".djdock"))
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=tutorial.base()))
    try:
        yield Project(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
