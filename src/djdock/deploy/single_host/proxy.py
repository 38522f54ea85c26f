"""Where the proxy sends requests: to all of web's containers, or, while these are replaced, to some of them.

Docker's name `web` stands for every container of the service from its first moment on, ready or not. So the proxy is
told addresses in place of that name until the new containers are healthy. A reload finishes what is under way.
https://caddyserver.com/docs/command-line#caddy-reload
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from djdock.deploy.single_host import containers
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.project import Project, call
from djdock.errors import Problem, last_lines
from djdock.plan.production.caddy import UPSTREAMS
from djdock.plan.production.compose import PROXY
from djdock.plan.production.release import CADDYFILE, PORT
from djdock.process import run


def pin(project: Project, chosen: Iterable[Container]) -> None:
    """Sends requests to these containers and to no others.

    Raises:
        Problem: the proxy cannot be told so; requests go where they went before.
    """
    proxy = _find(project)
    if proxy is None:
        return
    addresses = [f"{address}:{PORT}" for container in chosen if (address := _shared(container, proxy))]
    if addresses:
        _reload(project, proxy, addresses)


def unpin(project: Project) -> None:
    """Sends requests to all containers of the site, those of tomorrow too.

    Raises:
        Problem: the proxy cannot be told so; requests go where they went before.
    """
    proxy = _find(project)
    if proxy is not None:
        _reload(project, proxy, ())


def start(project: Project) -> None:
    """Starts the proxy where it does not run; one that runs is left as it is.

    Raises:
        Problem: it does not start.
    """
    if project.has_proxy and _find(project) is None:
        up(project, "--no-recreate")


def up(project: Project, *options: str) -> None:
    """Starts the proxy as the compose file has it now: one that was made from another version of it is made anew.

    Raises:
        Problem: it does not start.
    """
    if not project.has_proxy:
        return
    done = call(project.site, ["up", "--detach", "--no-deps", *options, PROXY])
    found = _find(project)
    if done.ok and found is not None and not found.restarts:
        return
    log = "\n".join(containers.log(container) for container in containers.find(project.name, PROXY))
    raise Problem(
        "The proxy does not start, so nobody reaches the site.",
        details=last_lines("\n".join((done.stderr, log))),
        hint=f"Correct what the last line says ({CADDYFILE} is the proxy's own file), then: djdock deploy compose",
    )


def _find(project: Project) -> Container | None:
    return next((one for one in containers.find(project.name, PROXY) if one.running), None)


def _shared(container: Container, proxy: Container) -> str:
    """The address of a container in a network that the proxy is in, too."""
    return next((address for name, address in container.addresses.items() if name in proxy.addresses), "")


def _reload(project: Project, proxy: Container, addresses: Sequence[str]) -> None:
    """Has the proxy read its file, as it is on this machine now: an editor may have put another one in its place."""
    told = ["--env", f"{UPSTREAMS}={' '.join(addresses)}"] if addresses else []
    text = (project.site.root / CADDYFILE).read_text(encoding="utf-8")
    reload = ["caddy", "reload", "--config", "-", "--adapter", "caddyfile"]
    done = run(["docker", "exec", "--interactive", *told, proxy.id, *reload], stdin=text)
    if not done.ok:
        raise Problem(
            f"The proxy does not take {CADDYFILE}.",
            details=last_lines(done.text, 4),
            hint=f"Correct what the last line says in {CADDYFILE}, then: djdock deploy compose",
        )
