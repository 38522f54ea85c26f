"""Columns as Django declares them on both sides, values that get into them, and tables made of these."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from djdock.transfer import kinds, source, target
from djdock.transfer.kinds.kind import Kind, Slot, Value
from djdock.transfer.match import Lane, Route
from djdock.transfer.snapshot import Raw


@dataclass(frozen=True)
class Form:
    """A column: how SQLite declares it, how PostgreSQL does, what the catalogue says, and texts like those in it."""

    name: str
    sqlite: str
    postgres: str
    column: target.Column
    near: st.SearchStrategy[object]
    zone: str | None = None
    minimum: int | None = None

    @property
    def slot(self) -> Slot:
        return Slot(
            replace(self.column, name=self.name),
            minimum=self.minimum,
            zone=self.zone,
            loose=not self.here.makes_integers,
        )

    @property
    def here(self) -> source.Column:
        return source.Column(self.name, self.sqlite, required=False, generated=False)

    @property
    def kind(self) -> Kind:
        return kinds.of(self.column)

    @property
    def lane(self) -> Lane:
        return Lane(self.name, self.column.required, self.slot, None)


def column(type_: str, written: str = "", **limits: int) -> target.Column:
    """A column that allows NULL."""
    return target.Column("v", type_, written or type_, required=False, generated=False, **limits)


DIGITS = st.text("0123456789", min_size=1, max_size=4)
# Characters that parsers disagree about.
ODD = "0123456789-:. TtZz+,_eExXaAfF\x1f\x01\x02\x00\t\n\r'\"\\{}[]()%/٣é漢🙂\u00a0\u3000"


@st.composite
def dented(draw: st.DrawFn, sound: st.SearchStrategy[str]) -> str:
    """A sound text with a few characters put in, taken out or replaced."""
    text = draw(sound)
    for _change in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.text(ODD, max_size=2)) + text[place + draw(st.integers(0, 2)) :]
    return text


SMALL = st.integers(-3, 3)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.builds(
        lambda base, more: max(-(2**63), min(2**63 - 1, base + more)),
        st.sampled_from([0, *(sign * 2**bits for sign in (1, -1) for bits in (15, 31, 51, 52, 53, 62, 63))]),
        SMALL,
    ),
    st.floats(allow_nan=False),
    st.builds(
        lambda whole, part: whole / part, st.integers(-(10**18), 10**18), st.sampled_from([1, 2, 8, 10, 100, 1000])
    ),
    st.sampled_from(
        [0.0, -0.0, 1e308, -1e308, float("inf"), float("-inf"), 2.0**51, 2.0**53, 2.0**62, -(2.0**63), 5e-324]
    ),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=14) | st.text(ODD, max_size=14)
DATES = st.dates().map(str)
TIMES = st.times().map(str)
MOMENTS = st.datetimes().map(str)
# Days of each month that it may not have: parsers count on, refuse, or take them as they are.
NO_DAYS = st.builds(
    "{}-{:02}-{:02}".format, st.sampled_from(["2023", "2024", "1900"]), st.integers(1, 12), st.integers(29, 31)
)
OFFSETS = st.sampled_from(["", "", "Z", "+00:00", "+02", "-0330", "+14:00", " +01:00", "+25:00", "+23:99", "[UTC]"])
CLOCKS = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}{}{}".format,
    st.sampled_from([0, 1, 1582, 1900, 1999, 2000, 2023, 2024, 9999]),
    *(
        st.sampled_from([0, 1, 2, 4, 12, 13]),
        st.sampled_from([0, 1, 28, 29, 30, 31, 32]),
        st.sampled_from([" ", "T", "  ", "t"]),
    ),
    *(st.integers(0, 24), st.integers(0, 60)),
    st.sampled_from(
        ["", ":00", ":59", ":60", ":1", ":00.5", ":00.123456", ":00.000000", ":00.1234567", ":00,5", ":00."]
    ),
    OFFSETS,
)
DAYS = st.builds(
    "{}-{}-{}{}".format,
    st.sampled_from(["0000", "0001", "2023", "2024", "9999", "10000", "-001", "24", "٢٠٢٤"]),
    *(st.sampled_from(["1", "01", "02", "12", "13", "00"]), st.sampled_from(["1", "01", "29", "30", "31", "32", "00"])),
    st.sampled_from(["", "", " 00:00:00", "T12:00", " ", "+01"]),
)
UUIDS = st.uuids().map(str) | st.uuids().map(lambda one: one.hex)
UUID_FORMS = st.builds(
    lambda one, form: form(one),
    st.uuids().map(str),
    st.sampled_from(
        [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda one: one.replace("-", ""), "({})".format, str.title]
    ),
)
ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(
    ["", "::ffff:1.2.3.4", "::1.2.3.4", "1.2.3.4/32", "1.2.3.4/24", "010.0.0.1", "1.2.3", "fe80::1%eth0", "::", "FF::A"]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
)
JSON_VALUES: st.SearchStrategy[object] = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=8,
)
JSON_WRITTEN = st.builds(lambda value, plain: json.dumps(value, ensure_ascii=plain), JSON_VALUES, st.booleans())
JSON_ODD = st.sampled_from(
    [
        *(
            "",
            "NaN",
            "[Infinity]",
            '{"a": 1, "a": 2}',
            '"\\u0000"',
            '"\\\\u0000"',
            '"\\ud800"',
            '"\\ud83d\\ude00"',
            "1e400",
        ),
        *(
            "-0",
            "-0.0",
            "1E2",
            "1.50",
            "0e5",
            "0.0e-3",
            "[1,]",
            " 1 ",
            "{}",
            "[]",
            "1 2",
            "1, 2",
            '"\x1f"',
            '"\x01"',
            "01",
        ),
        *(
            "1e131072",
            "1e131071",
            "1e-16383",
            "1e-16384",
            "1e99999999",
            "-1e-5",
            "\ufeff1",
            "\x0b1",
            "tru",
            "'a'",
            '"a',
            "{",
        ),
        *(
            '"\\u0001 djdock \\u0001"',
            '"\\u001f djdock \\u001f"',
            '{"b": 1, "aa": 2, "é": 3}',
            "9" * 5000,
            "0." + "1" * 400,
        ),
        *(
            '{"\\u0000": 1}',
            "[" * 500 + "]" * 500,
            '"\\u007f\x7f"',
            '"\\/"',
            '"\u2028"',
            '["\\u0000", 1e400, "\\udc00"]',
        ),
    ]
)
NUMERALS = st.sampled_from(
    ["1", " 2 ", "1.5", "1_000", "٣", "0x10", "1e3", "inf", "nan", "NaN", "-inf", "yes", "off", "9" * 30, "1,5", "½"]
)
WORDS = st.sampled_from(["yes", "no", "TRUE", "f", "T", "on", "off", "2", "0.0", "-1", "", "nan", "true "])

VARCHAR = column("varchar", "character varying(10)", length=10)
FORMS = [
    Form("varchar", "varchar(10)", "varchar(10)", VARCHAR, TEXTS),
    Form("char", "char(4)", "char(4)", column("bpchar", "character(4)", length=4), TEXTS),
    Form("text", "text", "text", column("text"), TEXTS),
    Form("small", "smallint unsigned", "smallint", column("int2"), NUMERALS),
    Form("integer", "integer", "integer", column("int4"), NUMERALS),
    Form("positive", "bigint unsigned", "bigint", column("int8"), NUMERALS, minimum=0),
    Form("big", "bigint", "bigint", column("int8"), NUMERALS),
    Form("bool", "bool", "boolean", column("bool"), WORDS),
    Form("decimal", "decimal", "numeric(7, 2)", column("numeric", "numeric(7,2)", precision=7, scale=2), NUMERALS),
    Form("wide", "decimal", "numeric(30, 10)", column("numeric", "numeric(30,10)", precision=30, scale=10), NUMERALS),
    Form("whole", "decimal", "numeric(18, 0)", column("numeric", "numeric(18,0)", precision=18, scale=0), NUMERALS),
    Form("any_decimal", "decimal", "numeric", column("numeric"), NUMERALS),
    Form("real", "real", "double precision", column("float8", "double precision"), NUMERALS),
    Form("duration", "bigint", "interval", column("interval"), NUMERALS),
    Form("date", "date", "date", column("date"), dented(DATES) | DAYS | NO_DAYS),
    Form("time", "time", "time", column("time"), dented(TIMES) | CLOCKS.map(lambda one: one[11:])),
    Form(
        "moment",
        "datetime",
        "timestamptz",
        column("timestamptz"),
        dented(MOMENTS) | NO_DAYS.map("{} 10:00:00".format) | CLOCKS | dented(CLOCKS),
    ),
    Form("uuid", "char(32)", "uuid", column("uuid"), dented(UUIDS) | UUID_FORMS),
    Form("json", "text", "jsonb", column("jsonb"), JSON_WRITTEN | JSON_ODD | dented(JSON_ODD | JSON_WRITTEN)),
    Form("bytes", "BLOB", "bytea", column("bytea"), TEXTS),
    Form("address", "char(39)", "inet", column("inet"), dented(ADDRESSES)),
]
BERLIN = [
    Form(
        "berlin",
        "datetime",
        "timestamptz",
        column("timestamptz"),
        dented(MOMENTS) | NO_DAYS.map("{} 10:00:00".format) | CLOCKS,
        zone="Europe/Berlin",
    ),
    Form(
        "apia",
        "datetime",
        "timestamptz",
        column("timestamptz"),
        NO_DAYS.map("{} 10:00:00".format) | MOMENTS | CLOCKS,
        zone="Pacific/Apia",
    ),
]


# As somebody else made them: with no type, or a type that turns numbers into text or texts into numbers.
UNTYPED = [
    replace(form, name=f"{form.name}_{affinity}", sqlite=declared)
    for form in FORMS
    if form.name in {"text", "integer", "big", "bool", "decimal", "any_decimal", "real", "duration", "moment", "bytes"}
    for affinity, declared in (("none", ""), ("text", "clob"), ("real", "real"))
]


@dataclass(frozen=True)
class Undecoded:
    """A text in SQLite whose bytes need not be UTF-8."""

    content: bytes


def anything(form: Form) -> st.SearchStrategy[object]:
    """What may get into a column: SQLite lets in all of it."""
    return st.one_of(
        form.near,
        st.none(),
        NUMBERS,
        TEXTS,
        st.binary(max_size=20),
        st.binary(max_size=8).map(Undecoded),
        form.near.map(lambda near: near.encode() if isinstance(near, str) else near),
        form.near.map(lambda near: f" {near}\n"),
    )


def put(connection: sqlite3.Connection, table: str, lanes: Iterable[str], values: Iterable[object]) -> None:
    """Puts a row into a table, each value in the class that it has."""
    given = list(values)
    places = ", ".join("CAST(? AS TEXT)" if isinstance(value, Undecoded) else "?" for value in given)
    names = ", ".join(f'"{name}"' for name in lanes)
    contents = [value.content if isinstance(value, Undecoded) else value for value in given]
    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', contents)


def kept(connection: sqlite3.Connection, table: str, lane: str) -> list[Value]:
    """What SQLite has made of the values of a column, in the order of rows; NaN, for one, becomes NULL."""
    rows = connection.execute(
        f'SELECT typeof("{lane}"), CAST("{lane}" AS BLOB), "{lane}" FROM "{table}" ORDER BY rowid'
    )
    return [Raw(content) if kind in {"text", b"text"} else plain for kind, content, plain in rows]


def route(form: Form, table: str) -> Route:
    """The way of a table with one column, and its own row numbers for a key."""
    here = source.Table(table, (form.here,), (), frozenset(), "rowid")
    there = target.Table("public", table, (form.column,), (), ())
    return Route(f"app.{table}", here, there, (form.lane,))
