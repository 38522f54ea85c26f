"""Docker Swarm, by `docker stack deploy` and nothing else. https://docs.docker.com/engine/swarm/stack-deploy/"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from djdock.database import dump as dumps
from djdock.deploy import secrets
from djdock.deploy.stacks import cluster, jobs, services, stack_file
from djdock.deploy.stacks.services import Failed, Goal, Service
from djdock.deploy.stacks.stack_file import Stack
from djdock.deploy.targets.target import Progress, Site
from djdock.errors import Problem, last_lines
from djdock.plan.change import Change, generate
from djdock.plan.production import caddy, stack_names
from djdock.plan.production import stack as stack_text
from djdock.plan.production.release import ENV_FILE, PORT, STACK_CADDYFILE, STACK_FILE, Release
from djdock.process import Result, run
from djdock.project.files import Files

NAME = "swarm"
TITLE = "Docker Swarm"

# What holds data; what ends by itself, the migration among it, which djdock runs on its own; what visitors meet.
DATA, JOBS, FRONT = ("db", "redis"), ("migrate",), ("web", "proxy")


def files(files: Files, release: Release) -> tuple[Change, ...]:
    """stack.yaml, and the proxy's configuration."""
    return (
        generate(files, STACK_FILE, stack_text.text(release), "the stack for Docker Swarm"),
        generate(files, STACK_CADDYFILE, caddy.for_swarm(release), "the proxy before the site, on Docker Swarm"),
    )


def missing(root: Path) -> Problem | None:
    """None when the engine manages a Swarm."""
    del root  # the engine that Docker's context names, wherever one stands
    return cluster.obstacle()


def claimed(site: Site) -> Problem | None:
    """None where neither the stack has a database nor this node a volume for it."""
    stack = stack_file.stack_name(site)
    name = f"{stack}_db"
    if "db" not in services.find(stack) and not run(["docker", "volume", "inspect", name]).ok:
        return None
    return secrets.lost(
        f"The stack {stack}",
        f"Another project of the same name? Write {stack_names.STACK_NAME}={stack}-2 into {ENV_FILE}, then: "
        "djdock deploy swarm",
    )


def place(site: Site) -> str:
    """The stack, the node that is asked, and how many there are."""
    found = cluster.nodes()
    here = next((node.name for node in found if node.here), "?")
    many = f"{len(found)} nodes" if len(found) > 1 else "1 node"
    return f"stack {stack_file.stack_name(site)} on the Swarm of {here} ({many}; context {cluster.context()})"


def running(site: Site) -> str | None:
    """The image of the service web, as its last deployment named it."""
    web = services.find(stack_file.stack_name(site)).get("web")
    return web.image if web else None


def needs_registry(site: Site) -> Problem | None:
    """None when the Swarm has one node, which builds the image, or the name leads to a registry."""
    return _obstacle(site.image, len(cluster.nodes()))


def preview(site: Site) -> Sequence[str]:
    """What will change: labels of nodes, new services and images, new secrets, and what is in no file any more."""
    there = services.find(stack_file.stack_name(site))
    stack = stack_file.read(site, keep=_counts(there), planned=True)
    return tuple(_preview(site, stack, there, cluster.nodes()))


def _on_nodes(site: Site, nodes: Sequence[cluster.Node]) -> Iterator[str]:
    for label in cluster.unlabelled(_labels(site.release), nodes):
        yield f"label node {nodes[0].name}: {label}=true" if len(nodes) == 1 else f"a node needs the label {label}=true"
    if len(nodes) > 1 and not stack_file.is_in_registry(site.image):
        yield f"{site.image} is on this machine only, and the Swarm has {len(nodes)} nodes: it has to go to a registry"


def _preview(site: Site, stack: Stack, there: dict[str, Service], nodes: Sequence[cluster.Node]) -> Iterator[str]:
    yield from _on_nodes(site, nodes)
    if not there:
        for kind in ("network", "volume"):
            yield from (f"create {kind} {stack.scoped(name)}" for name in stack.document.get(f"{kind}s") or ())
    yield from _new_texts(stack)
    staying = {name: service for name, service in stack.services.items() if name not in JOBS}
    for name, service in staying.items():
        image = stack.filled(str(service.get("image", "")))
        if name not in there:
            yield f"create {name} ({image})"
        elif there[name].image != image:
            yield f"{name}: {there[name].image} → {image}"
        if name in there and stack_names.replicas(name) not in site.values:
            yield from _kept(name, there[name], service)
    for name, running in there.items():
        if name not in stack.services and not name.startswith("job-"):
            yield f"{name} is not in {STACK_FILE} any more, and goes on; to end it: docker service rm {running.name}"


