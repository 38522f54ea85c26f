"""Sequences that go on where copied keys end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

from djdock.errors import Problem
from djdock.transfer.schema.session import locate, run

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Generator:
    """A sequence, and the columns that take their values from it.

    Attributes:
        name: quoted, with its schema.
        columns: SQL expressions, (table, column), quoted.
    """

    name: str
    label: str
    start: int
    step: int
    least: int
    most: int
    tables: list[str]
    columns: list[str]


def set_sequences(connection: Connection, tables: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Makes every sequence of these tables go on after the highest key, or at its start where no key reaches that.

    Those are the sequences that their columns own (identity and serial), and that their defaults name. It is done
    with ALTER SEQUENCE … RESTART: unlike `setval`, that is undone when the transaction is.

    Returns:
        The next value of each sequence, by its name.

    Raises:
        Problem: a key is so high that its sequence has no further value.
    """
    found = locate(connection, tables)
    with connection.cursor(row_factory=class_row(Generator)) as cursor:
        generators = cursor.execute(_SEQUENCES, [found]).fetchall()
    following = {generator.name: _next(connection, generator) for generator in generators}
    run(connection, [f"ALTER SEQUENCE {name} RESTART WITH {value}" for name, value in following.items()])
    return following


def _next(connection: Connection, generator: Generator) -> int:
    """The first value in the sequence's own steps that lies beyond all keys."""
    pick = "max" if generator.step > 0 else "min"
    parts = (
        f"SELECT {pick}({column})::numeric AS extreme FROM ONLY {table}"
        for table, column in zip(generator.tables, generator.columns, strict=True)
    )
    query = f"SELECT {pick}(extreme) FROM ({' UNION ALL '.join(parts)}) AS keys"
    row = connection.execute(query.encode(connection.info.encoding)).fetchone()
    extreme: Decimal | None = row[0] if row else None
    if extreme is None:
        return generator.start
    steps = (extreme - generator.start) // generator.step + 1
    value = generator.start + max(0, int(steps)) * generator.step
    if not generator.least <= value <= generator.most:
        raise _exhausted(generator, extreme)
    return value


def _exhausted(generator: Generator, extreme: Decimal) -> Problem:
    limit = generator.most if generator.step > 0 else generator.least
    return Problem(
        f"A key of {generator.label} is {extreme}, and its sequence ends at {limit}: no new row would get a key.",
        hint="Give that row a lower key in the SQLite file, or make the field a BigAutoField and migrate.",
    )


_SEQUENCES = """
WITH users AS (
    SELECT d.objid AS sequence, d.refobjid AS tabl, d.refobjsubid::int AS col FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND d.refobjsubid > 0
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum::int FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
)
SELECT format('%%I.%%I', m.nspname, c.relname) AS name,
       string_agg(DISTINCT t.relname || '.' || a.attname, ', ') AS label,
       s.seqstart AS start, s.seqincrement AS step, s.seqmin AS least, s.seqmax AS most,
       array_agg(format('%%I.%%I', n.nspname, t.relname) ORDER BY t.oid, a.attnum) AS tables,
       array_agg(quote_ident(a.attname) ORDER BY t.oid, a.attnum) AS columns
FROM users u JOIN pg_sequence s ON s.seqrelid = u.sequence JOIN pg_class c ON c.oid = u.sequence
JOIN pg_namespace m ON m.oid = c.relnamespace JOIN pg_class t ON t.oid = u.tabl
JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.col
JOIN pg_type y ON y.oid = a.atttypid
WHERE t.relkind IN ('r', 'p') AND y.typcategory = 'N'
GROUP BY m.nspname, c.relname, s.seqrelid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax
HAVING bool_or(t.oid = ANY(%s)) ORDER BY 1
"""
