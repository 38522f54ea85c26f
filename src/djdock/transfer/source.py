"""What a SQLite file has: its tables, their columns and keys, as its own catalogue says."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from djdock.transfer.snapshot import quoted

# SQLite's own names for the number of a row; a column of that name hides it.
ROWIDS = ("rowid", "_rowid_", "oid")
# What a declared type holds where its column has the affinity TEXT, BLOB or REAL.
_OTHER_AFFINITIES = ("CHAR", "CLOB", "TEXT", "BLOB", "REAL", "FLOA", "DOUB")
# What table_xinfo says of a column that is computed.
GENERATED = frozenset({2, 3})
# What SQLite's full-text search and its R*Trees call those tables, behind their own name and an underscore.
SHADOWS = ("data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent", "rowid")


@dataclass(frozen=True)
class Column:
    """A column: `type` as declared, `required` where it is NOT NULL."""

    name: str
    type: str
    required: bool
    generated: bool

    @property
    def makes_integers(self) -> bool:
        """Whether a whole number is an INTEGER in it, however it was written (its affinity is INTEGER or NUMERIC)."""
        # The rules of https://www.sqlite.org/datatype3.html#determination_of_column_affinity
        declared = self.type.upper()
        if "INT" in declared:
            return True
        return bool(declared) and not any(sign in declared for sign in _OTHER_AFFINITIES)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        key: the columns of its primary key.
        unique: sets of columns whose values SQLite keeps unique, byte for byte.
        rowid: the name by which the number of a row can be asked for.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: frozenset[frozenset[str]]
    rowid: str

    @property
    def quoted(self) -> str:
        """Its name as SQL."""
        return quoted(self.name)

    @property
    def row(self) -> str:
        """The number of a row, as SQL."""
        return f"t.{self.rowid}"

    def column(self, name: str) -> Column | None:
        """The column of a name, whatever its capitals: SQLite makes no difference."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)


@dataclass(frozen=True)
class Catalogue:
    """All of a file: its tables by lower-case name, and its other objects as (type, name)."""

    tables: dict[str, Table]
    others: tuple[tuple[str, str], ...]

    def table(self, name: str) -> Table | None:
        """The table of a name, whatever its capitals."""
        return self.tables.get(name.lower())


def read(connection: sqlite3.Connection) -> Catalogue:
    """Reads a snapshot's catalogue; `connection` gives text as `str`."""
    rows = connection.execute("SELECT type, name, ifnull(sql, '') FROM sqlite_master ORDER BY rowid").fetchall()
    virtual = [name for kind, name, sql in rows if kind == "table" and sql.upper().startswith("CREATE VIRTUAL")]
    shadows = _shadows(connection, virtual)
    tables, others = {}, []
    for kind, name, _sql in rows:
        if name.startswith("sqlite_") or name in shadows:
            continue
        if kind == "table" and name in virtual:
            others.append(("virtual table", name))
        elif kind == "table":
            tables[name.lower()] = _table(connection, name)
        elif kind in {"view", "trigger"}:
            others.append((kind, name))
    return Catalogue(tables, tuple(others))


def _shadows(connection: sqlite3.Connection, virtual: list[str]) -> frozenset[str]:
    """The tables that virtual ones keep their content in: nothing that anybody would miss."""
    try:
        rows = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'").fetchall()
    except sqlite3.OperationalError:  # SQLite before 3.37 does not tell
        return frozenset(f"{name}_{part}" for name in virtual for part in SHADOWS)
    return frozenset(name for (name,) in rows)


def _table(connection: sqlite3.Connection, name: str) -> Table:
    columns, key = [], []
    for _cid, column, declared, required, _default, part, hidden in connection.execute(
        "SELECT * FROM pragma_table_xinfo(?)", (name,)
    ):
        columns.append(Column(column, declared, bool(required), hidden in GENERATED))
        if part:
            key.append((part, column))
    names = {column.name.lower() for column in columns}
    rowid = next((candidate for candidate in ROWIDS if candidate not in names), "")
    if rowid and not _has_rowid(connection, name, rowid):
        rowid = ""
    ordered = tuple(column for _part, column in sorted(key))
    return Table(name, tuple(columns), ordered, _unique(connection, name, ordered), rowid)


def _has_rowid(connection: sqlite3.Connection, name: str, rowid: str) -> bool:
    try:
        connection.execute(f"SELECT t.{rowid} FROM {quoted(name)} AS t LIMIT 0")
    except sqlite3.OperationalError:
        return False
    return True


def _unique(connection: sqlite3.Connection, name: str, key: tuple[str, ...]) -> frozenset[frozenset[str]]:
    found = {frozenset(key)} if key else set()
    indexes = connection.execute('SELECT name, "unique", partial FROM pragma_index_list(?)', (name,)).fetchall()
    for index, unique, partial in indexes:
        parts = connection.execute(
            "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno", (index,)
        ).fetchall()
        # One over an expression has no column name; one without regard to capitals proves less than nothing here.
        if unique and not partial and all(column is not None and order == "BINARY" for column, order in parts):
            found.add(frozenset(column for column, _order in parts))
    return frozenset(found)
