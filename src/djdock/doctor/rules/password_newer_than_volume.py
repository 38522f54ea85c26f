"""Variables of the image act on an empty volume only (https://hub.docker.com/_/postgres)."""

from __future__ import annotations

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "password-newer-than-volume"
TITLE = "The database has another password than the files say"
SEEN = 'FATAL: password authentication failed for user "postgres"'
CAUSE = (
    "POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB are read once, when the volume is empty; later "
    "changes do nothing."
)
FIX = "Give the user the new password inside the database: ALTER ROLE … PASSWORD …"
DOES = "`djdock up` gives the database that it runs the password of .env. It never deletes a volume."


def find(case: Case) -> tuple[Finding, ...]:
    if not case.volume_password_refused:
        return ()
    service = next((service for service in docker_files.services(case) if service.postgres), None)
    user = service.environment.get("POSTGRES_USER", ("postgres", ""))[0] if service else "postgres"
    name = service.name if service else "db"
    fix = f"docker compose exec {name} psql -U {user} -c \"ALTER ROLE {user} PASSWORD 'the new one'\""
    where = service.environment.get("POSTGRES_PASSWORD", ("", service.where()))[1] if service else ""
    return (Finding(NAME, "The volume of the database is older than the password in the files", where, fix),)
