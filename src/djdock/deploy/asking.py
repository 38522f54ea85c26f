"""Questions that only the new image can answer, in the project's own interpreter and production's environment."""

from __future__ import annotations

import json
from typing import Any

from djdock.deploy.targets.target import Site, Target
from djdock.process import Result

# Begins the line with the answer: a project may print what it likes before and after.
MARK = "djdock:"


def ask(target: Target, site: Site, script: str) -> tuple[Result, Any]:
    """Runs a script that leaves its answer in `found`; the answer is None where it did not get that far.

    In `shell` and not as a file: settings are loaded as ever.
    """
    code = f"{script}\nimport json\nprint({MARK!r} + json.dumps(found))\n"
    done = target.manage(site, ("shell", "-v", "0", "-c", code))
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    return done, None if line is None else json.loads(line.removeprefix(MARK))
