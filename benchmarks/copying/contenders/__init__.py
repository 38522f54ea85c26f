"""Who copies: one module each, with what `Contender` lists."""

from __future__ import annotations

from benchmarks.copying.case import Contender
from benchmarks.copying.contenders import djdock_db_copy, fixtures, limit, pgloader, psql

REGISTRY: tuple[Contender, ...] = (djdock_db_copy, pgloader, fixtures, psql, limit)
BY_NAME = {contender.NAME: contender for contender in REGISTRY}
