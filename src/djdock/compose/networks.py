"""Docker's networks: each takes a range of addresses, and without other settings there are about thirty of them."""

from __future__ import annotations

import re

from djdock.errors import Problem

# In the words of older engines, and of newer ones.
NONE_LEFT = re.compile(
    r"^.*(?:non-overlapping IPv4 address pool|address pools have been fully subnetted).*$", re.MULTILINE
)


def problem(output: str, *, again: str) -> Problem | None:
    """None where a failure did not come from networks; `again` is what to try then."""
    found = NONE_LEFT.search(output)
    if found is None:
        return None
    return Problem(
        "Docker has no range of addresses left for another network.",
        details=found[0].strip(),
        hint="Networks of projects that are gone: docker network ls, docker network rm NAME; of those that you do not "
        "need now: djdock down in each\n"
        f"Or give Docker more ranges: `default-address-pools` in its daemon.json. Then: {again}",
    )
