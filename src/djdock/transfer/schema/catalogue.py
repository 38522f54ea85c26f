"""What the catalogue says of a set of tables: indexes, keys, foreign keys, triggers, and what hangs on those.

https://www.postgresql.org/docs/current/catalogs.html
Definitions are read with an empty search_path, so that every name in them carries its schema.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import class_row

from djdock.transfer.schema.session import settings

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]


# How constants in definitions are written so that they are read as what they are: in the style SQL, "IST" is written
# for India's time, and read as Israel's.
UNAMBIGUOUS = {"DateStyle": "ISO", "IntervalStyle": "postgres", "extra_float_digits": "1"}


@dataclass(frozen=True)
class Index:
    """An index, alone or that of a constraint. Names are quoted, with their schema, but for `label`.

    Attributes:
        label: its table and name, for people.
        definition: the CREATE INDEX that makes it.
        tablespace: as a name; empty: the database's own.
        constraint: the quoted name of its constraint, if any, and what it `declares` after ADD CONSTRAINT.
        kind: `p` primary key, `u` unique, `x` exclusion, empty for an index alone.
        whole: its constraint cannot be made of a ready index: exclusion, and keys WITHOUT OVERLAPS.
        extras: statements that bring back what hangs on it: comments, marks, statistics targets …
        options: its storage parameters, as a statement; empty where it has none.
        held_by: why it cannot be dropped; empty where it can.
        valid: it is ready for use.
        computed: it has a condition, or an expression in place of a column.
    """

    table: str
    name: str
    bare: str
    label: str
    definition: str
    tablespace: str
    constraint: str | None
    kind: Literal["p", "u", "x", ""]
    declares: str
    deferral: str
    whole: bool
    extras: list[str]
    options: str
    held_by: str
    valid: bool
    computed: bool

    @property
    def statements(self) -> list[str]:
        """What builds it again."""
        add = f"ALTER TABLE {self.table} ADD CONSTRAINT {self.constraint}"
        if self.whole:
            return [f"{add} {self.declares}", *([self.options] if self.options else []), *self.extras]
        if not self.constraint:
            return [self.definition, *self.extras]
        # ADD CONSTRAINT alone would lose storage parameters.
        kind = "PRIMARY KEY" if self.kind == "p" else "UNIQUE"
        return [self.definition, f"{add} {kind} USING INDEX {self.bare}{self.deferral}", *self.extras]


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of, or into, one of the tables.

    Attributes:
        referred: the table that it refers to.
        outside: its own table is not one of those that are copied.
        mine: its own table is ours to alter.
        theirs: what it refers to is another role's.
        permitted: it may be added again: it may refer to that table.
    """

    table: str
    name: str
    label: str
    referred: str
    definition: str
    comment: str
    outside: bool
    mine: bool
    theirs: bool
    permitted: bool


@dataclass(frozen=True)
class Trigger:
    """A person's trigger that COPY or TRUNCATE would fire.

    Attributes:
        state: `O` enabled, `A` enabled always.
    """

    table: str
    name: str
    label: str
    state: Literal["O", "A"]


def indexes(connection: Connection, tables: Sequence[int]) -> list[Index]:
    """The indexes of tables, in the order in which they were made."""
    with _exact(connection), connection.cursor(row_factory=class_row(Index)) as cursor:
        return cursor.execute(_INDEXES, {"tables": list(tables)}).fetchall()


def foreign_keys(connection: Connection, tables: Sequence[int]) -> list[ForeignKey]:
    """The foreign keys of and into tables, by table, in the order in which they were made."""
    with _exact(connection), connection.cursor(row_factory=class_row(ForeignKey)) as cursor:
        return cursor.execute(_FOREIGN_KEYS, {"tables": list(tables)}).fetchall()


def triggers(connection: Connection, tables: Sequence[int]) -> list[Trigger]:
    """The triggers of tables that are not PostgreSQL's own and would fire, by table and name."""
    with _exact(connection), connection.cursor(row_factory=class_row(Trigger)) as cursor:
        return cursor.execute(_TRIGGERS, {"tables": list(tables)}).fetchall()


