"""The Dockerfile: one image for development and for production, from what is known of a project."""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from djdock.plan.text import render
from djdock.project.compose_files import DEFAULT_NAMES
from djdock.project.docker_files import FIRST_LINE
from djdock.project.front_end import FrontEnd
from djdock.project.system_packages import SystemPackages

# The first date that every archive can hold: 1980-01-01, in seconds.
EPOCH = 315532800
# A number with no account behind it.
USER = 10001
# Before it there was no control socket to switch off.
CONTROL_SOCKET = (25, 1)
# Before it uvicorn could not be told how long to wait for requests when it ends.
GRACEFUL_UVICORN = (0, 22)
# Seconds that requests under way get when the container is to stop; gunicorn's default. Engines have to wait longer.
GRACE = 30
WORKERS = "As many workers as WEB_CONCURRENCY says; the entrypoint sets it."
ENDS = f"When the container is to stop, requests under way get {GRACE} seconds; one that hangs does not hold it up."
# What installs and runs the scripts of package.json, by its name; npm comes with Node, npx fetches the others.
NPX = {"pnpm": "npx --yes pnpm@{}", "bun": "npx --yes bun@{}", "yarn": "npx --yes yarn@{}"}
BERRY = "npx --yes --package=@yarnpkg/cli-dist@{} yarn"
DEFAULTS = {"pnpm": "10", "bun": "1", "yarn": "1"}
FROZEN = {
    "npm": ("ci", "install"),
    "pnpm": ("install --frozen-lockfile", "install"),
    "bun": ("install --frozen-lockfile", "install"),
    "yarn": ("install --frozen-lockfile", "install"),
}
CACHES = {"npm": "/root/.npm", "pnpm": "/root/.local/share/pnpm/store", "bun": "/root/.bun/install/cache"}
YARN_CACHE = "/usr/local/share/.cache/yarn"


@dataclass(frozen=True)
class Server:
    """What serves the site in production.

    Attributes:
        argv: its command.
        requirement: what has to be installed for it, where the project does not declare it.
        notes: comments for the command, without the leading `#`.
    """

    argv: tuple[str, ...]
    requirement: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """All that the Dockerfile depends on.

    Attributes:
        tag: a name for the image, in small letters.
        uv: the series of uv, `X.Y`.
        python, debian: the version and the Debian release of the base image.
        install: the instruction that fills /opt/venv for production.
        entrypoint: the path of the program that prepares production's containers, in the image.
        development_install: the one that adds what only developers need; empty where there is nothing to add.
        folder: where manage.py is; empty for the root.
        settings: the settings module, where it is another one than manage.py names.
        unknown: packages of another Dockerfile that nobody knows the reason for.
        front_end_note: a comment that says why there is none.
        build_values: variables for the one command that collects static files; None where none are collected.
        static_note: a comment that says what serves static files, where the site itself does not.
        static_root: where they are collected, if that is not below /app.
        media: the folder of uploaded files in containers; empty where there is none.
        path, compose_path: the names of this file and of the compose file beside it.
    """

    tag: str
    uv: str
    python: str
    debian: str
    install: str
    server: Server
    entrypoint: str
    development_install: str = ""
    folder: str = ""
    settings: str = ""
    packages: SystemPackages = field(default_factory=SystemPackages)
    unknown: tuple[str, ...] = ()
    front_end: FrontEnd | None = None
    front_end_note: str = ""
    build_values: Mapping[str, str] | None = None
    static_note: str = ""
    static_root: str = ""
    media: str = ""
    path: str = "Dockerfile"
    compose_path: str = "compose.yaml"


