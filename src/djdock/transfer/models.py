"""What Django says of a project's models, their columns, and the migrations: values read from describe.py's answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Field:
    """A column, and what Django keeps in it.

    Attributes:
        name, attname: as Python code knows it: `author`, `author_id`.
        own_type: `get_internal_type` of the field itself: `ForeignKey` …
        type: the type of its values, by the name that Django itself has for it: of a foreign key that of its target,
            of a custom field that of the class that it is made from.
        path: the dotted path of the class that the values are of.
        db_type: what the column is on PostgreSQL, as Django would make it.
        max_length, max_digits, decimal_places: those of the values; None where there are none.
        default: its default, where `has_default`: one that is the same for each row, and that JSON can hold; decimals,
            dates and UUIDs are text.
        empty: whether Django keeps "" where other fields have NULL.
        primary_key: whether it is the key, or a part of it.
        related_table, related_column: what a foreign key points at, else empty.
        constrained: whether a foreign key is one in the database, too (`db_constraint`).
    """

    name: str
    column: str
    attname: str = ""
    own_type: str = ""
    type: str = ""
    path: str = ""
    db_type: str = ""
    max_length: int | None = None
    max_digits: int | None = None
    decimal_places: int | None = None
    null: bool = False
    has_default: bool = False
    default: Any = None
    empty: bool = False
    primary_key: bool = False
    generated: bool = False
    positive: bool = False
    geometry: bool = False
    related_table: str = ""
    related_column: str = ""
    constrained: bool = False


@dataclass(frozen=True)
class Model:
    """A model with a table of its own. A child of another model holds only the columns that its own table has.

    Attributes:
        label: `app.Model`; models of many-to-many tables have one, too (`app.Post_tags`).
        made_by: the model that a many-to-many table was made for, else empty.
        swapped: the setting's value that has taken its place: it has no table then.
        migrated: whether the routers let the database have it.
        parents: labels of the models that it extends with a table of its own.
    """

    label: str
    app: str
    table: str
    managed: bool = True
    swapped: str = ""
    migrated: bool = True
    made_by: str = ""
    parents: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def present(self) -> bool:
        """Whether the database is to have its table."""
        return self.migrated and not self.swapped

    @property
    def primary_key(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.primary_key)

    @property
    def by_column(self) -> Mapping[str, Field]:
        return {each.column: each for each in self.fields}


@dataclass(frozen=True)
class Migrations:
    """The migrations of a project, each as `app.name`.

    Attributes:
        disk: all that its apps have.
        replaces: of those that stand for several, which ones.
        applied: what the target has, after `migrate` where that was asked for.
        unmigrated: labels of apps without migrations.
        plan: what is not applied yet.
    """

    disk: frozenset[str] = frozenset()
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: frozenset[str] = frozenset()
    unmigrated: frozenset[str] = frozenset()
    plan: tuple[str, ...] = ()


@dataclass(frozen=True)
class Models:
    """What Django says of one database.

    Attributes:
        django: its version.
        engine: the database backend of the alias, as a dotted path.
        use_tz: `USE_TZ`.
        time_zone: the time zone of Django's connection: what a time without a zone means.
        fresh: whether the target had no table at all before.
        lacking: labels of models of unmigrated apps that have no table; only where nothing was migrated.
        newly_applied: the migrations that were applied just now.
        installed: labels of the installed apps.
    """

    models: tuple[Model, ...] = ()
    migrations: Migrations = Migrations()
    django: str = ""
    engine: str = ""
    use_tz: bool = True
    time_zone: str = "UTC"
    fresh: bool = False
    lacking: tuple[str, ...] = ()
    newly_applied: tuple[str, ...] = ()
    installed: frozenset[str] = frozenset()

    @property
    def geometry(self) -> tuple[str, ...]:
        """`app.Model.field` of what holds geometry or rasters."""
        return tuple(f"{model.label}.{each.name}" for model in self.models for each in model.fields if each.geometry)

    def of_table(self, table: str) -> Model | None:
        """The model of a table: the managed one, where an unmanaged one looks at the same."""
        found = sorted((model for model in self.models if model.table == table), key=lambda one: not one.managed)
        return next((model for model in found if model.present), None)


def read(told: Mapping[str, Any]) -> Models:
    """The models from what describe.py has said."""
    migrations = told.get("migrations", {})
    return Models(
        models=tuple(_model(one) for one in told["models"]),
        migrations=Migrations(
            disk=frozenset(migrations.get("disk", ())),
            replaces={name: tuple(old) for name, old in migrations.get("replaces", {}).items()},
            applied=frozenset(migrations.get("applied", ())),
            unmigrated=frozenset(migrations.get("unmigrated", ())),
            plan=tuple(migrations.get("plan", ())),
        ),
        **{name: told[name] for name in ("django", "engine", "use_tz", "time_zone", "fresh")},
        lacking=tuple(told["lacking"]),
        newly_applied=tuple(told["newly_applied"]),
        installed=frozenset(told["installed"]),
    )


def chosen(models: Models, only: Iterable[str], exclude: Iterable[str]) -> tuple[Model, ...]:
    """The models that `app` and `app.Model` name, in any case; none named means all. Many-to-many tables that were
    made for a model come and go with it.

    Raises:
        KeyError: a name that is no app and no model; its argument is that name.
    """
    taken, left = _named(models, only), _named(models, exclude)
    return tuple(model for model in models.models if (not taken or model.label in taken) and model.label not in left)


def _named(models: Models, names: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        meant = name.lower()
        labels = {
            model.label
            for model in models.models
            if meant and meant in {model.label.lower(), model.app.lower(), model.made_by.lower()}
        }
        if not labels:
            raise KeyError(name)
        found |= labels
    return frozenset(found)


def _model(told: Mapping[str, Any]) -> Model:
    plain = {name: told[name] for name in ("label", "app", "table", "managed", "swapped", "migrated", "made_by")}
    known = {each.name for each in fields(Field)}
    return Model(
        **plain,
        parents=tuple(told["parents"]),
        fields=tuple(Field(**{key: value for key, value in each.items() if key in known}) for each in told["fields"]),
    )
