"""What came of a copy: for people as tables, for programs as JSON, and kept as a report."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from djdock import output
from djdock.errors import Problem
from djdock.transfer.job import OnError
from djdock.transfer.ledger import Finding
from djdock.transfer.repairs import CHANGES
from djdock.transfer.snapshot import quoted as quoted_name

if TYPE_CHECKING:
    from djdock.transfer.copying import Copied
    from djdock.transfer.preflight import Preflight

FINDINGS = "findings.csv"
REPORT = "report.json"
MOST_SHOWN = 20
# Names that SQL reads as something else where they stand plain; a person's own statement quotes them.
RESERVED = frozenset(
    {"as", "case", "check", "default", "from", "group", "in", "index", "is", "join", "limit", "on", "order",
     "references", "select", "set", "table", "then", "to", "transaction", "values", "when", "where"}
)  # fmt: skip
# What can be done about values that are still at fault, by what was done already.
WAYS: dict[OnError, str] = {
    "report": "To repair them, each as said above: the same command with --on-error fix\n"
    "To make NULL of those whose columns allow it: --on-error null",
    "null": "Their columns allow no NULL. To repair them, each as said above: --on-error fix",
    "fix": "No repair fits these. Correct them in the SQLite file, or leave their models out: --exclude APP.MODEL",
}


@dataclass(frozen=True)
class Report:
    """All that is known at the end.

    Attributes:
        folder: where the report goes; paths in it are told relative to `root`.
        source: the SQLite file, relative to the root.
        address: the target, without a password.
        before: how long it took, in seconds, what came before the pre-flight.
        copied: None where nothing was copied.
    """

    root: Path
    folder: Path
    source: str
    address: str
    flight: Preflight
    before: Mapping[str, float] = field(default_factory=dict)
    copied: Copied | None = None

    def told(self, name: str) -> str:
        """A file of the report, as a person would type it."""
        return (self.folder / name).relative_to(self.root).as_posix()


def refused(report: Report, on_error: OnError, *, as_json: bool) -> Problem:
    """Shows the values that cannot be copied as they are, and returns what is to be said of them."""
    kept = keep(report)
    flight = report.flight
    if as_json:
        output.say(json.dumps(as_data(report), indent=2))
        more = ""
    else:
        shown = _show_open(flight, on_error)
        more = f"; {shown} of them are above" if flight.open > shown else ""
    by_hand = f"\n{_by_hand(flight, report.source)}" if on_error == "fix" else ""
    return Problem(
        f"{_number(flight.open, 'value')} cannot be copied as {'it is' if flight.open == 1 else 'they are'}{more}. "
        "Nothing was changed.",
        hint=f"{WAYS[on_error]}{by_hand}" + (f"\nAll of them: {report.told(FINDINGS)}" if kept else ""),
    )


def _by_hand(flight: Preflight, source: str) -> str:
    finding = next(finding for finding in flight.ledger.findings() if not finding.done)
    route = flight.match.routes[finding.route]
    key = finding.key.replace("'", "''")
    where = f"{_name(route.source.key[0])} = '{key}'" if len(route.source.key) == 1 else f"rowid = {finding.row}"
    column = _name(finding.lane.partition(", ")[0])
    statement = f"UPDATE {_name(route.source.name)} SET {column} = '…' WHERE {where}"  # noqa: S608 - to be typed, not run
    # Quotation marks that a person reads easily, where the shell reads them as well.
    quoted = shlex.quote(statement) if set('"$`!\\') & set(statement) else f'"{statement}"'
    return f"By hand, such as: sqlite3 {shlex.quote(source)} {quoted}"


def _name(name: str) -> str:
    """A name as SQL, plain where it may be."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) and name not in RESERVED else quoted_name(name)


def _show_open(flight: Preflight, on_error: OnError) -> int:
    """What is wrong, column by column, with some of the values and what would be made of them; returns how many."""
    samples = defaultdict(list)
    for finding in _sample(flight):
        samples[finding.route, finding.lane, finding.fault.name].append(finding)
    numbers = {(route, lane, fault.name): count for route, lane, fault, count in flight.ledger.counts(open_only=True)}
    for kind, found in samples.items():
        first = found[0]
        where = f"{flight.match.routes[first.route].target.name}.{first.lane}"
        output.outcome("conflict", f"{where}: {_number(numbers[kind], 'value')}", _reason(first))
        width = max(len(finding.key) for finding in found)
        for finding in found:
            output.detail(f"{finding.key.ljust(width)}  {finding.value}")
        if on_error != "fix":
            output.detail(f"--on-error fix: {first.fault.repair}", whole=True)
    return sum(map(len, samples.values()))


