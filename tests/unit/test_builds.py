"""compose/builds.py and deploy/image.py: what BuildKit and registries say, told in a sentence with what to do."""

from __future__ import annotations

import pytest

from djdock.compose import builds
from djdock.compose.builds import BuildFailed
from djdock.deploy import image
from djdock.errors import Problem

OUTPUT = """\
#4 [internal] load metadata for docker.io/library/python:3.13-slim-trixie
#4 DONE 0.0s

#5 [base 1/1] FROM docker.io/library/python:3.13-slim-trixie
#5 DONE 0.0s

#8 [site 1/8] COPY --from=dependencies /opt/venv /opt/venv
#8 CACHED

#14 [site 3/8] COPY . .
#14 DONE 0.2s
"""


def test_steps_are_counted() -> None:
    """Those of the Dockerfile, without what BuildKit does for itself and without base images."""
    assert builds.steps(OUTPUT) == builds.Steps(2, 1)
    assert builds.steps("") == builds.Steps(0, 0)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("#9 0.31 OSError: [Errno 28] No space left on device", "is full"),
        ("#9 0.35 exec /bin/sh: exec format error", "cannot run programs for the processor"),
        (
            "ERROR: docker.io/library/python:3.13: no match for platform in manifest: not found",
            "not exist for this plat",
        ),
        ('target stage "production" could not be found', "no stage `production`"),
        ("target stage development could not be found", "no stage `development`"),
        ("failed to solve: failed to reach build target development in Dockerfile", "no stage `development`"),
    ],
)
def test_what_no_line_of_the_dockerfile_is_to_blame_for(said: str, cause: str) -> None:
    """It is named as what it is, with the line that says it, and not as a step that failed."""
    found = builds.problem(f"{OUTPUT}#9 [site 4/8] RUN pip\n{said}\n#9 ERROR: it failed\n", again="djdock build")
    assert found is not None
    assert not isinstance(found, BuildFailed)
    assert cause in found.cause
    assert found.details in said
    assert "djdock build" in found.hint


def test_a_step_that_failed() -> None:
    """Its instruction and its output are the evidence; a build that did not fail has no problem."""
    found = builds.problem(f"{OUTPUT}#9 [site 4/8] RUN false\n#9 0.1 oh\n#9 ERROR: exit code: 1\n", again="djdock up")
    assert isinstance(found, BuildFailed)
    assert found.details.splitlines()[:2] == ["[site 4/8] RUN false", "0.1 oh"]
    assert found.stage == "site"
    assert builds.problem(OUTPUT, again="djdock up") is None


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("blog", True),
        ("blog:1.0", True),
        ("registry.example.com:5000/shop/blog:1.0-rc_1", True),
        ("localhost/blog", True),
        ("Blog", False),
        ("blog:", False),
        ("-blog", False),
        ("blog:1.0 --push", False),
        ("", False),
    ],
)
def test_names_of_images(name: str, fine: bool) -> None:
    """What Docker would refuse later is refused before anything is built."""
    if fine:
        image.check(image.Order(tags=(name,)))
        return
    with pytest.raises(Problem, match="no name of an image"):
        image.check(image.Order(tags=(name,)))


def test_a_push_needs_a_registry() -> None:
    """A bare name would go to the public registry."""
    image.check_names(("registry.example.com/blog:1",))
    with pytest.raises(Problem, match="does not say where"):
        image.check_names(("registry.example.com/blog:1", "blog:1"))
