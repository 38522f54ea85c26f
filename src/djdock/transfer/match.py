"""Which table of the SQLite file goes to which of PostgreSQL, column by column; and what has nowhere to go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.transfer import kinds, source, target
from djdock.transfer.kinds.kind import Kind, Slot
from djdock.transfer.models import Field, Model, Models
from djdock.transfer.snapshot import quoted

# Django's record of what it has applied belongs to no model.
MIGRATIONS = Model(label="migrations.Migration", app="migrations", table="django_migrations")
# Tables that hold nothing but what a command makes anew from other rows, in columns that are others for each database:
# their columns, where those differ, are no reason to stop. By table, that command.
REBUILT = {"wagtailsearch_indexentry": "update_index", "modelsearch_indexentry": "rebuild_modelsearch_index"}


@dataclass(frozen=True)
class Lane:
    """A column on its way: its name in SQLite, and where its values go."""

    name: str
    required: bool
    slot: Slot
    field: Field | None

    @property
    def kind(self) -> Kind:
        """How its values look and travel."""
        return kinds.of(self.slot.column)

    @property
    def x(self) -> str:
        """A value of it, as SQL for SQLite, where the table is called `t`."""
        return f"t.{quoted(self.name)}"

    @property
    def column(self) -> target.Column:
        """Where its values go."""
        return self.slot.column


@dataclass(frozen=True)
class Route:
    """A table on its way."""

    label: str
    source: source.Table
    target: target.Table
    lanes: tuple[Lane, ...]

    def lane(self, column: str) -> Lane | None:
        """The lane to a column of the target."""
        return next((lane for lane in self.lanes if lane.column.name == column), None)


@dataclass(frozen=True)
class Leftover:
    """What is not copied, and why."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True)
class Match:
    """All of it."""

    routes: tuple[Route, ...]
    leftovers: tuple[Leftover, ...]

    def route(self, table: str) -> Route | None:
        """The route to a table of the target."""
        return next((route for route in self.routes if route.target.name == table), None)


def match(
    old: source.Catalogue, new: dict[str, target.Table], models: Models, chosen: Iterable[Model], *, unmanaged: bool
) -> Match:
    """Pairs what both sides have.

    Args:
        chosen: the models whose rows are wanted.
        unmanaged: whether that goes for models whose tables Django leaves to others.

    Raises:
        Problem: a model's table or column is missing on one side, or has a type that cannot be copied.
    """
    routes: list[Route] = []
    leftovers: list[Leftover] = []
    known: set[str] = set()
    for model in models.models:
        known.add(model.table.lower())
    for model in chosen:
        here, there = old.table(model.table), new.get(model.table)
        if not model.present or any(route.target.name == model.table for route in routes):
            continue
        if not model.managed and model is not MIGRATIONS and (not unmanaged or here is None or there is None):
            if here is not None:
                way = "; --unmanaged copies it" if there else ", and PostgreSQL has no such table"
                leftovers.append(Leftover("table", model.table, f"its model is unmanaged{way}"))
            continue
        if here is None or there is None:
            raise _missing(model.table, "the SQLite file" if here is None else "PostgreSQL", model)
        if model.table in REBUILT and not _fits(here, there):
            why = f"each database has its own form of it; to fill it: djdock manage {REBUILT[model.table]}"
            leftovers.append(Leftover("table", model.table, why))
            continue
        routes.append(_route(model, here, there, models))
        leftovers += _columns_left(routes[-1])
    taken = {route.source.name.lower() for route in routes}
    for table in old.tables.values():
        if table.name.lower() not in known | taken | {MIGRATIONS.table}:
            leftovers.append(Leftover("table", table.name, "no model has this table"))
    leftovers += [Leftover(kind, name, "only tables are copied") for kind, name in old.others]
    return Match(tuple(routes), tuple(leftovers))


def _fits(here: source.Table, there: target.Table) -> bool:
    """Whether SQLite has every column that PostgreSQL has to be given."""
    return all(column.generated or here.column(column.name) is not None for column in there.columns)


def _route(model: Model, here: source.Table, there: target.Table, models: Models) -> Route:
    if not here.rowid:
        raise Problem(
            f"The table {here.name} is one WITHOUT ROWID, which cannot be read in pieces.",
            hint=f"Leave it out and copy it by other means: --exclude {model.label}",
        )
    lanes = []
    for column in there.columns:
        if column.generated:
            continue
        found = here.column(column.name)
        if found is None:
            raise _missing(f"{here.name}.{column.name}", "the SQLite file", model)
        field = model.by_column.get(column.name)
        slot = Slot(
            column,
            minimum=0 if field is not None and field.positive else None,
            zone=None if models.use_tz else models.time_zone,
            loose=not found.makes_integers,
        )
        lanes.append(Lane(found.name, found.required, slot, field))
    return Route(model.label, here, there, tuple(lanes))


def _columns_left(route: Route) -> list[Leftover]:
    taken = {lane.name for lane in route.lanes} | {column.name for column in route.target.columns if column.generated}
    return [
        Leftover("column", f"{route.source.name}.{column.name}", "PostgreSQL has no such column")
        for column in route.source.columns
        if column.name not in taken and not column.generated
    ]


def _missing(what: str, where: str, model: Model) -> Problem:
    return Problem(
        f"{where[0].upper()}{where[1:]} has no {what}.",
        hint="The models and the tables differ: are there migrations that have not been made or applied?\n"
        "See: djdock manage makemigrations --check\n"
        f"Where they make another table for each kind of database, leave it out: --exclude {model.label}",
    )
