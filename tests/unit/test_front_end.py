"""project/front_end.py: what Node builds for a site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from djdock.project import front_end
from djdock.project.files import Texts
from djdock.project.front_end import FrontEnd


def package(script: str = "vite build", **more: Any) -> str:
    return json.dumps({"scripts": {"build": script} if script else {}, **more})


def one(texts: dict[str, str], *dependencies: str, node: str | None = None) -> FrontEnd:
    [found] = front_end.find(Texts(texts), dependencies, node)
    return found


def test_a_project_without_one() -> None:
    """No package.json, or one that is no JSON, is no front end."""
    assert front_end.find(Texts({"manage.py": ""})) == ()
    assert front_end.find(Texts({"package.json": "{", "x/package.json": "[]"})) == ()


def test_tools_alone_are_nothing_to_build() -> None:
    """A package.json for linters has no build script, so no stage is made for it."""
    found = one({"package.json": package("", devDependencies={"eslint": "9"})})
    assert not found.needs_build


def test_several_are_told_apart() -> None:
    """The one that must be built comes first; those of installed packages are none."""
    texts = {
        "package.json": package(""),
        "frontend/package.json": package(),
        "node_modules/x/package.json": package(),
        ".venv/lib/x/package.json": package(),
    }
    assert [found.folder for found in front_end.find(Texts(texts))] == ["frontend", ""]


@pytest.mark.parametrize(
    ("lock", "text", "manager", "version"),
    [
        ("package-lock.json", "{}", "npm", ""),
        ("yarn.lock", "", "yarn", ""),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm", "10"),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "pnpm", "8"),
        ("bun.lock", "{}", "bun", ""),
    ],
)
def test_the_lock_file_says_who_installs(lock: str, text: str, manager: str, version: str) -> None:
    """Another one would not read it, and install other versions."""
    found = one({"package.json": package(), lock: text})
    assert (found.manager, found.lock, found.manager_version) == (manager, lock, version)
    assert lock in found.manifests


def test_package_json_may_pin_who_installs() -> None:
    """`packageManager` names it and its version, unless the lock file is another one's."""
    found = one({"package.json": package(packageManager="pnpm@10.18.0+sha512.e8"), "pnpm-lock.yaml": ""})
    assert (found.manager, found.manager_version) == ("pnpm", "10.18.0")
    assert one({"package.json": package(packageManager="pnpm@9.0.0"), "yarn.lock": ""}).manager == "yarn"


@pytest.mark.parametrize(
    ("texts", "node"),
    [
        ({}, front_end.DEFAULT_NODE),
        ({".nvmrc": "v20.11.1\n"}, "20"),
        ({"web/.nvmrc": "18", ".nvmrc": "20"}, "18"),
        ({".node-version": "22"}, "22"),
        ({".nvmrc": "lts/*"}, front_end.DEFAULT_NODE),
        ({"engines": ">=22 <23"}, "22"),
        ({"engines": "20.x"}, "20"),
        ({"engines": ">=18"}, front_end.DEFAULT_NODE),
        ({"engines": "^18 || ^20"}, "20"),
    ],
)
def test_the_version_of_node(texts: dict[str, str], node: str) -> None:
    """As files for version managers say, then package.json; the long-term release where nothing does."""
    engines: dict[str, Any] = {"engines": {"node": texts["engines"]}} if "engines" in texts else {}
    found = one(
        {"web/package.json": package(**engines), **{path: text for path, text in texts.items() if path != "engines"}}
    )
    assert found.node == node


def test_a_dockerfile_may_say_the_version_of_node() -> None:
    """Where no other file does."""
    assert one({"package.json": package()}, node="18").node == "18"


@pytest.mark.parametrize(
    ("script", "texts", "outputs"),
    [
        ("vite build", {}, ("web/dist",)),
        ("vite build --outDir ../static/app", {}, ("static/app",)),
        (
            "tsc && vite build",
            {"web/vite.config.ts": "export default {build: {outDir: '../shop/dist'}}"},
            ("shop/dist",),
        ),
        (
            "vite build --config conf/vite.mjs",
            {"web/conf/vite.mjs": "root: resolve(__dirname, '..'), outDir: resolve(__dirname, '../../public/js')"},
            ("public/js",),
        ),
        ("webpack", {"web/webpack.config.js": "output: {path: path.resolve('./bundles/')}"}, ("web/bundles",)),
        ("tailwindcss -i a.css -o ../static/css/site.css --minify", {}, ("static/css/site.css",)),
        ("esbuild a.ts --bundle --outdir=out", {}, ("web/out",)),
        ("sass scss:css", {}, ("web/css",)),
        ("node build.js", {}, ()),
        ("vite build --outDir /elsewhere", {}, ()),
    ],
)
def test_where_the_result_goes(script: str, texts: dict[str, str], outputs: tuple[str, ...]) -> None:
    """As the command or its configuration says, relative to the root; what is not written out is not guessed."""
    assert one({"web/package.json": package(script), **texts}).outputs == outputs


def test_scripts_that_call_scripts() -> None:
    """A build of several steps is followed to what writes."""
    scripts = {"build": "npm run css && npm run js", "css": "sass a:b", "js": "esbuild --outfile=c.js"}
    assert one({"package.json": json.dumps({"scripts": scripts})}).outputs == ("c.js", "b")


def test_a_result_in_the_repository_needs_no_build() -> None:
    """Unless git ignores it: then it is this machine's own, and a clone has none."""
    texts = {"package.json": package("vite build --outDir static/app"), "static/app/app.js": ""}
    assert not one(texts).needs_build
    assert one({**texts, ".gitignore": "static/app/\n"}).needs_build
    assert one({**texts, "static/.gitignore": "app\n"}).needs_build


def test_an_install_that_wants_the_source_gets_it() -> None:
    """Workspaces, local packages and scripts that run on install find nothing where only manifests are copied."""
    assert one({"package.json": package(workspaces=["a"])}).manifests == ()
    assert one({"package.json": package(dependencies={"a": "file:./a"})}).manifests == ()
    assert one({"package.json": json.dumps({"scripts": {"build": "x", "postinstall": "y"}})}).manifests == ()
    assert one({"package.json": package()}).manifests == ("package.json",)


def test_the_django_package_that_serves_it() -> None:
    """Is named, where there is one."""
    assert one({"package.json": package()}, "django", "django-vite").used_by == "django-vite"
    assert one({"package.json": package()}, "django").used_by == ""