def _new_texts(stack: Stack) -> Iterator[str]:
    """Secrets and configs that are not in the Swarm yet."""
    for kind in ("secret", "config"):
        known = services.names_of(kind, stack.name)
        for entry in (stack.document.get(f"{kind}s") or {}).values():
            name = stack.filled(str((entry or {}).get("name", "")))
            if name and name not in known:
                yield f"create {kind} {name}"


def _kept(name: str, running: Service, service: Mapping[str, Any]) -> Iterator[str]:
    """That a service was scaled by hand, where the file leaves the number to a variable."""
    said = str((service.get("deploy") or {}).get("replicas", ""))
    if stack_names.replicas(name) in said and running.replicas and f"-{running.replicas}}}" not in said:
        variable = stack_names.replicas(name)
        yield f"{name} keeps its {running.replicas} tasks; {variable} in the env file would change that"


def manage(site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
    """Runs a management command as a job of the stack, which is removed afterwards."""
    nodes = cluster.nodes()
    _check_image(site.image, nodes)
    pinned = not cluster.unlabelled(_labels(site.release), nodes)
    return jobs.run_once(_read(site, {}), ("python", "manage.py", *arguments), stdin, pinned=pinned)


def start_database(site: Site, progress: Progress) -> None:
    """Labels the only node, and starts the database and Redis."""
    nodes = cluster.nodes()
    cluster.give_labels(_labels(site.release), nodes)
    there = services.find(stack_file.stack_name(site))
    stack = _read(site, there)
    wanted = [name for name in DATA if name in stack.services]
    if not wanted:
        return
    try:
        _bring(site, stack, wanted, progress)
    except Failed as failed:
        what = f"{failed.service.partition('_')[2]} does not come up"
        raise services.problem(failed, what, "The site was left as it is.") from None


def dump(site: Site, place: Path) -> None:
    """pg_dump in the database's own container, which has to be on the node that is asked."""
    database = site.release.database
    if database is None:
        raise Problem("The database is not the release's own.", hint="Dump it where it is: pg_dump --format=custom")
    name = f"{stack_file.stack_name(site)}_db"
    task = next((task for task in services.tasks(name) if task.running), None)
    if task is None:
        raise Problem(
            "The database does not run, so it cannot be dumped.",
            hint=f"See why: docker service ps --no-trunc {name}\nOr go on without: djdock deploy swarm --no-dump",
        )
    if not run(["docker", "container", "inspect", task.container]).ok:
        node = next((node for node in cluster.nodes() if node.id == task.node), None)
        where = f"{node.name} ({node.address})" if node else task.node
        raise Problem(
            f"The database runs on node {where}, and its container can be reached from there only.",
            hint=f"Dump it there: docker exec $(docker ps --quiet --filter name={name}) "
            f"pg_dump --format=custom --username={database.user} {database.name} > blog.dump\n"
            "Then: djdock deploy swarm --no-dump",
        )
    words = ["pg_dump", "--format=custom", f"--username={database.user}", f"--dbname={database.name}"]
    dumps.write(["docker", "exec", task.container, *words], dict(os.environ), place)


def migrate(site: Site, progress: Progress) -> None:
    """Runs the stack's migration once, with the new image."""
    nodes = cluster.nodes()
    _check_image(site.image, nodes)
    progress("migrating")
    done = jobs.run_once(_read(site, {}))
    if not done.ok:
        raise Problem(
            "A migration failed. Nothing was switched: what served the site goes on.",
            details=last_lines(done.text, 20),
            hint="Correct what the last line says, then: djdock deploy swarm",
        )


def switch(site: Site, progress: Progress) -> None:
    """Updates the site, then its workers; what fails goes back to the version before."""
    there = services.find(stack_file.stack_name(site))
    stack = _read(site, there)
    behind = [name for name in stack.services if name not in (*DATA, *JOBS, *FRONT)]
    served = {name: service.image for name, service in there.items()}
    services.settle([there[name].name for name in ("web", *behind) if name in there], site.wait, progress)
    _update(site, stack, [name for name in FRONT if name in stack.services], served, progress)
    try:
        _update(site, stack, behind, served, progress)
    except Problem:
        if "web" in served:
            services.go_back(stack.scoped("web"), site.wait, progress)
        raise
    services.remove_unused(stack.name)


def _update(site: Site, stack: Stack, wanted: Sequence[str], served: dict[str, str], progress: Progress) -> None:
    """Brings the new image to some services, all of them or none."""
    if not wanted:
        return
    try:
        _bring(site, stack, wanted, progress)
    except Failed as failed:
        again = [name for name in wanted if name in served and served[name] != stack.image]
        back = [services.go_back(stack.scoped(name), site.wait, progress) for name in again]
        short = failed.service.partition("_")[2]
        if not again:
            after = "There is no version before it that could go on."
        elif all(back):
            after = f"{served[short] if short in served else served[again[0]]} serves as before."
        else:
            after = "Not everything got back to the version before: docker stack services " + stack.name
        what = "The proxy does not come up" if short == "proxy" else f"{short} does not run with {site.image}"
        raise services.problem(failed, what, after) from None


def _bring(site: Site, stack: Stack, wanted: Sequence[str], progress: Progress) -> None:
    """Deploys some services of the stack, and waits until they run as it says.

    Raises:
        Failed: one does not.
    """
    names = tuple(stack.scoped(name) for name in wanted)
    goal = Goal(names, site.wait, progress, services.known(names))
    stack_file.deploy(stack, wanted)
    services.wait(goal)


def rollback(site: Site, progress: Progress) -> str:
    """Deploys the image before, as any other: its tasks start and become healthy, then the others stop."""
    now = running(site)
    if not site.image or now is None:
        raise Problem("There is no version before the one that runs.", hint="djdock deploy swarm")
    if now == site.image:
        raise Problem(
            f"{now} runs already.", hint="See what runs: docker stack services " + stack_file.stack_name(site)
        )
    _check_image(site.image, cluster.nodes())
    switch(site, progress)
    return f"{now} → {site.image}; the database stays as it is"


def address(site: Site) -> str:
    """The site's name, or the address of the node that the proxy is on."""
    if site.release.hosts:
        return f"https://{site.release.hosts[0]}/"
    label = stack_names.label(site.release, "proxy")
    node = next((node for node in cluster.nodes() if node.labels.get(label) == "true"), None)
    host = "127.0.0.1" if node is None or node.here else node.address
    return f"http://{host}:{site.values.get('WEB_PORT') or PORT}/"


def _labels(release: Release) -> tuple[str, ...]:
    volumes = release.database or release.redis or release.media
    return (*((stack_names.label(release, "data"),) if volumes else ()), stack_names.label(release, "proxy"))


def _read(site: Site, there: dict[str, Service]) -> Stack:
    """The stack, with as many tasks as run now where the env file says no number."""
    return stack_file.read(site, keep=_counts(there))


def _counts(there: dict[str, Service]) -> dict[str, int]:
    return {name: service.replicas for name, service in there.items() if service.replicas}


def _check_image(image: str, nodes: Sequence[cluster.Node]) -> None:
    """Makes sure that the nodes can get the image.

    Raises:
        Problem: it is on one machine only, or nowhere.
    """
    if problem := _obstacle(image, len(nodes)):
        raise problem
    if not stack_file.is_in_registry(image) and not run(["docker", "image", "inspect", image]).ok:
        raise Problem(
            f"There is no image {image} on the node.",
            hint="Build it: djdock build, then: djdock deploy swarm\nOr name one: djdock deploy swarm --image NAME",
        )


def _obstacle(image: str, nodes: int) -> Problem | None:
    """Why not all of so many nodes could have an image of this name; None where they can."""
    if nodes == 1 or stack_file.is_in_registry(image):
        return None
    return Problem(
        f"The Swarm has {nodes} nodes, and the name {image} leads to no registry that they could pull it from.",
        hint="Push it where all nodes can pull it: djdock build --tag registry.example.com/NAME:1 --push\n"
        "Then: djdock deploy swarm --image registry.example.com/NAME:1",
    )
