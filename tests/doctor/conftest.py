"""Projects that fail for real: a few files, Python code that runs in them, and what its exception says."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from djdock.doctor import diagnosis, report
from djdock.doctor.case import Case, Finding
from djdock.doctor.symptom import Step, from_report
from djdock.errors import Problem
from djdock.project.evaluation import evaluate
from djdock.project.files import Folder, Texts

# What the projects of these tests are made with: settings readers and Django, so that their own exceptions are met.
PACKAGES = (
    "django>=5.2,<5.3",
    "django-environ",
    "python-decouple",
    "environs",
    "psycopg[binary]",
    "redis",
    "whitenoise",
)
RUNNER = """
import json, sys
root, code = sys.argv[1:]
sys.path.insert(0, root)
try:
    exec(compile(code, "<code>", "exec"), {})
except BaseException as error:
    print("REPORT" + json.dumps(describe(error)))
"""

LOAD = "import settings"
DJANGO = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
"""
SQLITE = 'SECRET_KEY = "x"\nDATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}\n'

Fail = Callable[..., Case]


@pytest.fixture(scope="session")
def django_python() -> Iterator[str]:
    """The interpreter of an environment that has Django and the usual readers of variables."""
    with tempfile.TemporaryDirectory(prefix="djdock-doctor-") as folder:
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", folder, *PACKAGES], check=True)
        yield str(Path(folder) / "bin" / "python")


def run(root: Path, code: str, python: str, environment: Mapping[str, str]) -> Mapping[str, object]:
    """What report.py says of the exception that the code ends with."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [python, "-c", inspect.getsource(report) + RUNNER, str(root), code],
        cwd=root,
        env={**clean, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    [line] = [line for line in done.stdout.splitlines() if line.startswith("REPORT")] or [f"REPORT{{}} {done.stderr}"]
    found: Mapping[str, object] = json.loads(line.removeprefix("REPORT"))
    return found


@pytest.fixture
def fail(tmp_path: Path) -> Fail:
    """Writes a project, runs code in it, and gives the case with the symptom that it ended in."""

    def make(
        texts: Mapping[str, str],
        code: str,
        *,
        python: str = sys.executable,
        step: Step = "check",
        environment: Mapping[str, str] | None = None,
    ) -> Case:
        for path, text in texts.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        described = run(tmp_path, code, python, environment or {})
        case = of(texts, environment)
        return replace(case, files=Folder(tmp_path), symptom=from_report(described, step, str(tmp_path)))

    return make


def of(texts: Mapping[str, str], environment: Mapping[str, str] | None = None) -> Case:
    """The case of a project without a symptom; its settings are settings.py or …/settings.py."""
    files, given = Texts(texts), environment or {}
    path = next((path for path in texts if path.endswith("settings.py")), "")
    module = path.removesuffix(".py").replace("/", ".")
    try:
        reads = evaluate(files, module, path, given).reads if path else ()
    except Problem:  # settings with a syntax error read nothing
        reads = ()
    return Case(files, settings_file=path, reads=reads, variables=given)


def only(case: Case) -> Finding:
    """The one finding of the first rule that knows the symptom."""
    [found] = diagnosis.of(case)
    return found
