"""The two forms in which values leave SQLite, as its SQL: the text that digests are made of, and the line of CSV."""

from __future__ import annotations

from collections.abc import Sequence

from djdock.transfer.kinds.kind import NULL, QUOTE
from djdock.transfer.match import Lane

# More than any printf() of SQLite takes as arguments (127 functions arguments by default, one is the format).
MOST_ARGUMENTS = 100
_QUOTE = QUOTE.decode()


def text(lane: Lane) -> str:
    """The text that stands for a value in the digests.

    Where PostgreSQL allows no NULL, one is at fault, and what its digest would be makes no difference.
    """
    plain = lane.kind.source_text(lane.x, lane.slot)
    if lane.column.required:
        return plain
    if plain == lane.x:
        return f"ifnull({plain}, '{NULL.decode()}')"
    return f"CASE WHEN {lane.x} IS NULL THEN '{NULL.decode()}' ELSE {plain} END"


def field(lane: Lane, *, doubled: bool = True) -> str:
    """A value in a line of CSV: quoted, so that an empty text is no NULL; NULL itself becomes NULL, or an empty field.

    Args:
        doubled: a quote within a text is doubled, as it has to be; it takes twice the time.
    """
    if lane.kind.QUOTED:  # NULL is not quoted: what is joined to it is NULL, too
        return f"'{_QUOTE}' || {_inner(lane, doubled=doubled)} || '{_QUOTE}'"
    plain = lane.kind.line(lane.x, lane.slot)
    return plain if plain == lane.x else f"CASE WHEN {lane.x} IS NOT NULL THEN {plain} END"


def line(lanes: Sequence[Lane], *, doubled: bool) -> str:
    """A whole line: one call of printf() is much faster than joining the fields one by one."""
    parts = []
    for start in range(0, len(lanes), MOST_ARGUMENTS):
        holes, fields = [], []
        for lane in lanes[start : start + MOST_ARGUMENTS]:
            always = lane.kind.QUOTED and lane.column.required
            holes.append(f"{_QUOTE}%s{_QUOTE}" if always else "%s")
            fields.append(_inner(lane, doubled=doubled) if always else field(lane, doubled=doubled))
        parts.append(f"printf('{','.join(holes)}', {', '.join(fields)})")
    return " || ',' || ".join(parts) + " || char(10)"


def _inner(lane: Lane, *, doubled: bool) -> str:
    plain = lane.kind.line(lane.x, lane.slot)
    return f"replace({plain}, '{_QUOTE}', '{_QUOTE}{_QUOTE}')" if doubled else plain
