"""Tables that are taken apart to be loaded, and come back as they were: on a real server, as an ordinary role."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from djdock.errors import Problem
from djdock.project.environment import Database
from djdock.transfer import schema
from tests.embedded import databases
from tests.embedded.databases import load, make, number
from tests.embedded.schema_of_everything import make_everything, quiet, reload

pytestmark = pytest.mark.embedded


def test_everything_comes_back(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Whatever hangs on the tables is afterwards what pg_dump saw before, and the rows are in."""
    tables = make_everything(connection)
    before = server.dump(database)
    suspended = reload(connection, tables)
    assert server.dump(database) == before
    assert number(connection, "SELECT count(*) FROM author") == 2
    assert set(suspended.outside) >= {"outside: outside_author", "outside: outside_code", "outside: unchecked"}
    [(label, reason)] = suspended.kept
    assert label == "grouped: grouped_pkey"
    assert "view public.by_key depends on it" in reason
    # Once more: nothing has worn off.
    reload(connection, tables)
    assert server.dump(database) == before


def test_what_matters_is_off_while_rows_come_in(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Between the two steps there is nothing to keep up, but for what cannot be dropped."""
    tables = make_everything(connection)
    schema.suspend(connection, tables)
    left = connection.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = ANY(%s::text[]::regclass[])",
        [[sql.Identifier(*table).as_string(connection) for table in tables]],
    ).fetchall()
    assert left == [("grouped_pkey",)]
    assert number(connection, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == 0


def test_only_some_tables(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Rows of tables that are not copied stay, and have to fit: one that does not is named, and all is as before."""
    make_everything(connection)
    make(
        connection,
        "ALTER TABLE author DISABLE TRIGGER USER",
        "INSERT INTO author (id, name, email) VALUES (1, 'Ann', ''), (5, 'Eve', '')",
        "ALTER TABLE author ENABLE TRIGGER USER",
        "INSERT INTO outside (id, author_id) VALUES (1, 1)",
    )
    before = server.dump(database)
    reload(connection, [("public", "author")])
    assert server.dump(database) == before
    make(connection, "INSERT INTO outside (id, author_id) VALUES (2, 2)")
    suspended = schema.suspend(connection, [("public", "author")])
    load(connection, ("public", "author"), '1,Ann,"",\n')
    with pytest.raises(Problem) as raised:
        schema.restore(connection, suspended, quiet)
    assert "foreign key outside: outside_author" in raised.value.cause
    assert 'Key (author_id)=(2) is not present in table "author"' in raised.value.details
    connection.rollback()
    assert server.dump(database) == before
    assert number(connection, "SELECT count(*) FROM author") == 2


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_rollback_in_the_middle(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]], steps: int
) -> None:
    """Whenever the copy ends early, schema, rows and sequences are as before."""
    tables = make_everything(connection)
    reload(connection, tables)
    make(connection, "SELECT setval('author_id_seq', 777)")
    before = server.dump(database)
    suspended = schema.suspend(connection, tables)
    load(connection, ("public", "author"), '41,Cid,"",\n')
    if steps > 1:
        schema.restore(connection, suspended, quiet)
    if steps > 2:
        assert schema.set_sequences(connection, tables)["public.author_id_seq"] == 42
    connection.rollback()
    assert server.dump(database) == before
    assert number(connection, "SELECT sum(id) FROM author") == 3
    assert number(connection, "SELECT nextval('author_id_seq')") == 778


def test_settings_stay(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """What the connection is set to is not changed for those who use it afterwards."""
    names = ("search_path", "maintenance_work_mem", "max_parallel_maintenance_workers", "jit", "statement_timeout")
    make(connection, 'CREATE SCHEMA "My"', "CREATE TABLE t (id int PRIMARY KEY)", 'SET search_path = "My", public')
    before = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in (*names, "lock_timeout")]
    suspended = schema.suspend(connection, [("public", "t")])
    schema.restore(connection, suspended, quiet)
    after = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in (*names, "lock_timeout")]
    assert after == before


@pytest.mark.parametrize(("given_by_owner", "used"), [("1GB", "1GB"), ("16MB", "128MB")])
def test_memory_for_indexes(connection: psycopg.Connection[tuple[Any, ...]], given_by_owner: str, used: str) -> None:
    """Indexes get more memory than a server's default, never less than its owner gave, and all the time they need."""
    make(connection, "CREATE TABLE t (id int PRIMARY KEY)")
    connection.execute(f"SET maintenance_work_mem = '{given_by_owner}'; SET statement_timeout = '1min'".encode())
    seen = []

    def look(_what: str, _done: int, _steps: int) -> None:
        seen.append([connection.execute(f"SHOW {name}".encode()).fetchone() for name in watched])

    watched = ("maintenance_work_mem", "statement_timeout")
    schema.restore(connection, schema.suspend(connection, [("public", "t")]), look)
    assert seen == [[(used,), ("0",)], [(given_by_owner,), ("1min",)]]


