"""The benchmark of servers, for real, for a second."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import benchmarks
from tests import tools

pytestmark = pytest.mark.docker


def standing(folder: Path) -> set[str]:
    """Containers, networks and images of benchmarks."""
    kinds = (["ps", "--all", "--format", "{{.Names}}"], ["network", "ls", "--format", "{{.Name}}"], ["image", "ls"])
    lines = (line for kind in kinds for line in tools.run(["docker", *kind], folder).ok().out.splitlines())
    return {line.split()[0] for line in lines if re.match(r"(djdock-)?benchmark-(?!load)", line)}


def test_a_second_of_load(workspace: Path) -> None:
    """Both servers answer each page without a failure, the table is whole, and nothing of it stays behind."""
    before = standing(workspace)
    words = ("serving", "--runs", "1", "--seconds", "1", "--connections", "4", "--without-tutorial")
    done = tools.run((sys.executable, "-m", "benchmarks", *words), Path(benchmarks.__file__).parents[1]).ok()
    assert "### Serving\n" in done.out
    for page in ("A page with one query", "The same page without a database", "A static file"):
        assert f"**{page}" in done.out
    lines = [line.strip("| ").split("|") for line in done.out.splitlines() if line.startswith("| djdock's image")]
    assert [line[-1].strip() for line in lines[:3]] == ["0", "0", "0"]
    assert all(int(line[1].replace(",", "")) > 20 for line in lines[:3])
    assert float(lines[3][1].strip().removesuffix(" MB")) > 20
    alone = re.search(r"Django's own work takes ([\d.]+) ms of CPU .* ([\d.]+) ms for the same page", done.out)
    assert alone is not None
    assert float(alone[1]) > float(alone[2]) > 0.05
    assert "no request fails; 0 failed" in done.out
    assert standing(workspace) <= before