def _sample(flight: Preflight) -> Iterator[Finding]:
    """The first findings, some of each kind: a million of one must not hide the only one of another."""
    kinds = len(flight.ledger.counts(open_only=True))
    of_each = max(1, MOST_SHOWN // kinds)
    seen: Counter[tuple[int, str, str]] = Counter()
    for finding in flight.ledger.findings():
        kind = (finding.route, finding.lane, finding.fault.name)
        if finding.done or seen[kind] == of_each:
            continue
        seen[kind] += 1
        yield finding
        if seen.total() == MOST_SHOWN:
            return


def show(report: Report, *, as_json: bool) -> None:
    """Shows what was copied, or would be; and keeps the report."""
    kept = keep(report)
    if as_json:
        output.say(json.dumps(as_data(report), indent=2))
        return
    flight, copied = report.flight, report.copied
    rows = [
        (route.target.name, f"{scan.rows:,}", _size(scan.bytes))
        for route, scan in zip(flight.match.routes, flight.scans, strict=True)
        if scan.rows
    ]
    empty = len(flight.match.routes) - len(rows)
    if rows:
        output.table(("table", "rows", "size"), rows, right={1, 2})
    for leftover in flight.match.leftovers:
        output.outcome("skip", f"{leftover.kind} {leftover.name}", leftover.why)
    if flight.changes:
        output.outcome("repair", _number(flight.changes, "value"), f"each with what it was: {report.told(CHANGES)}")
    if flight.outlook.triggers:
        output.warn(
            f"PostgreSQL's triggers do not fire for rows that are copied: {', '.join(flight.outlook.triggers)}. "
            "Columns that they fill hold what SQLite has."
        )
    tables = f"{_number(flight.rows, 'row')} in {_number(len(rows), 'table')}"
    more = f"; {_number(empty, 'more table')} {'is' if empty == 1 else 'are'} empty" if empty else ""
    if copied is None:
        output.outcome("works", f"{tables} can be copied", f"nothing was changed{more}")
        return
    output.outcome("copy", tables, _pace(copied) + more)
    output.outcome(
        "works", "every column of every table is the same on both sides", report.told(REPORT) if kept else ""
    )


def keep(report: Report) -> bool:
    """Writes the report, and where there are findings, all of them; returns whether there was room for it."""
    try:
        _write(report)
    except OSError as error:
        # The rows are in by now, or their faults known: a full disk must not hide that.
        output.warn(f"The report could not be written to {report.folder}: {error.strerror}.")
        return False
    return True


def _write(report: Report) -> None:
    text = json.dumps(as_data(report), indent=2, ensure_ascii=False)
    (report.folder / REPORT).write_text(text + "\n", encoding="utf-8")
    if report.flight.ledger.counts():
        with (report.folder / FINDINGS).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("table", "key", "column", "value", "reason", "done"))
            for finding in report.flight.ledger.findings():
                writer.writerow((*_row(report.flight, finding), finding.done))


def as_data(report: Report) -> dict[str, Any]:
    """The report for programs."""
    flight, copied = report.flight, report.copied
    return {
        "source": report.source,
        "target": report.address,
        "copied": copied is not None,
        "rows": flight.rows,
        "tables": list(_tables(flight, copied)),
        "findings": [
            {"table": flight.match.routes[route].target.name, "column": lane, "kind": fault.name, "number": number}
            for route, lane, fault, number in flight.ledger.counts()
        ],
        "open": flight.open,
        "changes": flight.changes,
        "rewritten": list(flight.rewritten),
        "leftovers": [{"kind": one.kind, "name": one.name, "why": one.why} for one in flight.match.leftovers],
        "sequences": dict(copied.sequences) if copied else {},
        "seconds": {name: round(value, 3) for name, value in _seconds(report).items()},
        "folder": report.folder.relative_to(report.root).as_posix(),
    }


def _seconds(report: Report) -> dict[str, float]:
    copied = report.copied.seconds if report.copied else {}
    return {**report.before, "preflight": report.flight.seconds, **copied}


def _tables(flight: Preflight, copied: Copied | None) -> Iterator[dict[str, Any]]:
    for route, scan in zip(flight.match.routes, flight.scans, strict=True):
        name = route.target.name
        proven = copied.tables.get(name) if copied else None
        yield {
            "table": name,
            "model": route.label,
            "rows": scan.rows,
            "bytes": scan.bytes,
            "digests": proven.digests if proven else {},
        }


def _row(flight: Preflight, finding: Finding) -> tuple[str, str, str, str, str]:
    return flight.match.routes[finding.route].target.name, finding.key, finding.lane, finding.value, _reason(finding)


def _reason(finding: Finding) -> str:
    return f"{finding.fault.reason}: {finding.detail}" if finding.detail else finding.fault.reason


def _pace(copied: Copied) -> str:
    seconds = copied.seconds["copy"]
    size = sum(copied.sizes.values())
    return f"{_size(size)} in {seconds:.1f} s" + (f", {size / 1e6 / seconds:,.0f} MB/s" if seconds > 1 else "")


def _size(count: int) -> str:
    """Bytes, in the unit that reads best."""
    if count < 1000:  # noqa: PLR2004 - a kB
        return f"{count} B"
    return f"{count / 1e6:,.1f} MB" if count > 1e5 else f"{count / 1e3:,.1f} kB"  # noqa: PLR2004 - where MB read better


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
