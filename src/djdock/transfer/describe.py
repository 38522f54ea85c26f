"""Runs inside the project's own interpreter, below doctor/report.py: says what its models are, and migrates a database.

Goes through manage.py itself, so that whatever that one sets up is there. Needs nothing but Python 3.8 and Django 3.2.
"""

import contextlib
import enum
import io
import json
import os
import runpy
import sys

MARK = "##djdock## "
# What the caller asks for, as JSON: a variable and no argument, since a database's password is a part of it.
QUESTION = "DJDOCK_QUESTION"
# Callables that models have as a default and that make the same value each time.
PLAIN_CALLABLES = (dict, list, str, int, float, bool)
# Types of fields that neither the database's own types nor Django's core know by another name.
POSTGRES_TYPES = (
    *("ArrayField", "HStoreField", "SearchVectorField", "CICharField", "CIEmailField", "CITextField"),
    *("IntegerRangeField", "BigIntegerRangeField", "DecimalRangeField", "DateTimeRangeField", "DateRangeField"),
)


def say(kind: str, **more: object) -> None:
    sys.stdout.write("\n" + MARK + json.dumps(dict(more, kind=kind), default=str) + "\n")
    sys.stdout.flush()


def load(script: str) -> None:
    """Runs `manage.py version`: the cheapest command after which Django is set up as the project wants it."""
    sys.argv = [script, "version"]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code:
            raise
    from django.apps import apps

    if not apps.ready:
        import django

        django.setup()


def point(alias: str, target: "dict[str, object]") -> None:
    """Makes an alias mean another database than the settings say; all else of its settings stays."""
    from django.db import connections

    databases = connections.databases
    wanted = dict(databases.get(alias) or databases["default"])
    engine = str(wanted.get("ENGINE"))
    if "sqlite" in engine or "dummy" in engine:
        wanted.update(ENGINE="django.db.backends.postgresql", OPTIONS={})
    options = {name: value for name, value in dict(wanted.get("OPTIONS") or {}).items() if name != "service"}
    wanted.update(target, OPTIONS=dict(options, **dict(target.get("OPTIONS") or {})))  # type: ignore[call-overload]
    if alias in databases:
        connections[alias].close()
    databases[alias] = wanted
    with contextlib.suppress(AttributeError):
        del connections[alias]


def migrations(alias: str) -> "dict[str, object]":
    """Which migrations there are, which of them replace others, and which are applied."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[alias])
    loader = executor.loader
    loader.check_consistent_history(connections[alias])
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    return {
        "disk": sorted("%s.%s" % key for key in loader.disk_migrations),
        "replaces": {
            "%s.%s" % key: ["%s.%s" % tuple(old) for old in migration.replaces]
            for key, migration in sorted(loader.disk_migrations.items())
            if migration.replaces
        },
        "applied": sorted("%s.%s" % tuple(key) for key in loader.applied_migrations),
        "unmigrated": sorted(loader.unmigrated_apps),
        "plan": ["%s.%s" % (migration.app_label, migration.name) for migration, _backwards in plan],
    }


def tables(alias: str) -> "list[str]":
    from django.db import connections

    return sorted(connections[alias].introspection.table_names(include_views=True))


def without_table(alias: str, unmigrated: "list[str]", known: "list[str]") -> "list[str]":
    """Models of apps without migrations that have no table yet: only `migrate --run-syncdb` makes one."""
    from django.apps import apps
    from django.db import router

    return [
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in unmigrated
        and model._meta.can_migrate(alias)
        and router.allow_migrate_model(alias, model)
        and model._meta.db_table not in known
    ]


def migrate(alias: str, *, run_syncdb: bool) -> None:
    from django.core.management import call_command

    call_command("migrate", database=alias, interactive=False, verbosity=1, no_color=True, run_syncdb=run_syncdb)


def models(alias: str) -> "list[dict[str, object]]":
    """All that may have a table of its own in a database; a proxy has none."""
    from django.apps import apps
    from django.db import connections, router

    return [
        {
            "label": model._meta.label,
            "app": model._meta.app_label,
            "table": model._meta.db_table,
            "managed": bool(model._meta.managed),
            "swapped": str(model._meta.swapped or ""),
            "migrated": bool(router.allow_migrate_model(alias, model)),
            "made_by": model._meta.auto_created._meta.label if model._meta.auto_created else "",
            "parents": [parent._meta.label for parent in model._meta.parents],
            "fields": [field_of(model, field, connections[alias]) for field in model._meta.local_concrete_fields],
        }
        for model in apps.get_models(include_auto_created=True, include_swapped=True)
        if not model._meta.proxy
    ]


def field_of(model: "type", field: "object", connection: "object") -> "dict[str, object]":
    """One column: what Django keeps in it."""
    value = target_of(field)
    keys = getattr(model._meta, "pk_fields", None) or [model._meta.pk]
    remote = getattr(field, "remote_field", None)
    related = remote is not None and value is not field
    near = field.target_field if related else None
    known, default = default_of(field)
    return {
        "name": field.name,
        "attname": field.attname,
        "column": field.column,
        "own_type": field.get_internal_type(),
        "type": type_of(value, connection),
        "path": "%s.%s" % (type(value).__module__, type(value).__qualname__),
        "db_type": field.db_type(connection) or "",
        "max_length": value.max_length if isinstance(value.max_length, int) else None,
        "max_digits": getattr(value, "max_digits", None),
        "decimal_places": getattr(value, "decimal_places", None),
        "null": bool(field.null),
        "has_default": known,
        "default": default,
        "empty": bool(getattr(field, "empty_strings_allowed", False)),
        "primary_key": any(key is field for key in keys),
        "generated": bool(getattr(field, "generated", False)),
        "positive": str(value.get_internal_type()).startswith("Positive"),
        "geometry": any(kind.__module__.startswith("django.contrib.gis.") for kind in type(value).__mro__),
        "related_table": near.model._meta.db_table if near is not None else "",
        "related_column": near.column if near is not None else "",
        "constrained": bool(getattr(field, "db_constraint", False)) if related else False,
    }


def target_of(field: "object") -> "object":
    """The field whose values are in a column: that of a foreign key's own target."""
    seen = []
    while getattr(field, "remote_field", None) is not None and field not in seen:
        seen.append(field)
        try:
            field = field.target_field
        except AttributeError:  # a custom field that has a remote field for reasons of its own
            break
    return field


