"""What speaks against emptying and filling tables with their owner's rights, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

from djdock.errors import Problem
from djdock.transfer.schema import catalogue
from djdock.transfer.schema.session import locate
from djdock.transfer.schema.suspension import invalid

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Outlook:
    """What a copy into tables will meet.

    Attributes:
        problems: forbid it.
        revalidated: foreign keys of tables that are not copied; their rows have to find the new ones.
        triggers: a person's own, which will be off while the rows come in.
        kept: label and reason of each index that stays, and makes its table load slower.
    """

    problems: Sequence[Problem]
    revalidated: Sequence[str]
    triggers: Sequence[str]
    kept: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _Table:
    name: str
    role: str
    owner: str
    schema: str
    kind: str
    owned: bool
    creates: bool
    missing: list[str]
    related: bool
    forced: bool


def truncatable(connection: Connection, tables: Sequence[tuple[str, str]]) -> Outlook:
    """Looks at tables, given as (schema, name), and changes nothing.

    Raises:
        Problem: one of them is not there.
    """
    found = locate(connection, tables)
    with connection.cursor(row_factory=class_row(_Table)) as cursor:
        described = cursor.execute(_TABLES, [found]).fetchall()
    keys, indexes = catalogue.foreign_keys(connection, found), catalogue.indexes(connection, found)
    broken = invalid(indexes)
    return Outlook(
        problems=[
            *(problem for table in described for check in _CHECKS if (problem := check(table))),
            *_foreign(keys),
            *([broken] if broken else []),
        ],
        revalidated=[key.label for key in keys if key.outside],
        triggers=[trigger.label for trigger in catalogue.triggers(connection, found)],
        kept=[(index.label, index.held_by) for index in indexes if index.held_by],
    )


def _ordinary(table: _Table) -> Problem | None:
    if table.kind != "a table":
        return Problem(
            f"{table.name} is {table.kind}, and rows can only be copied into ordinary tables.",
            hint="Leave its model out with --exclude, and fill it by other means.",
        )
    if table.related:
        return Problem(
            f"{table.name} inherits from another table, is inherited, or is a partition: emptying it concerns those.",
            hint="Leave its model out with --exclude, and fill it by other means.",
        )
    return None


def _owner(table: _Table) -> Problem | None:
    if table.owned:
        return None
    return Problem(
        f"The table {table.name} belongs to the role {table.owner}, and this connection is that of {table.role}.",
        hint=f"Connect as {table.owner}, or as a superuser: ALTER TABLE {table.name} OWNER TO {table.role}",
    )


def _rights(table: _Table) -> Problem | None:
    if not table.owned or not table.missing:
        return None
    rights = ", ".join(table.missing)
    return Problem(
        f"The role {table.role} lacks rights on the table {table.name}: {rights}.",
        hint=f"GRANT {rights} ON {table.name} TO {table.role}",
    )


def _schema(table: _Table) -> Problem | None:
    if table.creates:
        return None
    return Problem(
        f"The role {table.role} may not create indexes in the schema {table.schema}, where {table.name} is.",
        hint=f"As the schema's owner: GRANT CREATE ON SCHEMA {table.schema} TO {table.role}",
    )


def _security(table: _Table) -> Problem | None:
    if not table.forced:
        return None
    return Problem(
        f"Row level security of the table {table.name} is forced on its owner too: PostgreSQL then refuses COPY.",
        hint=f"ALTER TABLE {table.name} NO FORCE ROW LEVEL SECURITY, copy, then FORCE it again.",
    )


_CHECKS: tuple[Callable[[_Table], Problem | None], ...] = (_ordinary, _owner, _rights, _schema, _security)


def _foreign(keys: Sequence[catalogue.ForeignKey]) -> Iterator[Problem]:
    for key in keys:
        if not key.permitted:
            yield Problem(
                f"The foreign key {key.name} of {key.table} could not be added again: this role has no right to refer "
                f"to {key.referred}.",
                hint=f"As the owner of that table: GRANT REFERENCES ON {key.referred} TO the role that copies",
            )
        if key.outside and not key.mine:
            yield Problem(
                f"The table {key.table} of another role refers to {key.referred} ({key.name}).",
                hint=f"Connect as a role that owns both, or drop that foreign key and add it after the copy: "
                f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}",
            )


_TABLES = """
SELECT c.oid::regclass::text AS name, quote_ident(current_user) AS role, quote_ident(r.rolname) AS owner,
       quote_ident(n.nspname) AS schema,
       CASE c.relkind WHEN 'r' THEN 'a table' WHEN 'p' THEN 'a partitioned table' WHEN 'f' THEN 'a foreign table'
                      WHEN 'v' THEN 'a view' ELSE 'a materialized view' END AS kind,
       pg_has_role(c.relowner, 'USAGE') AS owned, has_schema_privilege(n.oid, 'CREATE') AS creates,
       ARRAY(SELECT right_ FROM unnest(ARRAY['SELECT', 'INSERT', 'TRUNCATE', 'REFERENCES']) AS right_
             WHERE NOT has_table_privilege(c.oid, right_)) AS missing,
       c.relispartition OR EXISTS (SELECT FROM pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent)) AS related,
       c.relrowsecurity AND c.relforcerowsecurity AND row_security_active(c.oid) AS forced
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE c.oid = ANY(%s) ORDER BY c.oid
"""
