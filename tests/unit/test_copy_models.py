"""Tests of what is made of what Django says of a project's models."""

from __future__ import annotations

import pytest

from djdock.transfer.models import Field, Migrations, Model, Models, chosen, read

TOLD = {
    "kind": "models",
    "django": "5.2.8",
    "engine": "django.db.backends.postgresql",
    "use_tz": False,
    "time_zone": "Europe/Berlin",
    "fresh": True,
    "lacking": ["loose.Note"],
    "newly_applied": ["shop.0001_initial"],
    "installed": ["shop", "loose"],
    "migrations": {"disk": ["shop.s"], "replaces": {"shop.s": ["shop.0001_initial"]}, "plan": ["shop.s"]},
    "models": [
        {
            "label": "shop.Order", "app": "shop", "table": "shop_order", "managed": True, "swapped": "",
            "migrated": True, "made_by": "", "parents": ["shop.Base"],
            "fields": [{"name": "base", "column": "base_ptr_id", "primary_key": True, "from_a_newer_version": 1}],
        },
    ],
}  # fmt: skip


def model(label: str, *, table: str = "", made_by: str = "", managed: bool = True, swapped: str = "") -> Model:
    """A model."""
    table = table or label.lower().replace(".", "_")
    return Model(label, label.partition(".")[0], table, made_by=made_by, managed=managed, swapped=swapped)


SHOP = Models(models=(
    model("shop.Order"), model("shop.Order_tags", made_by="shop.Order"), model("shop.Tag"), model("auth.User"),
))  # fmt: skip


def test_an_answer_is_read_whole() -> None:
    """Everything that describe.py says has its place; what another version says beside it is passed over."""
    found = read(TOLD)
    assert found.migrations == Migrations(
        disk=frozenset({"shop.s"}), replaces={"shop.s": ("shop.0001_initial",)}, plan=("shop.s",)
    )
    assert (found.django, found.use_tz, found.time_zone, found.fresh) == ("5.2.8", False, "Europe/Berlin", True)
    assert (found.lacking, found.newly_applied) == (("loose.Note",), ("shop.0001_initial",))
    [order] = found.models
    assert order.parents == ("shop.Base",)
    assert order.primary_key == (Field("base", "base_ptr_id", primary_key=True),)
    assert order.by_column["base_ptr_id"] is order.fields[0]


@pytest.mark.parametrize(
    ("only", "exclude", "expected"),
    [
        ((), (), ["shop.Order", "shop.Order_tags", "shop.Tag", "auth.User"]),
        (("shop",), (), ["shop.Order", "shop.Order_tags", "shop.Tag"]),
        (("shop.order",), (), ["shop.Order", "shop.Order_tags"]),
        (("shop",), ("shop.Order",), ["shop.Tag"]),
        ((), ("auth",), ["shop.Order", "shop.Order_tags", "shop.Tag"]),
        (("shop.Order_tags",), (), ["shop.Order_tags"]),
    ],
)
def test_what_is_chosen(only: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    """Apps and models are named in any case, and tables of many-to-many relations come and go with their model."""
    assert [each.label for each in chosen(SHOP, only, exclude)] == expected


@pytest.mark.parametrize("name", ["shopp", "shop.Nothing", ""])
def test_a_name_that_is_none(name: str) -> None:
    """A misspelt name is told, and never means nothing or everything."""
    with pytest.raises(KeyError) as raised:
        chosen(SHOP, (name,), ())
    assert raised.value.args == (name,)


def test_two_models_of_one_table() -> None:
    """The managed model speaks for its table; one that was swapped for another has none."""
    looking, owning = model("b.View", table="t", managed=False), model("a.Owner", table="t")
    gone = model("auth.User", table="auth_user", swapped="accounts.User")
    models = Models(models=(looking, owning, gone))
    assert models.of_table("t") is owning
    assert models.of_table("auth_user") is None
    assert not gone.present


def test_geometry_is_named() -> None:
    """What holds geometry is named as people write it."""
    place = Model("maps.Place", "maps", "maps_place", fields=(Field("name", "name"), Field("at", "at", geometry=True)))
    assert Models(models=(place,)).geometry == ("maps.Place.at",)