def type_of(field: "object", connection: "object") -> str:
    """The type that Django itself knows a field by: its own, else that of a class that it is made from."""
    names = [field.get_internal_type(), *(kind.__name__ for kind in type(field).__mro__)]
    known = {*connection.data_types, *POSTGRES_TYPES, "ForeignKey", "OneToOneField"}
    return next((name for name in names if name in known), names[0])


def default_of(field: "object") -> "tuple[bool, object]":
    """Whether a field has a default that is the same for each row, and that default."""
    if not field.has_default():
        return False, None
    value = field.default
    if callable(value) and not isinstance(value, type(enum.Enum)):
        if value not in PLAIN_CALLABLES:
            return False, None
        value = value()
    if isinstance(value, enum.Enum):
        value = value.value
    try:
        return True, json.loads(json.dumps(value))
    except (TypeError, ValueError):
        text = {"Decimal", "UUID", "date", "datetime", "time"}
        return (True, str(value)) if type(value).__name__ in text else (False, None)


def differs(found: "dict[str, object]", seen: "list[str] | None") -> bool:
    """Whether a SQLite file may have seen other migrations than the project has: who asked decides, before any runs."""
    return seen is not None and set(seen) != set(found["disk"])  # type: ignore[call-overload]


def answer(question: "dict[str, object]") -> "dict[str, object]":
    """What there is, after migrating where that is asked for and needed."""
    import django
    from django.conf import settings
    from django.db import connections

    alias = str(question["alias"])
    connection = connections[alias]
    before = tables(alias)
    found = migrations(alias)
    lacking = without_table(alias, list(found["unmigrated"]), before)
    applied = []
    migrating = question["migrate"] and not differs(found, question.get("seen"))
    if migrating and (found["plan"] or lacking):
        applied = list(found["plan"])
        migrate(alias, run_syncdb=bool(lacking))
        found = migrations(alias)
    database = connection.settings_dict
    return {
        "django": django.get_version(),
        "vendor": connection.vendor,
        "engine": str(database.get("ENGINE")),
        "database": {key: str(database.get(key) or "") for key in ("NAME", "USER", "HOST", "PORT")},
        "use_tz": bool(settings.USE_TZ),
        "time_zone": str(connection.timezone_name),
        "fresh": not before,
        "lacking": [] if migrating else lacking,
        "newly_applied": applied,
        "migrations": found,
        "installed": sorted({config.label for config in django.apps.apps.get_app_configs()}),
        "models": models(alias),
    }


def check(question: "dict[str, object]") -> None:
    """Ends before anything is done where the settings do not lead to the database that is meant.

    Answers there, too, where the only question is where they lead: what it says then holds the password.
    """
    from django.db import connections

    alias = question["alias"]
    if alias not in connections.databases:
        stop("alias", known=sorted(connections.databases))
    connection = connections[alias]
    found = connection.settings_dict
    if connection.vendor != "postgresql":
        stop("vendor", vendor=connection.vendor, name=str(found.get("NAME")))
    if question.get("where"):
        options = {name: value for name, value in (found.get("OPTIONS") or {}).items() if isinstance(value, (str, int))}
        address = {name: str(found.get(name) or "") for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
        stop("where", options=options, **address)
    own = {"localhost": "127.0.0.1"}
    for name, wanted in dict(question.get("expected") or {}).items():
        value = str(found.get(name) or "")
        if own.get(value, value) != own.get(wanted, wanted):
            stop("elsewhere", name=name, value=value, wanted=wanted)


def stop(kind: str, **more: object) -> None:
    say(kind, **more)
    sys.exit(0)


def main(script: str) -> None:
    question = json.loads(os.environ[QUESTION])
    step = "check"
    try:
        load(script)
        say("loaded")
        if question.get("target"):
            point(question["alias"], question["target"])
        check(question)
        step = "migrate"
        say("models", **answer(question))
    except (KeyboardInterrupt, SystemExit) as error:
        if not isinstance(error, SystemExit) or error.code:
            raise
    except BaseException as error:
        say("failed", step=step, **describe(error))  # type: ignore[name-defined] # noqa: F821 - report.py is above
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