def text(image: Image) -> str:
    """The Dockerfile."""
    development = "development-dependencies" if image.development_install else "dependencies"
    added = bool(image.server.requirement)
    return render(
        "Dockerfile.txt",
        mark=FIRST_LINE,
        compose_up=compose_up(image.compose_path),
        compose_file=image.compose_path,
        build_options="" if image.path == "Dockerfile" else f"--file {image.path} ",
        tag=image.tag,
        uv=image.uv,
        tools="/uv /uvx /usr/local/bin/" if "uvx " in image.install else "/uv /usr/local/bin/uv",
        base_image=base_image(image.python, image.debian),
        settings=f" \\\n    DJANGO_SETTINGS_MODULE={image.settings}" if image.settings else "",
        front_end=_front_end(image.front_end) if image.front_end else _noted(image.front_end_note),
        runtime_packages=_packages(image, image.packages.runtime, "Called or linked by Python packages"),
        build_packages=_packages(image, image.packages.build, "Compile what has no wheel"),
        install=image.install,
        development_stage=development,
        development_install=(
            "\n# Adds what only developers need.\n"
            f"FROM dependencies AS development-dependencies\n{image.development_install}\n"
            if image.development_install
            else ""
        ),
        server_install=_server_install(image.server) if added else "",
        production_stage="production-dependencies" if added else "dependencies",
        front_end_result="COPY --from=front-end /built/ /app/\n" if image.front_end else "",
        folder=posixpath.join("/app", image.folder).rstrip("/"),
        epoch=EPOCH,
        static_root=_static_root(image.static_root),
        media=_media(image.media),
        entrypoint=image.entrypoint,
        static=(f"# {image.static_note}\n" if image.static_note else "")
        + (_collect(image.build_values) if image.build_values is not None else ""),
        server="".join(f"# {note}\n" for note in image.server.notes) + f"CMD {json.dumps(image.server.argv)}",
    )


def base_image(python: str, debian: str) -> str:
    """The image that a Dockerfile begins with."""
    return f"python:{python}-slim-{debian}"


def node_image(node: str) -> str:
    """The image that builds a front end."""
    return f"node:{node}-trixie-slim"


def _noted(note: str) -> str:
    return f"\n{note}\n" if note else ""


def compose_up(path: str) -> str:
    """The command that starts what a compose file says."""
    return "docker compose up" if path in DEFAULT_NAMES else f"docker compose --file {path} up"


def _packages(image: Image, names: tuple[str, ...], what: str) -> str:
    """The instruction that installs Debian packages, with who needs them."""
    if not names:
        return ""
    who = sorted({user for name in names for user in image.packages.why.get(name, ())})
    lines = [f"# {what}{': ' if who else ''}{', '.join(who)}."]
    unknown = ", ".join(image.unknown)
    if unknown and names == image.packages.runtime:
        lines.append(f"# Your own Dockerfile installs more, and nothing here says what for: {unknown}.")
    lines += [
        "# No versions: Debian keeps one of each in a release, and a pinned one is gone with the next fix.",
        "# hadolint ignore=DL3008",
        "RUN apt-get update && apt-get install --yes --no-install-recommends \\",
        *(f"    {name} \\" for name in names),
        "    && rm -rf /var/lib/apt/lists/*",
    ]
    return "\n".join(lines) + "\n"


def _server_install(server: Server) -> str:
    return (
        "\n# The project declares no server for production, so the image brings one.\n"
        "FROM dependencies AS production-dependencies\n"
        "RUN --mount=type=cache,target=/root/.cache/uv \\\n"
        f"    uv pip install {shlex.quote(server.requirement)}\n"
    )


def _collect(values: Mapping[str, str]) -> str:
    command = "python manage.py collectstatic --noinput"
    if not values:
        return f"RUN {command}\n"
    words = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    lines, line = [], "RUN"
    for word in (*words, command):
        if len(line) + len(word) > 110 and line != "RUN":  # noqa: PLR2004 - leaves room for the backslash
            lines.append(f"{line} \\")
            line = "   "
        line = f"{line} {word}"
    return (
        "# Values for this one command, which needs none of them; they do not stay in the image.\n"
        + "\n".join([*lines, line])
        + "\n"
    )


def _static_root(place: str) -> str:
    """The step that takes static files along which are collected outside of the project."""
    if not place:
        return ""
    above = shlex.quote(f".{posixpath.dirname(place)}/")
    return f"&& mkdir --parents {above} && mv {shlex.quote(place)} {above} \\\n    "


def _media(place: str) -> str:
    """The step that makes the folder of uploads the user's own: a new volume that is mounted there takes that over."""
    if not place:
        return ""
    return f"\\\n    && install --directory --owner={USER} --group={USER} {shlex.quote(f'.{place}')} "


