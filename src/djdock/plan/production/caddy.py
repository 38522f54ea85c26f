"""Caddyfile.production: TLS, and the way from the public to the site."""

from __future__ import annotations

from djdock.plan.change import SIGNATURE
from djdock.plan.production.release import COMPOSE_FILE, PORT, Release
from djdock.plan.text import render

# The official image, and where it looks for its file and keeps its certificates.
# https://hub.docker.com/_/caddy
IMAGE = "caddy:2"
CADDYFILE_INSIDE = "/etc/caddy/Caddyfile"
# A variable for `caddy reload` alone: where requests go, in place of all of web's containers.
UPSTREAMS = "UPSTREAMS"
# Where the volume of uploaded files would be mounted.
UPLOADS = "/srv/media"


def text(release: Release) -> str:
    """The Caddyfile for one host."""
    return _rendered(
        release,
        purpose=f"What the public reaches. After editing: docker compose --file {COMPOSE_FILE} restart proxy",
        # All containers of the service; a deployment names some of them while it replaces them.
        upstreams=f"{{${UPSTREAMS}:web:{PORT}}}",
    )


def _rendered(release: Release, *, purpose: str, upstreams: str) -> str:
    return render(
        "Caddyfile.production.txt",
        mark=SIGNATURE,
        purpose=purpose,
        sites=", ".join(release.hosts) or ":80",
        media=_media() if release.media else "",
        upstreams=upstreams,
        trusted="" if release.hosts else _trusted(),
    )


def _trusted() -> str:
    return """\
		# Only programs of this host come here, such as its own proxy: what that says of the visitor is believed. It has
		# to say X-Forwarded-Proto: https, else Django sends visitors to https without end.
		trusted_proxies private_ranges
"""


def _media() -> str:
    return f"""
	# Uploaded files: Django serves none in production. To let everybody read all of them, mount their volume into
	# `proxy` (media:{UPLOADS}:ro), and take these comment signs away:
	# handle_path /media/* {{
	# 	root * {UPLOADS}
	# 	file_server
	# }}
"""
