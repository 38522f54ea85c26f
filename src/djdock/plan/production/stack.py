"""stack.yaml: a release for `docker stack deploy`, with the keys alone that every client of Swarm takes."""

from __future__ import annotations

from djdock.plan.change import SIGNATURE
from djdock.plan.compose import DATABASE_HOST, DATABASE_PORT, scalar
from djdock.plan.production.release import (
    ENV_FILE,
    FILE_SUFFIX,
    SECRETS_FOLDER,
    SECRETS_INSIDE,
    STACK_CADDYFILE,
    TRUSTED,
    TRUSTED_WHY,
    USER,
    Release,
    Setting,
)
from djdock.plan.production.stack_names import PASSWORD_VERSION, STACK_NAME, object_name, secrets
from djdock.plan.production.stack_services import services
from djdock.plan.text import render


def text(release: Release) -> str:
    """The stack file."""
    return render(
        "stack.yaml.txt",
        mark=SIGNATURE,
        name=release.name,
        env_file=ENV_FILE,
        secrets=SECRETS_FOLDER,
        caddyfile=STACK_CADDYFILE,
        password_version=f" ({PASSWORD_VERSION} for the database's)" if release.database else "",
        environment=_environment(release),
        secrets_of_django=_secrets_of_django(release),
        networks_of_django="\n".join(f"    - {network}" for network in _networks(release)),
        media=f"    - media:{release.media}\n" if release.media else "",
        services="\n".join(services(release)),
        networks=_data_network() if _has_data(release) else "",
        volumes="".join(f"  {volume}:\n" for volume in _volumes(release)),
        secrets_of_stack=_secrets_of_stack(release),
    )


def _environment(release: Release) -> str:
    lines = (f"# {TRUSTED_WHY}", f'{TRUSTED}: "*"', *(_variable(setting, release) for setting in release.settings))
    return "\n".join(f"    {line}" for line in lines)


def _variable(setting: Setting, release: Release) -> str:
    if setting.kind == "secret":
        return f"{setting.name}{FILE_SUFFIX}: {SECRETS_INSIDE}/{setting.name}"
    if setting.kind == "fixed":
        return f"{setting.name}: {scalar((setting.value or _part(setting, release)).replace('$', '$$'))}"
    # It may be empty, but it has to be said.
    return f"{setting.name}: ${{{setting.name}?is missing in {ENV_FILE}}}"


def _part(setting: Setting, release: Release) -> str:
    """What a part of the database's address is inside the stack."""
    if release.database is None:
        return ""
    parts = {
        "{host}": DATABASE_HOST,
        "{port}": DATABASE_PORT,
        "{name}": release.database.name,
        "{user}": release.database.user,
    }
    return parts.get(setting.part, "")


def _secrets_of_django(release: Release) -> str:
    if not release.secrets:
        return ""
    entries = "".join(
        f'    - source: {name}\n      target: {name}\n      uid: "{USER}"\n      gid: "{USER}"\n      mode: 0400\n'
        for name in release.secrets
    )
    return f"  secrets:\n{entries}"


def _has_data(release: Release) -> bool:
    return release.database is not None or release.redis


def _networks(release: Release) -> tuple[str, ...]:
    return ("site", "data") if _has_data(release) else ("site",)


def _data_network() -> str:
    return """\
  # Nothing outside is reached from here, and nothing reaches in.
  data:
    driver: overlay
    driver_opts: *encrypted
    internal: true
"""


def _volumes(release: Release) -> tuple[str, ...]:
    there = (("db", release.database), ("redis", release.redis), ("media", release.media), ("caddy", True))
    return tuple(volume for volume, wanted in there if wanted)


def _secrets_of_stack(release: Release) -> str:
    entries = "".join(
        f"  {name}:\n"
        f"    name: ${{{STACK_NAME}:-{release.name}}}_{object_name(release, name)}_${{{version}:-1}}\n"
        f"    file: ./{SECRETS_FOLDER}/{name}\n"
        for name, version in secrets(release).items()
    )
    return f"\nsecrets:\n{entries}" if entries else ""
