"""The image `caddy:2` for machines that reach no registry of images: Debian's Caddy, laid out as the official one is.

https://github.com/caddyserver/caddy-docker says what that has. A real one that is here, or can be pulled, is taken.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from tests import tools

NAME = "caddy:2"
# Seconds for a registry that may not be there at all.
PATIENCE = 60
DOCKERFILE = """\
FROM debian:trixie-slim
RUN apt-get update \\
 && apt-get install -y --no-install-recommends caddy libcap2-bin \\
 && rm -rf /var/lib/apt/lists/* \\
 && mkdir -p /config/caddy /data/caddy /etc/caddy /usr/share/caddy \\
 && setcap cap_net_bind_service=+ep /usr/bin/caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
EXPOSE 80 443 443/udp 2019
WORKDIR /srv
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
"""


def ensure() -> str:
    """Makes sure that the image is on this machine; returns its name."""
    with FileLock(Path(tempfile.gettempdir()) / "djdock-tests-caddy.lock"):  # once, whoever needs it first
        return _ensure(Path.cwd())


def _ensure(here: Path) -> str:
    if tools.run(["docker", "image", "inspect", NAME], here).code == 0 or _pulled(here):
        return NAME
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(DOCKERFILE)
        tools.run(["docker", "build", "--quiet", "--tag", NAME, folder], here, timeout=600).ok()
    return NAME


def _pulled(here: Path) -> bool:
    try:
        return tools.run(["docker", "pull", "--quiet", NAME], here, timeout=PATIENCE).code == 0
    except subprocess.TimeoutExpired:
        return False
