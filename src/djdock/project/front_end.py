"""A front end that Node builds: where its package.json is, who installs and builds it, and where the result goes."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project.files import Files

# The long-term support release. https://nodejs.org/en/about/previous-releases
DEFAULT_NODE = "24"
# Lock files by who writes them; the first one that is there counts.
LOCKS: tuple[tuple[str, str], ...] = (
    ("pnpm-lock.yaml", "pnpm"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("yarn.lock", "yarn"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
# The scripts that make what is delivered, in order of preference.
SCRIPTS = (
    "build",
    "build:prod",
    "build:production",
    "production",
    "prod",
    "build-prod",
    "build:all",
    "compile",
    "dist",
)
# Folders that no front end of the project's own is in.
SKIPPED = re.compile(
    r"\..*|node_modules|bower_components|venv|env|site-packages|staticfiles|media|vendor|docs?|tests?|e2e"
)
DEPTH, MANY = 3, 400
VITE = ("vite.config.js", "vite.config.ts", "vite.config.mjs", "vite.config.mts", "vite.config.cjs", "vite.config.cts")
WEBPACK = (
    "webpack.config.js",
    "webpack.prod.js",
    "webpack/prod.config.js",
    "webpack/common.config.js",
    "webpack.common.js",
    "webpack.config.babel.js",
    "config/webpack.config.js",
    "config/webpack.prod.js",
)
TEXT = re.compile(r"""(['"`])((?:(?!\1)[^$\n])*)\1""")
# `-o app.css`, `--outdir=dist` … as build commands take them.
OPTION = re.compile(
    r"(?:\s-o|\s-d|--output(?:-path|-dir)?|--out-?dir|--outDir|--outfile|--out-file|--dist-dir|--dir)[\s=]+([^\s;&|]+)"
)
SASS = re.compile(r"\bsass\b[^;&|]*?\s([\w./-]+):([\w./-]+)")


@dataclass(frozen=True)
class FrontEnd:
    """A package.json with something to build.

    Attributes:
        folder: where it is, relative to the project's root; empty for the root.
        manager: `npm`, `yarn`, `pnpm` or `bun`.
        manager_version: the version that package.json pins, or empty.
        lock: the name of its lock file, or empty.
        script: the name of the script that builds it; empty where there is none.
        outputs: where the result goes, relative to the root, as far as the configuration says so.
        node: the major version of Node.
        evidence: the path of package.json, and what else tells.
        used_by: the Django package that serves the result, such as `django-vite`; empty where none does.
        committed: the result is in the repository, so that nothing has to be built to run the site.
        manifests: the files that say what to install; empty where installing wants the source too.
    """

    folder: str
    manager: str
    manager_version: str
    lock: str
    script: str
    outputs: tuple[str, ...]
    node: str
    evidence: str
    used_by: str = ""
    committed: bool = False
    manifests: tuple[str, ...] = ()

    @property
    def needs_build(self) -> bool:
        """Whether the site is incomplete until this was built."""
        return bool(self.script) and not self.committed

    def path(self, name: str) -> str:
        """A path below its folder, relative to the root."""
        return posixpath.normpath(posixpath.join(self.folder, name))


# Django packages that serve what Node builds.
SERVERS = (
    "django-vite",
    "django-vite-plugin",
    "django-webpack-loader",
    "django-webpack-boilerplate",
    "python-webpack-boilerplate",
    "django-tailwind",
    "django-manifest-loader",
    "django-node-assets",
    "django-compressor",
    "django-libsass",
)


def find(files: Files, dependencies: Iterable[str] = (), node: str | None = None) -> tuple[FrontEnd, ...]:
    """All front ends of a project, those that must be built first; `node` is the version that a Dockerfile names."""
    names = set(dependencies)
    server = next((name for name in SERVERS if name in names), "")
    found = []
    for folder in _folders(files):
        package = _package(files, posixpath.join(folder, "package.json"))
        if package is not None:
            found.append(_front_end(files, folder, package, (server, node)))
    return tuple(
        sorted(found, key=lambda one: (not one.needs_build, not one.script, one.folder.count("/"), one.folder))
    )


def _folders(files: Files) -> Iterator[str]:
    """The folders that hold a package.json, the root first."""
    level, seen = [""], 0
    for _ in range(DEPTH + 1):
        below = []
        for folder in level:
            names = files.names(folder)
            seen += 1
            if "package.json" in names:
                yield folder
            below += [
                posixpath.join(folder, name.rstrip("/"))
                for name in names
                if name.endswith("/") and not SKIPPED.fullmatch(name.rstrip("/"))
            ]
            if seen > MANY:
                return
        level = below


def _package(files: Files, path: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(files.read(path) or "null")
    except (Problem, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _front_end(files: Files, folder: str, package: Mapping[str, object], told: tuple[str, str | None]) -> FrontEnd:
    names = {name.rstrip("/") for name in files.names(folder)}
    manager, version, lock = _manager(package, names)
    if manager == "pnpm" and lock and not version:
        version = _pnpm(_text(files, posixpath.join(folder, lock)))
    scripts = _texts(package.get("scripts"))
    script = next((name for name in SCRIPTS if name in scripts), "")
    outputs = tuple(dict.fromkeys(_outputs(files, folder, _expanded(scripts, script)))) if script else ()
    return FrontEnd(
        folder=folder,
        manager=manager,
        manager_version=version,
        lock=lock,
        script=script,
        outputs=outputs,
        node=_node(files, folder, package) or told[1] or DEFAULT_NODE,
        evidence=posixpath.join(folder, "package.json"),
        used_by=told[0],
        manifests=_manifests(package, scripts, names),
        committed=bool(outputs) and all(_is_committed(files, output) for output in outputs),
    )


def _manifests(package: Mapping[str, object], scripts: Mapping[str, str], names: set[str]) -> tuple[str, ...]:
    """What to copy before the install, so that its layer stays the same while source changes."""
    runs_source = {"preinstall", "install", "postinstall", "prepare"} & scripts.keys()
    local = re.search(r'"(?:file|link|workspace|portal):', json.dumps(package))
    if runs_source or local or "workspaces" in package or "pnpm-workspace.yaml" in names:
        return ()
    wanted = {"package.json", ".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", *(lock for lock, _ in LOCKS)}
    return tuple(sorted(wanted & names))


def _manager(package: Mapping[str, object], names: set[str]) -> tuple[str, str, str]:
    """(manager, its pinned version, lock file)."""
    lock, manager = next(((lock, manager) for lock, manager in LOCKS if lock in names), ("", "npm"))
    named = re.match(r"(npm|yarn|pnpm|bun)@(\d+(?:\.\d+)*)", str(package.get("packageManager") or ""))
    if named and (not lock or named[1] == manager):
        return named[1], named[2], lock
    return manager, "", lock


def _pnpm(lock: str) -> str:
    """The major version of pnpm that can read a lock file."""
    match = re.search(r"^lockfileVersion:\s*['\"]?(\d+)", lock, re.MULTILINE)
    return {"5": "7", "6": "8"}.get(match[1] if match else "", "10")


def _texts(value: object) -> dict[str, str]:
    return {str(key): item for key, item in value.items() if isinstance(item, str)} if isinstance(value, dict) else {}


def _expanded(scripts: Mapping[str, str], name: str) -> str:
    """A script with the scripts that it calls, and those that run before and after it."""
    found, waiting = [], [f"pre{name}", name, f"post{name}"]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop(0)
        if wanted in seen or wanted not in scripts:
            continue
        seen.add(wanted)
        found.append(scripts[wanted])
        waiting += re.findall(r"(?:npm run|yarn(?: run)?|pnpm(?: run)?|bun run|run-[sp])\s+([\w:.-]+)", scripts[wanted])
        waiting += [other for other in scripts if other.startswith(f"{wanted}:") and "run-" in scripts[wanted]]
    return " ; ".join(found)


def _outputs(files: Files, folder: str, command: str) -> Iterator[str]:
    """Where a build command writes to, relative to the root."""
    for written in (*OPTION.findall(command), *(pair[1] for pair in SASS.findall(command))):
        if inside := _inside(folder, written.strip("\"'")):
            yield inside
    if re.search(r"\bvite\b(?!.*--outDir)", command):
        yield from _vite(files, folder, command)
    if "webpack" in command:
        yield from _webpack(files, folder, command)


def _vite(files: Files, folder: str, command: str) -> Iterator[str]:
    named = re.search(r"--config[\s=]+(\S+)", command)
    candidates = [named[1]] if named else VITE
    path = next((path for name in candidates if (path := _inside(folder, name)) and _text(files, path)), "")
    text, base = _text(files, path), posixpath.dirname(path) if path else folder
    root = _paths_of(r"\broot\s*:", text)
    # Without an absolute root Vite starts from the folder that it is called in.
    start = _inside(base if root and "__dirname" in root[0] else folder, root[1]) if root else folder
    out = _paths_of(r"\boutDir\s*:", text)
    if out is None:
        found = _inside(start or "", "dist")
    else:
        found = _inside(base if "__dirname" in out[0] or "import.meta" in out[0] else start or "", out[1])
    if found:
        yield found


def _webpack(files: Files, folder: str, command: str) -> Iterator[str]:
    named = re.search(r"--config[\s=]+(\S+)", command)
    for name in (named[1],) if named else WEBPACK:
        path = _inside(folder, name)
        text = _text(files, path or "")
        for match in re.finditer(r"\bpath\s*:\s*(path\.(?:resolve|join)\([^)]*\)|['\"][^'\"]+['\"])", text):
            parts = [part[1] for part in TEXT.findall(match[1])]
            base = posixpath.dirname(path or "") if "__dirname" in match[1] else folder
            if parts and (inside := _inside(base, posixpath.join(*parts))):
                yield inside


def _paths_of(key: str, text: str) -> tuple[str, str] | None:
    """(the expression, the path in it) that a key of a configuration has; only what is written out."""
    match = re.search(rf"{key}\s*(\w[\w.]*\([^)]*\)|[^,\n]*)", text)
    parts = [part[1] for part in TEXT.findall(match[1])] if match else []
    return (match[1], posixpath.join(*parts)) if match and parts else None


def _text(files: Files, path: str) -> str:
    try:
        return files.read(path) or "" if path else ""
    except Problem:
        return ""


def _inside(folder: str, path: str) -> str | None:
    """A path relative to the root, or None where it leads out of the project."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith(("..", "/", ".")) else joined


def _is_committed(files: Files, output: str) -> bool:
    """Whether something is there, and .gitignore does not name its folder."""
    folder, name = posixpath.split(output)
    there = files.names(output) or name in files.names(folder)
    if not there:
        return False
    parts = output.split("/")
    ignored = set()
    for depth in range(len(parts)):
        above = "/".join(parts[:depth])
        for line in _text(files, posixpath.join(above, ".gitignore")).splitlines():
            pattern = line.strip().strip("/")
            if pattern and not pattern.startswith(("#", "!")):
                ignored.add(posixpath.join(above, pattern) if "/" in pattern else pattern)
    places = {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return not (ignored & (places | set(parts)))


def _node(files: Files, folder: str, package: Mapping[str, object]) -> str | None:
    """The major version of Node that a project asks for."""
    for name in (".nvmrc", ".node-version"):
        for place in dict.fromkeys((posixpath.join(folder, name), name)):
            if match := re.match(r"\s*v?(\d+)", _text(files, place)):
                return match[1]
    volta = _texts(package.get("volta")).get("node", "")
    engines = _texts(package.get("engines")).get("node", "")
    if match := re.match(r"\D*(\d+)", volta):
        return match[1]
    majors = [int(major) for major in re.findall(r"(?<![\d.])(\d{1,2})(?=[.\sx*]|$)", engines)]
    if not majors:
        return None
    if engines.lstrip().startswith((">=", ">")) and "<" not in engines:
        return str(max(int(DEFAULT_NODE), majors[0]))
    limit = re.search(r"<(=?)\s*(\d+)", engines)
    fitting = [major for major in majors if limit is None or major < int(limit[2]) or limit[1]]
    return str(max(fitting or majors))
