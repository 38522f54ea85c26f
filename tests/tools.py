"""What the tests share: running the installed djdock as a person would, and looking at what it did."""

from __future__ import annotations

import contextlib
import http.cookiejar
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# The command that the wheel installed into this environment.
DJDOCK = Path(sys.executable).with_name("djdock")


def own_ports(worker: int) -> Iterator[int]:
    """The ports that one of the processes that share the tests has for itself, in no order, again and again.

    They lie between those that djdock gives databases and those that systems hand out to outgoing connections. Not each
    number is used: djdock itself looks for a port next to one that it has.
    """
    first = 26_000 + worker % 10 * 600
    return itertools.cycle(secrets.SystemRandom().sample(range(first, first + 600, 4), 150))


PORTS = own_ports(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


@dataclass(frozen=True)
class Done:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def words(self) -> str:
        """All that was written, in one line: messages are folded to the width of the terminal."""
        return " ".join(self.all.split())

    def ok(self) -> Done:
        """Itself; a failure shows what the command wrote."""
        assert self.code == 0, f"exit code {self.code}\n{self.all}"
        return self

    def problem(self) -> str:
        """What a Problem said; anything else that happened fails."""
        assert self.code == 1, f"exit code {self.code}, not 1\n{self.all}"
        assert "Problem: " in self.err, self.all
        assert "Try: " in self.err, self.all
        assert "Traceback" not in self.out, self.all
        return self.err


def clean_environment(**more: str) -> dict[str, str]:
    """The variables of this process without those that would reach into a project under test."""
    foreign = (
        "DJANGO_SETTINGS_MODULE",
        "DATABASE_URL",
        "SECRET_KEY",
        "VIRTUAL_ENV",
        "NO_COLOR",
        "COMPOSE_PROJECT_NAME",
    )
    return {name: value for name, value in os.environ.items() if name not in foreign} | more


def run(  # noqa: PLR0913 - what a subprocess takes
    argv: Sequence[str | Path],
    cwd: Path,
    *,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = 300,
    uid: int | None = None,
) -> Done:
    """Runs any program; with `uid` as another user (root only)."""
    done = subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env=clean_environment(**(env or {})),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )
    return Done(done.returncode, done.stdout, done.stderr)


def djdock(*arguments: str, cwd: Path, **options: Any) -> Done:
    """Runs djdock in a folder; options are those of `run`."""
    return run([DJDOCK, *arguments], cwd, **options)


@dataclass(frozen=True)
class Project:
    """A project under test."""

    root: Path

    def djdock(self, *arguments: str, **options: Any) -> Done:
        return djdock(*arguments, cwd=options.pop("cwd", self.root), **options)

    def up(self, engine: str, *arguments: str, **options: Any) -> Done:
        return self.djdock("up", "--engine", engine, *arguments, **options).ok()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.djdock("status", "--json").ok().out)
        return found

    def env(self) -> dict[str, str]:
        lines = (self.root / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env()['WEB_PORT']}/"

    def sql(self, statement: str) -> str:
        return self.djdock("psql", "-At", "-c", statement).ok().out.strip()


def new_project(folder: Path, *options: str, name: str = "blog") -> Project:
    """What `djdock new` makes, in a folder of its own."""
    djdock("new", name, *options, cwd=folder).ok()
    return Project(folder / name)


def own_port(project: Project) -> Project:
    """A project that is not yet started, on a port that other tests do not use."""
    dotenv = project.root / ".env"
    dotenv.write_text(dotenv.read_text().replace("WEB_PORT=8000", f"WEB_PORT={free_port()}"))
    return project


