"""What repairs and other forms make of values: something sound, once and for all, that means the same."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djdock.transfer.kinds import moments
from djdock.transfer.kinds.kind import Value, raw
from djdock.transfer.snapshot import Raw
from tests import columns
from tests.columns import BERLIN, FORMS, Form, Undecoded

BY_NAME = {form.name: form for form in FORMS + BERLIN}


def as_value(given: object) -> Value:
    """A value as a scan gets it, whatever the declared type would have made of it."""
    if isinstance(given, Undecoded):
        return Raw(given.content)
    if isinstance(given, str):
        return raw(given)
    assert given is None or isinstance(given, int | float | bytes)
    return given


@pytest.mark.parametrize("form", FORMS + BERLIN, ids=lambda form: form.name)
def test_what_comes_out_is_sound_for_good(form: Form) -> None:
    """A repair gives nothing, or what nothing is wrong with; Django's form of a value has no other form itself."""

    @given(columns.anything(form))
    def examine(given_: object) -> None:
        value = as_value(given_)
        if value is None:
            return
        if form.kind.judge(value, form.slot):
            after = form.kind.mend(value, form.slot)
        else:
            after = form.kind.normal(value, form.slot)
        if after is not None:
            assert form.kind.judge(after, form.slot) is None, after
            assert form.kind.normal(after, form.slot) == after

    examine()


@pytest.mark.parametrize(
    ("name", "values", "written"),
    [
        ("uuid", st.uuids(), lambda one: one.hex),
        ("date", st.dates(), str),
        ("time", st.times(), str),
        ("moment", st.datetimes(), str),
        ("address", st.ip_addresses(), str),
        ("json", columns.JSON_VALUES, json.dumps),
        ("text", columns.TEXTS.filter(lambda text: "\0" not in text), str),
    ],
)
def test_what_django_writes_is_left_alone(
    name: str, values: st.SearchStrategy[object], written: Callable[[object], str]
) -> None:
    """Nothing is wrong with what Django itself writes, and it has no other form."""
    form = BY_NAME[name]

    @given(values)
    def examine(value: object) -> None:
        kept = raw(written(value))
        assert form.kind.judge(kept, form.slot) is None
        assert form.kind.normal(kept, form.slot) == kept

    examine()


@given(st.uuids(), st.sampled_from([str, lambda one: str(one).upper(), lambda one: f"{{{one}}}", lambda one: one.urn]))
def test_a_uuid_stays_the_same(value: uuid.UUID, form: Callable[[uuid.UUID], str]) -> None:
    """Whatever Python reads as a UUID becomes the text that Django has for it."""
    slot = BY_NAME["uuid"].slot
    assert BY_NAME["uuid"].kind.normal(raw(form(value)), slot) == raw(value.hex)


@given(st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_stays_the_same(value: dt.datetime, minutes: int) -> None:
    """A time with an offset from UTC becomes that time in UTC."""
    aware = value.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    form = BY_NAME["moment"]
    normal = form.kind.normal(raw(aware.isoformat()), form.slot)
    assert normal == raw(str(aware.astimezone(dt.timezone.utc).replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("zone", "months"), [("Europe/Berlin", {"03", "04", "05"}), ("Africa/Casablanca", {"02", "11"}), ("UTC", set())]
)
def test_months_of_gaps(zone: str, months: set[str]) -> None:
    """Clocks were set forward in wars, too, and will be after each Ramadan: no such month is left out."""
    found = set(moments.months_of_gaps(zone))
    assert found >= months
    assert len(found) < 13
    assert bool(found) == bool(months)


@given(st.decimals(-99999, 99999, places=2))
def test_money_is_left_alone(value: decimal.Decimal) -> None:
    """A decimal as SQLite keeps it, which is a REAL with the noise of binary fractions, is sound."""
    form = BY_NAME["decimal"]
    assert form.kind.judge(float(value), form.slot) is None
    assert form.kind.judge(float(value) + 0.004, form.slot) is not None


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("varchar", "a\0b", "ab"),
        ("varchar", "12345678901", "1234567890"),
        ("varchar", "123456789     ", "123456789 "),
        ("varchar", Undecoded(b"a\xffb"), "a\ufffdb"),
        ("varchar", b"bytes", "bytes"),
        ("varchar", 12, "12"),
        ("varchar", 1.5, "1.5"),
        ("integer", " 12 ", 12),
        ("integer", "1e3", 1000),
        ("integer", 1.9, 1),
        ("integer", -1.9, -1),
        ("integer", 2**31, None),
        ("integer", "many", None),
        ("positive", -1, None),
        ("big", 2.0**52, 2**52),
        ("big", 2.0**63, None),
        ("bool", 2, 1),
        ("bool", "Yes", 1),
        ("bool", "off", 0),
        ("bool", "0.0", 0),
        ("bool", "perhaps", None),
        ("decimal", 0.125, 0.12),
        ("decimal", 0.375, 0.38),
        ("decimal", "1.005", 1),
        ("decimal", 100000, None),
        ("decimal", float("inf"), None),
        ("decimal", "nan", None),
        ("real", " 1.5 ", 1.5),
        ("real", "nan", None),
        ("date", "2024-02-29 12:00:00", "2024-02-29"),
        ("date", 86400, "1970-01-02"),
        ("date", "2023-02-29", None),
        ("time", "2024-02-29 12:00:00", "12:00:00"),
        ("time", "24:00:00", None),
        ("moment", "2024-02-29", "2024-02-29 00:00:00"),
        ("moment", 1.5, "1970-01-01 00:00:01.500000"),
        ("moment", "soon", None),
        ("berlin", "2024-03-31 02:30:00", "2024-03-31 03:30:00"),
        ("berlin", "1945-05-24 02:30:00", "1945-05-24 03:30:00"),
        ("uuid", b"\x01" * 16, "01" * 16),
        ("uuid", "none", None),
        ("json", "it's", '"it\'s"'),
        ("json", '"a\\u0000b"', '"ab"'),
        ("json", '"\\ud800"', '"\ufffd"'),
        ("json", "[NaN, -Infinity, 1e999999]", "[null, null, null]"),
        ("json", b"[1]", "[1]"),
        ("address", " ::1 ", "::1"),
        ("address", "localhost", None),
        ("bytes", 1, None),
        ("duration", 1.5, 1),
    ],
)
def test_repairs_are_the_documented_ones(name: str, before: object, after: object) -> None:
    """Each kind of fault becomes what the table of faults says."""
    form = BY_NAME[name]
    value = as_value(before)
    assert form.kind.judge(value, form.slot) is not None
    mended = form.kind.mend(value, form.slot)
    assert (type(mended), mended) == (type(as_value(after)), as_value(after))
