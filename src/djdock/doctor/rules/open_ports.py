"""Published ports go past the firewall: https://docs.docker.com/engine/network/packet-filtering-firewalls/"""

from __future__ import annotations

import re

from djdock.doctor import docker_files, edits
from djdock.doctor.case import Case, Finding
from djdock.doctor.docker_files import Item, Service

NAME = "open-ports"
TITLE = "A port is open to the network"
SEEN = "The database or a site in development can be reached from other machines, whatever ufw says"
CAUSE = (
    "`5432:5432` listens on all interfaces, and Docker opens the firewall for it. Only "
    "`127.0.0.1:5432:5432` stays here."
)
FIX = "Write 127.0.0.1: before the port; a database in production needs no published port at all."
DOES = "Adds 127.0.0.1: to the ports of databases and other services, and to the site's in files for development."

PORT = re.compile(r"(?:\$\{[^}]+\}|\$\w+|[\d-]*):(?:\$\{[^}]+\}|\$\w+|[\d-]+)(?:/\w+)?")
# Those that are meant to be reached.
PUBLIC = re.compile(r"nginx|traefik|caddy|proxy|haproxy|envoy", re.IGNORECASE)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for service in docker_files.services(case):
        ports = service.get("ports")
        for item in ports.items if ports else ():
            if not _is_open(item) or _is_meant(service):
                continue
            where = f"{service.path}:{item.line}"
            text = str(item.value) if item.kind == "text" else ""
            why = "127.0.0.1: only this machine reaches it"
            repair = edits.line(case, where, f'"{text}"', f'"127.0.0.1:{text}"', why) if text else None
            repair = repair or (edits.line(case, where, f"'{text}'", f"'127.0.0.1:{text}'", why) if text else None)
            repair = repair or (edits.line(case, where, text, f'"127.0.0.1:{text}"', why) if text else None)
            what = f"The port {text or 'of ' + service.name} of {service.name} is open to the whole network"
            found.append(Finding(NAME, what, where, f'"127.0.0.1:{text or "PORT:PORT"}"', repair))
    return tuple(found)


def _is_open(item: Item) -> bool:
    if item.kind == "mapping":
        published, address = item.get("published"), item.get("host_ip")
        return published is not None and (address is None or address.text == "0.0.0.0")  # noqa: S104 - what is looked for
    return PORT.fullmatch(item.text) is not None


def _is_meant(service: Service) -> bool:
    if service.postgres:
        return False
    return docker_files.is_production(service.path) or PUBLIC.search(f"{service.name} {service.image}") is not None