def test_numbers_in_definitions(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Digits, dates and names in conditions survive whatever the role has set for how they are written."""
    make(
        connection,
        "CREATE TABLE t (id int PRIMARY KEY, x float, at timestamptz, long interval)",
        "CREATE INDEX i ON t (id) WHERE x > 0.12345678901234567::float AND at > '2020-02-03 04:05:06+00'::timestamptz "
        "AND long < '1 mon -2 days 03:04:05.678'::interval",
    )
    before = server.dump(database)
    make(
        connection,
        "SET extra_float_digits = -15",
        "SET DateStyle = 'SQL, DMY'",
        "SET IntervalStyle = 'iso_8601'",
        "SET TimeZone = 'Asia/Kolkata'",
        "SET quote_all_identifiers = on",
        "SET search_path = ''",
    )
    reload(connection, [("public", "t")])
    assert server.dump(database) == before


def test_progress(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Each step over a large table is told before it begins, small tables are not told apart, and the end is told."""
    make(
        connection,
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE large (id int PRIMARY KEY, up int REFERENCES large, filler char(200))",
        "CREATE INDEX i ON large (up)",
        "CREATE TABLE z (id int PRIMARY KEY REFERENCES a, code int UNIQUE)",
    )
    tables = [("public", name) for name in ("a", "large", "z")]
    told: list[tuple[str, int, int]] = []
    suspended = schema.suspend(connection, tables)
    connection.execute("INSERT INTO large SELECT n, 1, 'x' FROM generate_series(1, 50000) n")
    schema.restore(connection, suspended, lambda *step: told.append(step))
    assert schema.changed(connection, suspended) == []
    assert told == [
        ("index a: a_pkey", 0, 7),
        ("index large: large_pkey", 1, 7),
        ("index large: i", 2, 7),
        ("index z: z_pkey", 3, 7),
        ("foreign key large: large_up_fkey", 5, 7),
        ("foreign key z: z_id_fkey", 6, 7),
        ("foreign key z: z_id_fkey", 7, 7),
    ]


def test_tablespaces(server: databases.Server, database: Database) -> None:
    """An index goes back to its tablespace; one whose tablespace this role may not use stays where it is."""
    if server.connect().info.server_version < 150000:
        pytest.skip("needs a tablespace without a folder of its own")
    with server.connect(server.rooted(database), autocommit=True) as root:
        root.execute("SET allow_in_place_tablespaces = on")
        names = [f"{database.name} {letter}'s" for letter in "ab"]
        for name in names:
            root.execute(sql.SQL("CREATE TABLESPACE {} LOCATION ''").format(sql.Identifier(name)))
        role = sql.Identifier(database.user)
        root.execute(sql.SQL("GRANT CREATE ON TABLESPACE {} TO {}").format(sql.Identifier(names[0]), role))
        spaces = {"a": sql.Identifier(names[0]), "b": sql.Identifier(names[1])}
        root.execute(
            sql.SQL(
                "CREATE TABLE t (id int, code int, PRIMARY KEY (id) USING INDEX TABLESPACE {a});"
                "CREATE INDEX plain ON t (code); CREATE INDEX there ON t (code) TABLESPACE {a};"
                "CREATE INDEX after_it ON t (code); CREATE INDEX not_mine ON t (code) TABLESPACE {b};"
            ).format(**spaces)
        )
        root.execute(sql.SQL("ALTER TABLE t OWNER TO {}").format(role))
    try:
        with server.connect(database) as connection:
            before = server.dump(database)
            suspended = reload(connection, [("public", "t")])
            assert [label for label, _reason in suspended.kept] == ["t: not_mine"]
            assert server.dump(database) == before
    finally:
        with server.connect(server.rooted(database), autocommit=True) as root:
            root.execute("DROP TABLE t")
            for name in names:
                root.execute(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(name)))


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63).filter(
    lambda name: len(name.encode()) <= 63
)


@given(names=st.lists(NAMES, min_size=7, max_size=7, unique=True))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name(connection: psycopg.Connection[tuple[Any, ...]], names: list[str]) -> None:
    """Whatever 63 bytes somebody has named things with, they come back under that name."""
    place, _one, _two, column, key, index, reference = (sql.Identifier(name) for name in names)
    words = {"one": sql.Identifier(names[0], names[1]), "two": sql.Identifier(names[0], names[2])}
    names_of = {"place": place, "column": column, "key": key, "index": index, "reference": reference, **words}
    connection.execute(
        sql.SQL(
            "CREATE SCHEMA {place}; CREATE TABLE {one} ({column} serial, CONSTRAINT {key} PRIMARY KEY ({column}));"
            "CREATE TABLE {two} ({column} int, CONSTRAINT {reference} FOREIGN KEY ({column}) REFERENCES {one});"
            "CREATE INDEX {index} ON {two} ({column}); COMMENT ON INDEX {place}.{index} IS 'a';"
        ).format(**names_of)
    )
    tables = [(names[0], names[1]), (names[0], names[2])]
    suspended = schema.suspend(connection, tables)
    load(connection, tables[0], "3\n")
    load(connection, tables[1], "3\n")
    schema.restore(connection, suspended, quiet)
    assert len(suspended.indexes) == 2
    assert schema.changed(connection, suspended) == []
    assert list(schema.set_sequences(connection, tables).values()) == [4]
    connection.rollback()


def test_conditions_that_postgresql_writes_in_two_ways(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """A condition with IN is another text once it was built from its own text, and no difference: Wagtail has one."""
    make(
        connection,
        "CREATE TABLE t (id int PRIMARY KEY, status varchar(9))",
        "CREATE UNIQUE INDEX open_ones ON t (id) WHERE status IN ('open', 'held')",
        "CREATE INDEX folded ON t ((status IN ('open', 'held')))",
        "ALTER TABLE t ADD CONSTRAINT apart EXCLUDE (id WITH =) WHERE (status IN ('open', 'held'))",
    )
    suspended = schema.suspend(connection, [("public", "t")])
    load(connection, ("public", "t"), "1,open\n2,held\n3,done\n")
    schema.restore(connection, suspended, lambda *_step: None)
    assert schema.changed(connection, suspended) == []
    make(connection, "DROP INDEX open_ones", "CREATE UNIQUE INDEX open_ones ON t (id) WHERE status IN ('open')")
    assert len(schema.changed(connection, suspended)) == 1