def definitions(connection: Connection, tables: Sequence[int]) -> Mapping[str, str]:
    """All of it as text, by a name for people: what has to be the same before and after."""
    with _exact(connection):
        rows = connection.execute(_DEFINITIONS, {"tables": list(tables)}, prepare=False).fetchall()
    return dict(rows)


def _exact(connection: Connection) -> contextlib.AbstractContextManager[None]:
    return settings(connection, search_path="", **UNAMBIGUOUS)


# Statistics targets: NULL from PostgreSQL 17 on where there is none, -1 before. A dependent of the kind 'n' (a view
# that groups by the key, a function's body) forbids to drop; foreign keys are dropped before. `to_jsonb` reads columns
# that older servers do not have.
_INDEXES = """
SELECT format('%%I.%%I', n.nspname, t.relname) AS "table", format('%%I.%%I', n.nspname, i.relname) AS name,
       quote_ident(i.relname) AS bare, t.relname || ': ' || i.relname AS label, pg_get_indexdef(i.oid) AS definition,
       coalesce(s.spcname::text, '') AS tablespace, quote_ident(c.conname) AS "constraint",
       coalesce(c.contype::text, '') AS kind, coalesce(pg_get_constraintdef(c.oid), '') AS declares,
       CASE WHEN c.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN c.condeferrable THEN ' DEFERRABLE' ELSE '' END
           AS deferral,
       c.oid IS NOT NULL AND (c.contype = 'x' OR coalesce((to_jsonb(c) ->> 'conperiod')::bool, false)) AS whole,
       array_remove(ARRAY[
           'COMMENT ON INDEX ' || format('%%I.%%I', n.nspname, i.relname) || ' IS '
               || quote_literal(obj_description(i.oid, 'pg_class')),
           'COMMENT ON CONSTRAINT ' || quote_ident(c.conname) || format(' ON %%I.%%I IS ', n.nspname, t.relname)
               || quote_literal(obj_description(c.oid, 'pg_constraint')),
           CASE WHEN x.indisclustered THEN format('ALTER TABLE %%I.%%I CLUSTER ON %%I', n.nspname, t.relname, i.relname)
               END,
           CASE WHEN x.indisreplident
               THEN format('ALTER TABLE %%I.%%I REPLICA IDENTITY USING INDEX %%I', n.nspname, t.relname, i.relname) END
       ] || ARRAY(
           SELECT format('ALTER INDEX %%I.%%I ALTER COLUMN %%s SET STATISTICS %%s', n.nspname, i.relname, a.attnum,
                         a.attstattarget)
           FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0 ORDER BY a.attnum
       ) || ARRAY(
           SELECT format('ALTER INDEX %%I.%%I DEPENDS ON EXTENSION %%I', n.nspname, i.relname, e.extname)
           FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.deptype = 'x'
               AND d.refclassid = 'pg_extension'::regclass ORDER BY e.extname
       ), NULL) AS extras,
       coalesce((
           SELECT format('ALTER INDEX %%I.%%I SET (%%s)', n.nspname, i.relname,
                         string_agg(format('%%I = %%L', o.option_name, o.option_value), ', '))
           FROM pg_options_to_table(i.reloptions) o HAVING count(*) > 0
       ), '') AS options,
       CASE WHEN s.oid IS NOT NULL AND NOT has_tablespace_privilege(s.oid, 'CREATE')
                THEN 'this role may not create in the tablespace ' || s.spcname
            ELSE coalesce((
                SELECT min(pg_describe_object(d.classid, d.objid, d.objsubid)) FROM pg_depend d
                LEFT JOIN pg_constraint f ON d.classid = 'pg_constraint'::regclass AND f.oid = d.objid
                WHERE (d.refclassid, d.refobjid) IN (('pg_class'::regclass, i.oid), ('pg_constraint'::regclass, c.oid))
                    AND d.deptype = 'n' AND f.contype IS DISTINCT FROM 'f'
            ) || ' depends on it', (
                SELECT 'it belongs to an extension' FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.deptype = 'e' LIMIT 1
            ), '') END AS held_by,
       x.indisvalid AND x.indisready AND x.indislive AS valid,
       x.indpred IS NOT NULL OR x.indexprs IS NOT NULL AS computed
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.conrelid = t.oid AND c.contype IN ('p', 'u', 'x')
WHERE x.indrelid = ANY(%(tables)s) ORDER BY t.relname, n.nspname, i.oid
"""
_FOREIGN_KEYS = """
SELECT format('%%I.%%I', n.nspname, t.relname) AS "table", quote_ident(c.conname) AS name,
       t.relname || ': ' || c.conname AS label, format('%%I.%%I', m.nspname, r.relname) AS referred,
       pg_get_constraintdef(c.oid) AS definition,
       coalesce(format('COMMENT ON CONSTRAINT %%I ON %%I.%%I IS ', c.conname, n.nspname, t.relname)
           || quote_literal(obj_description(c.oid, 'pg_constraint')), '') AS comment,
       t.oid <> ALL(%(tables)s) AS outside, pg_has_role(t.relowner, 'USAGE') AS mine,
       NOT pg_has_role(r.relowner, 'USAGE') AS theirs, has_any_column_privilege(r.oid, 'REFERENCES') AS permitted
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace m ON m.oid = r.relnamespace
WHERE c.contype = 'f' AND c.conparentid = 0 AND (c.conrelid = ANY(%(tables)s) OR c.confrelid = ANY(%(tables)s))
ORDER BY t.relname, n.nspname, c.oid
"""
_TRIGGERS = """
SELECT format('%%I.%%I', n.nspname, t.relname) AS "table", quote_ident(g.tgname) AS name,
       t.relname || ': ' || g.tgname AS label, g.tgenabled::text AS state
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE g.tgrelid = ANY(%(tables)s) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
ORDER BY t.relname, n.nspname, g.tgname
"""
_DEFINITIONS = """
SELECT format('index %%I.%%I', n.nspname, i.relname), concat_ws('; ',
    pg_get_indexdef(i.oid), 'of constraint ' || c.conname || ' (' || c.contype::text || ')', 'in ' || s.spcname,
    CASE WHEN NOT x.indisvalid THEN 'not valid' END, CASE WHEN NOT (x.indisready AND x.indislive) THEN 'not ready' END,
    CASE WHEN NOT x.indimmediate THEN 'deferrable' END, CASE WHEN x.indisclustered THEN 'CLUSTER mark' END,
    CASE WHEN x.indisreplident THEN 'REPLICA IDENTITY' END, 'comment ' || obj_description(i.oid, 'pg_class'),
    (SELECT 'STATISTICS ' || string_agg(a.attnum || '=' || a.attstattarget, ',' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0),
    (SELECT 'on extension ' || string_agg(e.extname, ',' ORDER BY e.extname)
        FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
        WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid))
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.conrelid = x.indrelid AND c.contype IN ('p', 'u', 'x')
WHERE x.indrelid = ANY(%(tables)s)
UNION ALL
SELECT format('constraint %%I of %%I.%%I', c.conname, n.nspname, t.relname), concat_ws('; ',
    pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END,
    'comment ' || obj_description(c.oid, 'pg_constraint'),
    (SELECT 'triggers ' || string_agg(DISTINCT g.tgenabled::text, ',') FROM pg_trigger g WHERE g.tgconstraint = c.oid))
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.conparentid = 0 AND (c.conrelid = ANY(%(tables)s) OR c.confrelid = ANY(%(tables)s))
UNION ALL
SELECT format('trigger %%I of %%I.%%I', g.tgname, n.nspname, t.relname),
       pg_get_triggerdef(g.oid) || '; ' || g.tgenabled::text
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE g.tgrelid = ANY(%(tables)s) AND NOT g.tgisinternal
UNION ALL
SELECT format('table %%I.%%I', n.nspname, t.relname), concat_ws('; ', 'replica identity ' || t.relreplident::text,
    CASE WHEN t.relrowsecurity THEN 'row security' END, CASE WHEN t.relforcerowsecurity THEN 'forced' END,
    (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || a.attidentity::text,
                       ', ' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = ANY(%(tables)s)
"""
