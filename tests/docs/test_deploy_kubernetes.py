"""docs/how-to/deploy-kubernetes.md: what it lets its reader do without a cluster, and what it says of the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from djdock.deploy.targets import kubernetes
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.release import KUBERNETES_FOLDER
from djdock.project.files import Texts
from tests import tools
from tests.docs import test_facts, walk
from tests.unit.kubernetes import releases

PAGE = "docs/how-to/deploy-kubernetes.md"


@pytest.mark.kubectl
def test_the_files_can_be_looked_at_first(tmp_path: Path) -> None:
    """Who follows the first section has files that kubectl renders, with the site's name in them, and no secret."""
    reader = walk.Reader(tmp_path)
    reader.follow(walk.blocks(PAGE, "## Look at the files first"))

    objects = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(reader.last) if one}
    assert objects["Ingress", "web"]["spec"]["rules"][0]["host"] == "blog.example.com"
    assert not [kind for kind, _name in objects if kind == "Secret"]
    assert not (reader.folder / "k8s").exists()
    assert not (reader.folder / "secrets").exists()
    assert "blog.example.com" in (tmp_path / "blog-production" / texts.CONFIG).read_text()


def test_the_table_names_every_file() -> None:
    """Each file that some project gets has its row, and no row is of a file that there is not."""
    written = {change.path for release in releases.ALL.values() for change in kubernetes.files(Texts({}), release)}
    rows = [row[0].strip("` ") for row in test_facts.table(PAGE, "## Look at the files first")]
    named = {f"{KUBERNETES_FOLDER}/{row}" for row in rows}
    kustomizations = {texts.RELEASE, f"{texts.BASE}/kustomization.yaml"}
    assert {path for path in named if not path.endswith("/")} == written - kustomizations
    assert {path for path in named if path.endswith("/")} == {texts.RELEASE.removesuffix("kustomization.yaml")}


def test_commands_of_the_files_are_those_of_the_page() -> None:
    """What the page lets people type for secrets stands in the files too, word for word but for line ends."""
    page = " ".join((Path(tools.__file__).parents[1] / PAGE).read_text(encoding="utf-8").replace("\\\n", " ").split())
    files = texts.texts(releases.PLAIN)
    for path in (f"{texts.BASE}/database.yaml", f"{texts.OVERLAY}/kustomization.yaml"):
        [command] = re.findall(r"# +(kubectl create secret (?:.*\\\n *#)*.*)", files[path])
        words = " ".join(re.sub(r"\\\n *#", " ", command).split())
        assert words in page
