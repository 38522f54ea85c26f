"""What a scan has found, in a file beside the snapshot: there may be millions of findings, too many for memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds.kind import Value
from djdock.transfer.snapshot import Raw

NAME = "findings.sqlite3"
# What a value looks like in a report.
LONGEST = 80
_TABLES = """
CREATE TABLE finding (route INTEGER, row INTEGER, key TEXT, lane TEXT, value TEXT, fault TEXT, detail TEXT, done TEXT);
CREATE INDEX finding_of_row ON finding (route, row);
CREATE TABLE rewriting (route INTEGER, row INTEGER, lane TEXT, value);
"""


@dataclass(frozen=True)
class Finding:
    """A value at fault.

    Attributes:
        route: the number of its table among those that are copied.
        row: SQLite's number of its row.
        key: the primary key of the row, as a person would write it.
        lane: the column, or the columns with a comma between them.
        value: as a person would see it, cut where it is long.
        detail: what else there is to say, such as the limit.
        done: what became of it; empty as long as nothing did.
    """

    route: int
    row: int
    key: str
    lane: str
    value: str
    fault: Fault
    detail: str = ""
    done: str = ""


class Ledger:
    """The findings of one scan. One thread writes."""

    def __init__(self, folder: Path, name: str = NAME) -> None:
        path = folder / name
        path.unlink(missing_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.executescript(_TABLES)
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Forgets what was found."""
        self._file.close()

    def add(self, findings: Iterable[Finding]) -> None:
        """Keeps findings."""
        self._file.executemany(
            "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((f.route, f.row, f.key, f.lane, f.value, f.fault.name, f.detail, f.done) for f in findings),
        )

    def rewrite(self, route: int, values: Iterable[tuple[int, str, Value]]) -> None:
        """Keeps sound values in the form that Django would have written: (row, lane, value)."""
        self._file.executemany(
            "INSERT INTO rewriting VALUES (?, ?, ?, ?)",
            ((route, row, lane, stored(value)) for row, lane, value in values),
        )

    def rewritings(self, route: int) -> Iterator[tuple[int, str, object]]:
        """What was kept by `rewrite`."""
        rows = self._file.execute("SELECT row, lane, value FROM rewriting WHERE route = ?", (route,))
        yield from rows

    def findings(self, route: int | None = None) -> Iterator[Finding]:
        """What was found, in the order of tables and rows."""
        last, page = 0, 1000
        while True:
            # Page by page, so that what is read may be settled on the way.
            rows = self._file.execute(
                "SELECT rowid, * FROM finding WHERE rowid > ?1 AND (?2 IS NULL OR route = ?2) ORDER BY rowid LIMIT ?3",
                (last, route, page),
            ).fetchall()
            for last, number, row, key, lane, value, fault, detail, done in rows:  # noqa: B007 - the next page begins there
                yield Finding(number, row, key, lane, value, faults.BY_NAME[fault], detail, done)
            if len(rows) < page:
                return

    def settle(self, finding: Finding, done: str) -> None:
        """Notes what became of a value."""
        self._file.execute(
            "UPDATE finding SET done = ? WHERE route = ? AND row = ? AND lane = ? AND fault = ?",
            (done, finding.route, finding.row, finding.lane, finding.fault.name),
        )

    def counts(self, *, open_only: bool = False) -> list[tuple[int, str, Fault, int]]:
        """How many of each: route, lane, fault, number."""
        where = "WHERE done = ''" if open_only else ""
        rows = self._file.execute(
            f"SELECT route, lane, fault, count(*) FROM finding {where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return [(route, lane, faults.BY_NAME[fault], number) for route, lane, fault, number in rows]

    def forget_open(self, kinds: Iterable[Fault]) -> None:
        """Forgets the findings of some kinds that nothing was done about: they will be looked for again."""
        self._file.executemany("DELETE FROM finding WHERE done = '' AND fault = ?", ((fault.name,) for fault in kinds))

    def clear(self) -> None:
        """Forgets the rewritings: they are done."""
        self._file.execute("DELETE FROM rewriting")


def stored(value: Value) -> object:
    """A sound value as the sqlite3 module writes it in its own class: text as text."""
    return value.decode() if isinstance(value, Raw) else value


def shown(value: Value) -> str:
    """A value as a person would see it in a report."""
    if isinstance(value, Raw):
        text = value[: LONGEST * 4].decode("utf-8", "backslashreplace")
        return repr(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
    if isinstance(value, bytes):
        digits = value[: LONGEST // 2].hex()
        return f"x'{digits}{'…' if len(value) > LONGEST // 2 else ''}'"
    return "NULL" if value is None else repr(value)
