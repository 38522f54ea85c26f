"""Caddyfile.production, and Caddyfile.stack for Swarm: TLS, and the way from the public to the site."""

from __future__ import annotations

from djdock.plan.change import SIGNATURE
from djdock.plan.production.release import COMPOSE_FILE, ENV_FILE, PORT, Release
from djdock.plan.text import render

# The official image, and where it looks for its file and keeps its certificates.
# https://hub.docker.com/_/caddy
IMAGE = "caddy:2"
CADDYFILE_INSIDE = "/etc/caddy/Caddyfile"
# While containers are replaced, a file of one of these names lies in this folder of the proxy, which is memory, and
# requests go to the containers of that name: one is the old version's, the other the new one's, in turns.
ROLLOUT, BLUE, GREEN = "/config/rollout", "blue", "green"
# Where the volume of uploaded files is mounted, and where visitors find them where nothing else is said.
UPLOADS, ADDRESS = "/srv/media", "/media/"


def text(release: Release) -> str:
    """The Caddyfile for one host."""
    again = f"docker compose --file {COMPOSE_FILE} --env-file {ENV_FILE} restart proxy"
    return _rendered(
        release,
        purpose=f"What the public reaches. After editing: {again}",
        media=_media(release) if release.media else "",
        way=_way(),
        upstream=f" {{http.vars.containers}}:{PORT}",
    )


def for_swarm(release: Release) -> str:
    """The Caddyfile for Swarm, whose own DNS names the tasks of the site that are healthy just now."""
    return _rendered(
        release,
        purpose="What the public reaches, on Docker Swarm. It is a config there: after editing, djdock deploy swarm",
        media=_media_elsewhere(release) if release.media else "",
        way="",
        source=f"""
			dynamic a tasks.web {PORT} {{
				refresh 1s
			}}""",
    )


def _rendered(release: Release, *, purpose: str, **parts: str) -> str:
    return render(
        "Caddyfile.production.txt",
        mark=SIGNATURE,
        purpose=purpose,
        sites=", ".join(release.hosts) or ":80",
        trusted="" if release.hosts else _trusted(),
        **{"upstream": "", "source": "", **parts},
    )


def _way() -> str:
    colours = "".join(
        f"""\
		@{name} file {{
			root {ROLLOUT}
			try_files {name}
		}}
		vars @{name} containers {name}
"""
        for name in (BLUE, GREEN)
    )
    return f"""
		# Docker's name for all containers of the site. While a new version takes over, a file says where requests
		# go: to the containers of the one version until those of the other one are ready, then to these. It is gone
		# after that, and after a restart of the proxy.
		vars containers web
{colours}"""


def _trusted() -> str:
    return """\
			# Only programs of this host come here, such as its own proxy: what that says of the visitor is believed. It
			# has to say X-Forwarded-Proto: https, else Django sends visitors to https without end.
			trusted_proxies private_ranges
"""


def _media(release: Release) -> str:
    if release.shows_media:
        return f"""
		# Uploaded files, for everybody who knows the address: Django serves none in production. Who may see them is to
		# depend on who asks? Delete this, and the volume of `proxy`; views of Django send them then.
{_served(release)}"""
    return f"""
		# Uploaded files: Django serves none in production. To let everybody read all of them, mount their volume into
		# `proxy` (media:{UPLOADS}:ro), and take these comment signs away:
{_commented(release)}"""


def _media_elsewhere(release: Release) -> str:
    return f"""
		# Uploaded files: Django serves none in production, and their volume is on one node. To let everybody read all
		# of them, let `proxy` run on that node, too (the `placement` of `web`), mount the volume into it
		# (media:{UPLOADS}:ro), and take these comment signs away:
{_commented(release)}"""


def _served(release: Release) -> str:
    return f"""\
		handle_path {release.media_address or ADDRESS}* {{
			root * {UPLOADS}
			# A page or a picture that somebody has uploaded runs no script in the name of the site.
			header Content-Security-Policy "script-src 'none'"
			file_server
		}}
"""


def _commented(release: Release) -> str:
    lines = (line.removeprefix("\t\t") for line in _served(release).splitlines())
    return "".join(f"\t\t# {line}\n" for line in lines)
