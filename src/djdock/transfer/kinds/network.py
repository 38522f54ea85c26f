"""IP addresses: GenericIPAddressField. https://www.postgresql.org/docs/current/datatype-net-types.html."""

from __future__ import annotations

import ipaddress
import socket

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import NULL, SEPARATOR, Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "network"
TYPES = frozenset({"inet"})
QUOTED = False

line = kind.line
look = kind.look
normal = kind.normal
source_text = kind.source_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Bytes and numbers; of text, `look` finds out."""
    return f"{x} >= x'' OR {x} < ''"


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """PostgreSQL refuses these; Django on SQLite reads '' as NULL."""
    return None if isinstance(value, Raw) and _read(as_text(value)) else faults.NOT_AN_ADDRESS


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """The address that stands between blanks."""
    found = _read(as_text(value).strip())
    return raw(str(found)) if found else None


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """The bytes of the address, after the four that say which kind it is."""
    return f"substr(encode(inet_send({x}), 'hex'), 9)"


def canonical(joined: bytes) -> bytes:
    """The bytes of each address, in hexadecimal digits.

    Raises:
        OSError, ValueError: one is no address.
    """
    parts = joined.decode("ascii").split(SEPARATOR.decode())
    null = NULL.decode()
    return SEPARATOR.decode().join([one if one == null else _packed(one) for one in parts]).encode()


def _packed(address: str) -> str:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address).hex()


def _read(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else found