def _front_end(front_end: FrontEnd) -> str:
    """The stage that builds the front end, and keeps what the build has written."""
    place = posixpath.join("/app", front_end.folder).rstrip("/")
    tool = _tool(front_end)
    frozen, loose = FROZEN[front_end.manager]
    if front_end.manager == "yarn" and _is_berry(front_end):
        frozen = "install --immutable"
    cache = CACHES.get(front_end.manager, YARN_CACHE)
    install = f"RUN --mount=type=cache,target={cache} \\\n    {tool} {frozen if front_end.lock else loose}"
    manifests = [posixpath.join(front_end.folder, name) for name in front_end.manifests]
    copy = f"COPY {' '.join(manifests)} ./\n{install}\nCOPY . /app" if manifests else f"COPY . /app\n{install}"
    return (
        "\n# The front end. Only what the build writes is taken from here.\n"
        f"FROM {node_image(front_end.node)} AS front-end\n"
        f"WORKDIR {place}\n{copy}\n"
        f"RUN touch /tmp/before && {tool} run {front_end.script}\n"
        "WORKDIR /app\n"
        "RUN mkdir /built && find . \\( -name node_modules -o -name .cache \\) -prune -o \\\n"
        "    -type f -newer /tmp/before -exec cp --parents --target-directory=/built {} +\n"
        "USER 1000:1000\n"
    )


def _is_berry(front_end: FrontEnd) -> bool:
    return bool(front_end.manager_version) and not front_end.manager_version.startswith("1")


def _tool(front_end: FrontEnd) -> str:
    manager = front_end.manager
    if manager == "npm":
        return "npm"
    version = front_end.manager_version or DEFAULTS[manager]
    return (BERRY if manager == "yarn" and _is_berry(front_end) else NPX[manager]).format(version)


def server(versions: Mapping[str, str | None], python: str, application: str, *, asynchronous: bool = False) -> Server:
    """What serves the site in production, from the distributions that the project declares (with their versions).

    `application` is `module:name`; asynchronous: of an ASGI application.
    https://docs.djangoproject.com/en/stable/howto/deployment/
    """
    if asynchronous:
        return _asgi_server(versions, application)
    known = versions.get("gunicorn")
    declared = "gunicorn" in versions
    newest = tuple(int(part) for part in python.split(".")) >= (3, 10)
    requirement = "" if declared else "gunicorn>=25.1" if newest else "gunicorn~=23.0"
    has_socket = _numbers(known) >= CONTROL_SOCKET if declared else newest
    options = ("--bind=0.0.0.0:8000", "--threads=4", "--worker-tmp-dir=/dev/shm")
    notes = (
        WORKERS,
        "Heartbeats in memory (/dev/shm): on a disk, gunicorn's file for them can block a healthy worker.",
        *(("No control socket: the user of this image owns no home.",) if has_socket else ()),
    )
    return Server(
        (
            *("gunicorn", *options),
            *(("--no-control-socket",) if has_socket else ()),
            *("--access-logfile=-", application),
        ),
        requirement,
        notes,
    )


def _asgi_server(versions: Mapping[str, str | None], application: str) -> Server:
    if "daphne" in versions:
        return Server(("daphne", "--bind=0.0.0.0", "--port=8000", "--proxy-headers", application))
    if "hypercorn" in versions and "uvicorn" not in versions:
        options = ("--bind=0.0.0.0:8000", "--workers=2", f"--graceful-timeout={GRACE}", "--access-logfile=-")
        return Server(("hypercorn", *options, application), notes=(ENDS,))
    declared = "uvicorn" in versions
    has_grace = not versions.get("uvicorn") or _numbers(versions["uvicorn"]) >= GRACEFUL_UVICORN
    grace = (f"--timeout-graceful-shutdown={GRACE}",) if has_grace else ()
    return Server(
        ("uvicorn", "--host=0.0.0.0", "--port=8000", "--lifespan=off", *grace, application),
        "" if declared else "uvicorn[standard]",
        (WORKERS, *((ENDS,) if grace else ())),
    )


def _numbers(version: str | None) -> tuple[int, ...]:
    parts = (version or "0").split(".")[:2]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)
