"""dclint finds nothing in stack.yaml, and Docker's client takes every shape of it without a word of what it ignores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from djdock.deploy.targets import swarm
from djdock.plan.production.release import STACK_FILE
from djdock.project.files import Texts
from tests import tools
from tests.unit.kubernetes import releases

DCLINT = "dclint@3.1.0"
# Rules for files of Compose that have no meaning for a stack: `name` is refused, clients older than 23 want `version`,
# and nothing can be published on one address alone. The file switches them off itself, in its first line.
NOT_FOR_STACKS = {"require-project-name-field", "no-version-field", "no-unbound-port-interfaces"}
GIVEN = {"IMAGE": "shop:1", "ALLOWED_HOSTS": "shop.example.com"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack for each shape of project."""
    place = tmp_path_factory.mktemp("stacks")
    for name, release in releases.ALL.items():
        (place / name).mkdir()
        for change in swarm.files(Texts({}), release):
            (place / name / change.path).write_text(change.after)
    return place


@pytest.mark.skipif(not shutil.which("npx"), reason="there is no npm to install dclint with")
def test_dclint_finds_nothing(folder: Path) -> None:
    """But for three rules that are none of Swarm's, which do speak up in a copy that switches none off."""
    npx = ["npx", "--yes", DCLINT]
    done = tools.run([*npx, *(f"{name}/{STACK_FILE}" for name in releases.ALL)], folder, timeout=120).ok()
    assert "warning" not in done.out
    text = (folder / "workers" / STACK_FILE).read_text()
    first, _, rest = text.partition("\n")
    assert set(first.removeprefix("# dclint disable ").split()) == NOT_FOR_STACKS
    (folder / "bare" / "loud.yaml").write_text(rest)
    found = tools.run([*npx, "bare/loud.yaml"], folder, timeout=120).all
    assert all(rule in found for rule in NOT_FOR_STACKS)


@pytest.mark.docker
@pytest.mark.parametrize("name", releases.ALL)
def test_the_client_takes_it(folder: Path, name: str) -> None:
    """With all variables it says nothing on the side; without the image it names what is missing."""
    argv = ["docker", "stack", "config", "--compose-file", STACK_FILE]
    assert tools.run(argv, folder / name, env=GIVEN).ok().err == ""
    missing = tools.run(argv, folder / name, env={**GIVEN, "IMAGE": ""})
    assert missing.code != 0
    assert "IMAGE is missing a value: is missing in .env.production" in missing.err
