"""uv and the interpreters of this machine."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from djdock.errors import Problem, last_lines
from djdock.process import WINDOWS, Environment, Result, run
from djdock.project.compatibility import Version, text

# Where Linux systems keep the certificates that they trust: Debian, Fedora, Alpine, openSUSE.
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)


# Makes uv install what it takes for installed already.
REINSTALL = "--reinstall"


def uv() -> str:
    """The path of uv: the one that was installed with djdock, else one on the PATH."""
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - only what installs something needs it

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        return "uv"


def uv_series() -> str:
    """uv's version as `X.Y`: a Dockerfile takes the same one as the host."""
    answer = run([uv(), "--version"])  # uv 0.13.9 (…)
    return ".".join(answer.stdout.split()[1].split(".")[:2])


def run_uv(arguments: Sequence[str], *, cwd: Path, env: Environment, wanted: str, again: Sequence[str] = ()) -> Result:
    """Runs uv; where that fails, once more from its cache alone, which needs no network.

    `again` are more arguments for the second time: what a first one has installed by half, uv takes for whole.

    Raises:
        Problem: it failed both times; `wanted` names what could not be had.
    """
    online = try_uv(arguments, cwd=cwd, env=env)
    if online.ok:
        return online
    offline = try_uv(["--offline", *arguments, *again], cwd=cwd, env=env)
    if offline.ok:
        return offline
    raise Problem(
        f"{wanted} could not be installed.",
        details=last_lines(online.text),
        hint="If there is no network: connect and try again; what was installed once comes from the cache.\n"
        "If a version does not exist or does not fit: correct it in what asks for it.\n"
        "If the disk is full: make room on it.",
    )


def try_uv(arguments: Sequence[str], *, cwd: Path, env: Environment, stdin: str = "") -> Result:
    """Runs uv once; what it says of a failure is the caller's to read."""
    return run([uv(), *arguments], cwd=cwd, env=_without_noise(env), stdin=stdin)


def index_url(cwd: Path) -> str:
    """The package index that uv takes packages from, as the person has configured it; empty where it does not say."""
    done = try_uv(["pip", "compile", "--quiet", "--no-header", "--emit-index-url", "-"], cwd=cwd, env=os.environ)
    words = done.stdout.split()
    return words[words.index("--index-url") + 1] if done.ok and "--index-url" in words[:-1] else ""


def _without_noise(env: Mapping[str, str]) -> dict[str, str]:
    return {"NO_COLOR": "1", "UV_NO_PROGRESS": "1", **_trust(), **env}


def _trust() -> dict[str, str]:
    """Lets uv trust what this machine trusts, a company's own certificates too; else uv's own list holds."""
    if WINDOWS or sys.platform == "darwin" or any(map(os.path.isfile, CERTIFICATES)):
        return {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}  # its name now, and before
    return {}


def make_environment(folder: Path, interpreter: Path, *, cwd: Path) -> None:
    """Makes an empty virtual environment that may be moved with its project.

    Raises:
        Problem: uv could not make it.
    """
    run_uv(
        ["venv", "--quiet", "--relocatable", "--clear", "--python", str(interpreter), str(folder)],
        cwd=cwd,
        env=os.environ,
        wanted="A virtual environment",
    )


def environment_python(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def find(version: Version) -> Path | None:
    """An interpreter of a version on this machine, or None."""
    # Path.is_file raises where a folder on the PATH may not be entered: root's, after `su` without `-`.
    for candidate in _candidates(version):
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):  # noqa: PTH113 - as said above
            answer = run([candidate, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"])
            if answer.ok and answer.stdout.split() == [str(version[0]), str(version[1])]:
                return candidate
    return None


def newest(versions: Sequence[Version]) -> tuple[Version, Path] | None:
    """The first of `versions` that this machine has, with its interpreter."""
    for version in versions:
        if interpreter := find(version):
            return version, interpreter
    return None


def find_or_fetch(version: Version) -> Path:
    """An interpreter of a version: of this machine, else fetched by uv.

    Raises:
        Problem: it is not here, and could not be fetched.
    """
    if found := find(version):
        return found
    fetched = run([uv(), "python", "install", "--quiet", text(version)], env=_without_noise(os.environ))
    if fetched.ok and (found := find(version)):
        return found
    raise Problem(
        f"Python {text(version)} is not on this machine, and could not be fetched.",
        details=last_lines(fetched.text, 4),
        hint=f"Install Python {text(version)}, or name another version with --python.",
    )


def provide(candidates: Sequence[Version], *, exact: bool) -> tuple[Version, Path]:
    """An interpreter of one of the versions, the best first: of this machine, else fetched.

    With `exact` the first one is wished for: it is fetched before the second best of this machine is taken.

    Raises:
        Problem: none of them is here, and none could be fetched.
    """
    if exact and (found := find(candidates[0])):
        return candidates[0], found
    if not exact and (known := newest(candidates)):
        return known
    try:
        return candidates[0], find_or_fetch(candidates[0])
    except Problem:
        if known := newest(candidates[1:]):
            return known
        raise


def _candidates(version: Version) -> Iterator[Path]:
    name = f"python{text(version)}"
    home = Path.home()
    if WINDOWS:
        programs = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "Programs/Python"
        yield programs / f"Python{version[0]}{version[1]}/python.exe"
    if sys.version_info[:2] == version:
        yield Path(sys.base_prefix) / ("python.exe" if WINDOWS else f"bin/{name}")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # pyenv's shims are scripts that refuse unless the version is switched on; its versions are looked at below.
        if folder and Path(folder).name != "shims":
            yield Path(folder) / name
    for versions, pattern in (
        (Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions", f"{text(version)}.*/bin/{name}"),
        (_uv_pythons(home), f"cpython-{text(version)}.*/bin/{name}"),
        (_uv_pythons(home), f"cpython-{text(version)}.*/python.exe"),
    ):
        with contextlib.suppress(PermissionError):  # root's PYENV_ROOT, as above
            yield from sorted(versions.glob(pattern), key=_patch_level, reverse=True)
    for folder in (
        "/usr/local/bin",
        "/usr/bin",
        "/opt/homebrew/bin",
        f"/opt/homebrew/opt/python@{text(version)}/bin",
        f"/Library/Frameworks/Python.framework/Versions/{text(version)}/bin",
    ):
        yield Path(folder) / name


def _uv_pythons(home: Path) -> Path:
    if chosen := os.environ.get("UV_PYTHON_INSTALL_DIR"):
        return Path(chosen)
    if WINDOWS:
        return Path(os.environ.get("APPDATA", home)) / "uv/data/python"
    return Path(os.environ.get("XDG_DATA_HOME", home / ".local/share")) / "uv/python"


def _patch_level(path: Path) -> tuple[int, ...]:
    """`…/3.13.10/bin/python3.13` as (3, 13, 10), so that 3.13.10 is newer than 3.13.9."""
    for part in path.parts[::-1]:
        digits = part.removeprefix("cpython-").split("-")[0].split(".")
        if len(digits) == 3 and all(digit.isdigit() for digit in digits):  # noqa: PLR2004 - X.Y.Z
            return tuple(int(digit) for digit in digits)
    return ()