def fresh(template: Project, folder: Path) -> Project:
    """What `new` would make in a folder, never started, on ports of its own; in a fraction of the time.

    The environment is linked, not copied: uv replaces files and never writes into them.
    """

    def link_or_copy(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # on another file system
            shutil.copy2(source, target)

    shutil.copytree(template.root, folder, ignore=shutil.ignore_patterns(".djdock", ".venv", "__pycache__"))
    shutil.copytree(template.root / ".venv", folder / ".venv", symlinks=True, copy_function=link_or_copy)
    env, dotenv = template.env(), folder / ".env"
    text = dotenv.read_text().replace(env["DB_PORT"], str(free_port()))
    text = text.replace(f"WEB_PORT={env['WEB_PORT']}", f"WEB_PORT={free_port()}")
    dotenv.write_text(text.replace(env["COMPOSE_PROJECT_NAME"], f"{folder.name.lower()}-of-a-test"))
    return Project(folder)


def make_folder(prefix: str, parent: Path | None = None) -> Path:
    """An empty folder that others may enter, with a name that images can be called after: mkdtemp() has `_` in some."""
    folder = (parent or Path(tempfile.gettempdir())) / f"{prefix}{secrets.token_hex(4)}"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@contextlib.contextmanager
def workspace(*, docker: bool = True, parent: Path | None = None) -> Iterator[Path]:
    """An empty folder that other users may enter; whatever project runs in it is stopped and removed afterwards.

    With `docker=False`, for projects that never ran there, that takes a tenth of a second instead of several.
    """
    folder = make_folder("djdock-test-", parent)
    try:
        yield folder
    finally:
        for manage in list(folder.rglob("manage.py")):
            if ".venv" not in manage.parts:
                remove(Project(manage.parent)) if docker else erase(manage.parent)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(template: Project) -> Iterator[Project]:
    """A project of its own, up on the embedded engine."""
    with workspace(docker=False) as folder:
        made = fresh(template, folder / "blog")
        made.up("embedded")
        yield made


def erase(root: Path) -> None:
    """Takes a project that runs without Docker away, with its processes and its cluster, as a reinstallation would."""
    pointer = root / ".djdock/postgres.location"
    outside = Path(pointer.read_text().strip()) if pointer.exists() else None
    places = tuple(f"{place}/" for place in (root, outside) if place)
    ended = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if f"{process.cwd()}/".startswith(places):
                # PostgreSQL then ends at once, and takes its shared memory along.
                process.send_signal(signal.SIGQUIT if process.name() == "postgres" else signal.SIGKILL)
                ended.append(process)
    psutil.wait_procs(ended, 5)
    if outside:
        shutil.rmtree(outside, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


def remove(project: Project) -> None:
    """Stops a project on whatever engine, and takes all of it away, its volumes and clusters too."""
    if not project.root.exists():
        return
    djdock("down", cwd=project.root, timeout=120)
    location = project.root / ".djdock/postgres.location"
    if location.exists():
        shutil.rmtree(location.read_text().strip(), ignore_errors=True)
    if shutil.which("docker") and (project.root / ".env").exists():
        run(["docker", "compose", "down", "--volumes", "--rmi", "local", "--timeout", "2"], project.root)
        run(["docker", "image", "rm", f"{project.env().get('COMPOSE_PROJECT_NAME', '')}-web"], project.root)
    shutil.rmtree(project.root, ignore_errors=True)


def uv_cache() -> str:
    """The folder that uv keeps packages in: with it, a test that has another home needs no network."""
    return run([DJDOCK.with_name("uv"), "cache", "dir"], Path.cwd()).ok().out.strip()


def page(url: str, timeout: float = 20) -> tuple[int, str]:
    """Status and text of a page."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        with opener.open(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def eventually(condition: Any, seconds: float = 20, what: str = "") -> None:
    """Waits until a condition holds, and fails when it does not within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AssertionError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(what or f"{condition} did not become true within {seconds} s")


@contextlib.contextmanager
def taken(port: int) -> Iterator[None]:
    """Holds a port on 127.0.0.1."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


def free_port() -> int:
    """A port that nobody holds just now, and that no other worker of this run is given."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            return port
    raise AssertionError


def tree(root: Path, *, with_djdock: bool = False) -> dict[str, tuple[object, ...]]:
    """Everything below a folder but .djdock: kinds, modes, contents, and where links lead."""
    found: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] == ".djdock" and not with_djdock:
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        else:
            found[name] = ("folder", mode) if path.is_dir() else ("file", mode, path.read_bytes())
    return found
