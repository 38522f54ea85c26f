"""ENV and ARG stay in the image: https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/"""

from __future__ import annotations

import re

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "secret-in-image"
TITLE = "A secret in the image"
SEEN = "SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data"
CAUSE = (
    "Whoever has the image reads its ENV and ARG values with `docker history`, also those that a later line overwrites."
)
FIX = (
    "Hand it over when the container starts (environment, env_file); for a build: RUN "
    "--mount=type=secret, or a value for one RUN."
)
DOES = "Nothing: where the secret is to come from then, only you know. Change it: it has been published."

SECRET = re.compile(
    r"(?:^|_)(?:SECRET|PASSWORD|PASSWD|TOKEN|APIKEY|PRIVATE)(?:_|$)|SECRET_KEY|API_KEY|ACCESS_KEY|_PASS$"
)
NAME_AND_VALUE = re.compile(r"([A-Za-z_]\w*)(?:=|\s+)(\"[^\"]*\"|'[^']*'|\S+)")
# Values that are none: for the build alone, or filled in from outside.
DUMMY = re.compile(
    r"^\$|dummy|unused|build|placeholder|not[-_ ]?(?:used|secret)|changeme|^x+$|^[\"']{0,2}$|insecure|fake",
    re.IGNORECASE,
)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for dockerfile in docker_files.dockerfiles(case):
        for instruction in dockerfile.all("ENV", "ARG"):
            for name, value in NAME_AND_VALUE.findall(instruction.value):
                if SECRET.search(name.upper()) and not DUMMY.search(value.strip("\"'")):
                    what = f"{instruction.name} {name} writes a secret into the image, for all who have it"
                    where = f"{dockerfile.path}:{instruction.line}"
                    found.append(Finding(NAME, what, where, "Hand it over when the container starts; and change it."))
    return tuple(found)
