"""runserver is for development only: https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver says so."""

from __future__ import annotations

from djdock.doctor import docker_files, sources
from djdock.doctor.case import Case, Finding

NAME = "runserver-in-production"
TITLE = "The development server in production"
SEEN = "WARNING: This is a development server. Do not use it in a production setting."
CAUSE = "`manage.py runserver` has gone through no security audit, serves one machine's developer, and reloads itself."
FIX = "gunicorn, or another WSGI or ASGI server: gunicorn PROJECT.wsgi --bind 0.0.0.0:8000"
DOES = "Nothing by itself; the production stage of a Dockerfile of djdock's own runs gunicorn."


def find(case: Case) -> tuple[Finding, ...]:
    places = []
    for service in docker_files.services(case):
        command = service.get("command")
        if docker_files.is_production(service.path) and command and "runserver" in command.words:
            places.append((service.where("command"), f"{service.name} in {service.path}"))
    for dockerfile in docker_files.dockerfiles(case):
        for instruction in dockerfile.all("CMD", "ENTRYPOINT"):
            if docker_files.is_production(dockerfile.path) and "runserver" in instruction.value:
                places.append((f"{dockerfile.path}:{instruction.line}", dockerfile.path))
    if number := sources.line_of(sources.text(case.files, "Procfile"), r"^web:.*\brunserver\b"):
        places.append((f"Procfile:{number}", "Procfile"))
    return tuple(
        Finding(NAME, f"{what} runs the development server", where, "gunicorn PROJECT.wsgi --bind 0.0.0.0:8000")
        for where, what in places
    )
