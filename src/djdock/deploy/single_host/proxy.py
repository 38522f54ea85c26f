"""Where the proxy sends requests: to all of web's containers, or, while these are replaced, to some of them.

Docker's name `web` stands for every container of the service from its first moment on, ready or not. So those that
serve get a name of their own, a colour, in a network of their own, and a file in the proxy's memory says which counts.
The proxy looks at that with each request: a reload would close connections, and lose a request now and then.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from djdock.deploy.single_host import containers
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.project import Project, call
from djdock.errors import Problem, last_lines
from djdock.plan.production.caddy import BLUE, GREEN, ROLLOUT
from djdock.plan.production.compose import PROXY, ROLLOUT_NETWORK
from djdock.plan.production.release import CADDYFILE
from djdock.process import run

# Seconds that a new proxy has to run before it counts as one that works; and between two looks at it.
SETTLED, PAUSE = 1.0, 0.2


def keep(project: Project, serving: Sequence[Container]) -> str:
    """Sends requests to these containers and to no others, whatever starts beside them; returns their colour.

    Raises:
        Problem: the proxy cannot be told so; requests go where they went before.
    """
    network = _network(project)
    # The one that they have had since they were new: requests may come to them by it just now.
    known = [name for one in serving for name in one.aliases.get(network, ()) if name in {BLUE, GREEN}]
    colour = known[0] if known else BLUE
    _send(project, serving, colour)
    return colour


def turn(project: Project, new: Sequence[Container], kept: str) -> None:
    """Sends requests to these containers from now on, and no longer to those of the colour that was kept.

    Raises:
        Problem: the proxy cannot be told so; requests go where they went before.
    """
    _send(project, new, _other(kept))


def release(project: Project) -> None:
    """Sends requests to all containers of the site, those of tomorrow too."""
    if proxy := _find(project):
        run(["docker", "exec", proxy.id, "rm", "-f", f"{ROLLOUT}/{BLUE}", f"{ROLLOUT}/{GREEN}"])


def prepare(project: Project) -> None:
    """Starts the proxy where it does not run; one that runs takes what has changed in its file.

    Raises:
        Problem: it does not start, or does not take its file.
    """
    proxy, network = _find(project), _network(project)
    if proxy is None or (network and network not in proxy.addresses):
        up(project)
    else:
        _reload(project, proxy)


def up(project: Project) -> None:
    """Starts the proxy as the compose file has it now: one that was made from another version of it is made anew.

    Raises:
        Problem: it does not start.
    """
    if not project.has_proxy:
        return
    before = _find(project)
    done = call(project.site, ["up", "--detach", "--no-deps", "--quiet-pull", PROXY])
    found = _find(project)
    if done.ok and found is not None and ((before is not None and before.id == found.id) or _stays(found)):
        return
    log = "\n".join(containers.log(container) for container in containers.find(project.name, PROXY))
    raise Problem(
        "The proxy does not start, so nobody reaches the site.",
        details=last_lines("\n".join((done.stderr, log))),
        hint=f"Correct what the last line says ({CADDYFILE} is the proxy's own file), then: djdock deploy compose",
    )


def _find(project: Project) -> Container | None:
    return next((one for one in containers.find(project.name, PROXY) if one.running), None)


def _stays(proxy: Container) -> bool:
    """Whether a new proxy goes on running: one that cannot read its file ends at once, and is started again."""
    end = time.monotonic() + SETTLED
    while time.monotonic() < end:
        time.sleep(PAUSE)
        if any(one.restarts or not one.running for one in containers.inspect([proxy.id])):
            return False
    return True


def _send(project: Project, chosen: Sequence[Container], colour: str) -> None:
    proxy, network = _find(project), _network(project)
    if proxy is None or network not in proxy.addresses:
        return
    for container in chosen:
        if colour in container.aliases.get(network, ()):
            continue
        if network in container.addresses:
            run(["docker", "network", "disconnect", network, container.id])
        done = run(["docker", "network", "connect", "--alias", colour, network, container.id])
        if not done.ok:
            raise _deaf(done.text)
    # In the moment in which both files are there, green counts.
    place = f"mkdir -p {ROLLOUT} && touch {ROLLOUT}/{colour} && rm -f {ROLLOUT}/{_other(colour)}"
    done = run(["docker", "exec", proxy.id, "sh", "-c", place])
    if not done.ok:
        raise _deaf(done.text)


def _other(colour: str) -> str:
    return GREEN if colour == BLUE else BLUE


def _network(project: Project) -> str:
    return str(project.networks.get(ROLLOUT_NETWORK, {}).get("name", ""))


def _deaf(said: str) -> Problem:
    return Problem(
        "The proxy cannot be told which containers to send requests to.",
        details=last_lines(said, 4),
        hint="Look at the last line above, then: djdock deploy compose",
    )


def _reload(project: Project, proxy: Container) -> None:
    """Has the proxy read its file as it is on this machine now: an editor may have put another one in its place.

    Where it says nothing new, nothing happens.
    """
    text = (project.site.root / CADDYFILE).read_text(encoding="utf-8")
    reload = ["caddy", "reload", "--config", "-", "--adapter", "caddyfile"]
    done = run(["docker", "exec", "--interactive", proxy.id, *reload], stdin=text)
    if not done.ok:
        raise Problem(
            f"The proxy does not take {CADDYFILE}. Nothing was changed.",
            details=last_lines(done.text, 4),
            hint=f"Correct what the last line says in {CADDYFILE}, then: djdock deploy compose",
        )
