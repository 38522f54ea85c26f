"""How new containers take over from old ones while requests go on, and what happens when they cannot.

The order: the proxy keeps to the old containers; the new ones start beside them and become healthy; workers change; the
proxy turns to the new ones; the old ones finish what is under way, and end. Until the turn all of it is taken back when
something fails. What a run that was killed left behind is put in order by the next one.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from djdock import state
from djdock.deploy.single_host import containers, failures, health, proxy
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.project import Project, call
from djdock.errors import Problem
from djdock.plan.production.compose import SITE
from djdock.service import Progress

# Seconds from the proxy's turn until the old containers are told to end: what it had read by then has reached them.
DRAIN = 1.0
# How much longer than the site a worker may take to load the project, and to find that it cannot.
SLOWER = 1.5
# In the env file: how many containers serve the site, where that is not just how many there are.
REPLICAS = "WEB_REPLICAS"
# What a rollout that has begun is remembered by: the ids of the containers that served then.
NOTE = "rollout.json"


def serving(project: Project) -> tuple[Container, ...]:
    """The containers that serve the site: not those that a rollout which was killed has left beside them."""
    found = [container for container in containers.find(project.name, SITE) if container.running]
    before = _noted(project.site.root)
    if known := [container for container in found if container.id in before]:
        return tuple(known)
    best = next((container for container in found if container.healthy), None) or next(iter(found), None)
    return tuple(container for container in found if best and container.definition == best.definition)


def begin(project: Project, progress: Progress) -> None:
    """Starts a site of which nothing runs yet: web, workers, then the proxy.

    Raises:
        Problem: something does not come up; what was started for it is gone again, data aside.
    """
    try:
        progress("starting web")
        _up(project, ["--force-recreate", SITE])
        seconds = health.wait(project, containers.find(project.name, SITE), progress)
        _renew_workers(project, progress, seconds)
        proxy.up(project)
        proxy.release(project)
        _forget(project.site.root)
    except BaseException:
        leftovers = [one for name in (SITE, *project.workers) for one in containers.find(project.name, name)]
        containers.remove(leftovers)
        raise


def take_over(project: Project, old: Sequence[Container], progress: Progress) -> None:
    """Replaces the containers that serve by new ones, without a request that fails.

    Raises:
        Problem: the new ones do not work; the old ones serve as before.
    """
    proxy.prepare(project)
    kept = proxy.keep(project, old)
    _note(project.site.root, old)
    workers_changed = False
    try:
        containers.remove(_others(project, old))
        new = _start_beside(project, old, progress)
        seconds = health.wait(project, new, progress)
        workers_changed = bool(project.workers)
        _renew_workers(project, progress, seconds)
        progress("turning to the new version")
        proxy.turn(project, new, kept)
    except BaseException:
        progress("going back")
        _take_back(project, old, workers=workers_changed)
        raise
    time.sleep(DRAIN)
    progress("letting the old version end")
    containers.remove((*old, *outdated(project)))
    proxy.release(project)
    _forget(project.site.root)
    proxy.up(project)


def outdated(project: Project) -> tuple[Container, ...]:
    """Containers with the project's code of services that the file has no longer: a worker that is gone, say."""
    own = repository(project.site.image)
    return tuple(
        container
        for container in containers.find(project.name)
        if container.service not in project.services and repository(container.image) == own
    )


def repository(image: str) -> str:
    """The name of an image without its tag or digest."""
    name = image.partition("@")[0]
    last = name.rpartition("/")[2]
    return name.removesuffix(f":{last.partition(':')[2]}")


def _start_beside(project: Project, old: Sequence[Container], progress: Progress) -> tuple[Container, ...]:
    progress("starting the new version beside the old one")
    wanted = project.site.values.get(REPLICAS, "")
    count = int(wanted) if wanted.isdecimal() and int(wanted) else len(old)
    _up(project, ["--no-recreate", "--scale", f"{SITE}={len(old) + count}", SITE])
    return _others(project, old)


def _renew_workers(project: Project, progress: Progress, seconds: float) -> None:
    """Gives workers the new image, as many of each as there were; `seconds` is what the site needed to get ready.

    Before the site turns to it: a worker of the new version knows the tasks of both, and one of the old version would
    throw new ones away. Compose stops the old container before it starts the new one: there are never two schedulers.
    """
    if not project.workers:
        return
    progress(f"starting {' and '.join(project.workers)} anew")
    scale = []
    for name in project.workers:
        scale += ["--scale", f"{name}={max(1, containers.count(project.name, name))}"]
    _up(project, ["--force-recreate", *scale, *project.workers])
    found = [one for name in project.workers for one in containers.find(project.name, name)]
    # They load the same code on the same machine: by then one that cannot has ended.
    health.wait(project, found, progress, max(health.STEADY, SLOWER * seconds))


def _take_back(project: Project, old: Sequence[Container], *, workers: bool) -> None:
    """Leaves the old version as it was. A second interruption ends this, too; the next run goes on from there."""
    # First of all: the proxy may have turned already, and the new containers end now.
    with contextlib.suppress(Problem):
        proxy.keep(project, old)
    containers.remove(_others(project, old))
    if workers:
        with contextlib.suppress(Exception):
            _renew_workers(project.with_image(containers.made_from(old[0])), lambda _: None, 0)
    proxy.release(project)
    _forget(project.site.root)


def _others(project: Project, known: Sequence[Container]) -> tuple[Container, ...]:
    ids = {container.id for container in known}
    return tuple(container for container in containers.find(project.name, SITE) if container.id not in ids)


def _up(project: Project, arguments: Sequence[str]) -> None:
    done = call(project.site, ["up", "--detach", "--no-deps", "--quiet-pull", *arguments])
    if not done.ok:
        raise failures.diagnose(project, done.text)


def _noted(root: Path) -> frozenset[str]:
    with contextlib.suppress(OSError, ValueError):
        return frozenset(json.loads((state.folder(root) / NOTE).read_text(encoding="utf-8")))
    return frozenset()


def _note(root: Path, old: Sequence[Container]) -> None:
    (state.folder(root) / NOTE).write_text(json.dumps([container.id for container in old]), encoding="utf-8")


def _forget(root: Path) -> None:
    (state.folder(root) / NOTE).unlink(missing_ok=True)
