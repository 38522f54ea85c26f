"""What stops a copy between taking tables apart and having them back, and how that is told."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from djdock.errors import Problem
from djdock.project.environment import Database
from djdock.transfer import schema
from tests.embedded import databases
from tests.embedded.databases import load, make, number
from tests.embedded.schema_of_everything import make_everything, quiet, reload

pytestmark = pytest.mark.embedded


def test_no_transaction_no_suspension(server: databases.Server, database: Database) -> None:
    """Where every statement commits for itself, nothing is dropped."""
    with server.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        with pytest.raises(RuntimeError):
            schema.suspend(connection, [("public", "t")])
        assert number(connection, "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == 1


def test_rows_that_are_not_unique(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Rows that a key forbids stop the copy, and the Problem names key and values."""
    make(connection, "CREATE TABLE t (id int PRIMARY KEY, code text, CONSTRAINT by_code UNIQUE (code))")
    suspended = schema.suspend(connection, [("public", "t")])
    load(connection, ("public", "t"), "1,a\n2,a\n")
    with pytest.raises(Problem) as raised:
        schema.restore(connection, suspended, quiet)
    assert "index t: by_code" in raised.value.cause
    assert "Key (code)=(a) is duplicated" in raised.value.details


def test_a_table_in_use(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Who holds a table is named instead of waited for, and the transaction can go on."""
    make(connection, 'CREATE TABLE "T 1" (id int PRIMARY KEY)', 'CREATE TABLE u (id int REFERENCES "T 1")')
    for held in ('"T 1"', "u"):
        with server.connect(database, application_name="the site") as other:
            other.execute(f"LOCK TABLE {held} IN ACCESS SHARE MODE".encode())
            with pytest.raises(Problem) as raised:
                schema.suspend(connection, [("public", "T 1")], patience=0.2)
            pid = other.info.backend_pid
            assert f"process {pid} (user {database.user}, the site) holds {held}" in raised.value.details
            assert "idle in transaction" in raised.value.details
            assert f"pg_terminate_backend({pid})" in raised.value.hint
            assert number(connection, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == 1
    schema.suspend(connection, [("public", "T 1")], patience=0.2)


def test_a_table_of_others_in_use(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Nor is a table waited for that only its owner may lock, and that a dropped foreign key refers to."""
    with server.connect(server.rooted(database), autocommit=True) as root:
        root.execute("CREATE TABLE theirs (id int PRIMARY KEY)")
        root.execute(sql.SQL("GRANT REFERENCES ON theirs TO {}").format(sql.Identifier(database.user)))
    make(connection, "CREATE TABLE mine (id int PRIMARY KEY, other int REFERENCES theirs)")
    assert schema.truncatable(connection, [("public", "mine")]).problems == []
    with server.connect(server.rooted(database)) as root:
        root.execute("SELECT count(*) FROM theirs")
        with pytest.raises(Problem, match="using tables of this database"):
            schema.suspend(connection, [("public", "mine")], patience=0.2)
    connection.rollback()
    reload(connection, [("public", "mine")])


CHANGES = {
    "DROP INDEX i": "The index public.i is missing.",
    "CREATE INDEX j ON t (up)": "The index public.j was not there before.",
    "ALTER INDEX i SET (fillfactor = 50)": "The index public.i was ",
    "COMMENT ON INDEX i IS NULL": "The index public.i was ",
    "ALTER TABLE t DROP CONSTRAINT t_up_fkey": "The constraint t_up_fkey of public.t is missing.",
    "ALTER TABLE t DROP CONSTRAINT t_up_fkey, ADD CONSTRAINT t_up_fkey FOREIGN KEY (up) REFERENCES t NOT VALID": (
        "The constraint t_up_fkey of public.t was "
    ),
    "ALTER TABLE t ALTER CONSTRAINT t_up_fkey DEFERRABLE": "The constraint t_up_fkey of public.t was ",
    "ALTER TABLE t DROP CONSTRAINT positive": "The constraint positive of public.t is missing.",
    "ALTER TABLE t CLUSTER ON i": "The index public.i was ",
    "ALTER TABLE t ALTER code DROP NOT NULL": "The table public.t was ",
    "ALTER TABLE t DISABLE TRIGGER suppress": "The trigger suppress of public.t was ",
    "ALTER TABLE t REPLICA IDENTITY FULL": "The table public.t was ",
    "COMMENT ON INDEX i IS 'kept'": None,
    "INSERT INTO t VALUES (1, 1, 1)": None,
}


@pytest.mark.parametrize("statement", CHANGES)
def test_changes_are_seen(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> None:
    """The comparison at the end finds what is not as it was, and nothing else."""
    make(
        connection,
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t, code int NOT NULL)",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (id > 0)",
        "CREATE INDEX i ON t (up)",
        "COMMENT ON INDEX i IS 'kept'",
        "CREATE TRIGGER suppress BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    )
    suspended = schema.suspend(connection, [("public", "t")])
    schema.restore(connection, suspended, quiet)
    connection.execute(statement.encode())
    changes = schema.changed(connection, suspended)
    expected = CHANGES[statement]
    assert (changes == []) if expected is None else any(change.startswith(expected) for change in changes), changes


def problems(connection: psycopg.Connection[Any], *names: str) -> list[str]:
    """What speaks against a copy into tables of the schema public: cause and hint of each."""
    found = schema.truncatable(connection, [("public", name) for name in names]).problems
    connection.rollback()
    return [f"{problem.cause} {problem.hint}" for problem in found]


def test_nothing_against_ordinary_tables(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """What Django makes is no obstacle, nor anything that can be brought back; what is notable is told."""
    tables = make_everything(connection)
    outlook = schema.truncatable(connection, tables)
    assert outlook.problems == []
    assert "outside: outside_author" in outlook.revalidated
    assert set(outlook.triggers) == {"author: on%", "author: emptied", "code: always_on", "grouped: later"}
    assert [label for label, _reason in outlook.kept] == ["grouped: grouped_pkey"]


def test_tables_that_are_not_there(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """A table that migrations would have made is missed by name."""
    make(connection, "CREATE TABLE t (id int)")
    for step in (schema.truncatable, schema.suspend, schema.set_sequences):
        with pytest.raises(Problem, match=r"no table public\.U, no\.t\."):
            step(connection, [("public", "t"), ("public", "U"), ("no", "t")])


@pytest.mark.parametrize(
    ("statements", "name", "said"),
    [
        (["CREATE VIEW v AS SELECT 1 AS id"], "v", "v is a view"),
        (["CREATE TABLE p (id int) PARTITION BY RANGE (id)"], "p", "p is a partitioned table"),
        (["CREATE TABLE t (id int)", "CREATE TABLE c () INHERITS (t)"], "t", "t inherits from another table"),
        (["CREATE TABLE t (id int)", "CREATE TABLE c () INHERITS (t)"], "c", "c inherits from another table"),
        (
            ["CREATE TABLE p (id int) PARTITION BY LIST (id)", "CREATE TABLE q PARTITION OF p DEFAULT"],
            "q",
            "q inherits from another table",
        ),
        (
            ["CREATE TABLE t (id int)", "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"],
            "t",
            "Row level security of the table t is forced",
        ),
        (["CREATE TABLE t (id int)", "REVOKE INSERT ON t FROM CURRENT_USER"], "t", "rights on the table t: INSERT."),
    ],
)
def test_tables_that_cannot_be_filled(
    connection: psycopg.Connection[tuple[Any, ...]], statements: list[str], name: str, said: str
) -> None:
    """What is no ordinary table, or would refuse its rows, is told before anything is done."""
    make(connection, *statements)
    [problem] = problems(connection, name)
    assert said in problem


def test_row_security_alone_is_no_obstacle(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Policies that do not bind the owner stay as they are."""
    make(connection, "CREATE TABLE t (id int)", "ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    assert problems(connection, "t") == []
    reload(connection, [("public", "t")])


def test_tables_of_others(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """Without the owner's rights, on the table, on one that refers to it, or on the schema, nothing begins."""
    make(connection, "CREATE TABLE mine (id int PRIMARY KEY)", "CREATE TABLE alone (id int)")
    with server.connect(server.rooted(database), autocommit=True) as root:
        root.execute("CREATE TABLE theirs (id int PRIMARY KEY, mine_id int CONSTRAINT named REFERENCES mine)")
    assert problems(connection, "alone") == []
    [problem] = problems(connection, "theirs")
    assert "belongs to the role root, and this connection is that of" in problem
    [problem] = problems(connection, "mine")
    assert "The table public.theirs of another role refers to public.mine (named)." in problem
    assert "ADD CONSTRAINT named FOREIGN KEY (mine_id) REFERENCES public.mine(id)" in problem
    with server.connect(server.rooted(database), autocommit=True) as root:
        root.execute("ALTER SCHEMA public OWNER TO root; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    [problem] = problems(connection, "alone")
    assert "may not create indexes in the schema public" in problem


def test_a_right_that_was_taken_back(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """A foreign key that could be dropped but not added again is found out before."""
    role = sql.Identifier(database.user)
    with server.connect(server.rooted(database), autocommit=True) as root:
        root.execute("CREATE TABLE theirs (id int PRIMARY KEY)")
        root.execute(sql.SQL("GRANT REFERENCES ON theirs TO {}").format(role))
        make(connection, "CREATE TABLE mine (id int PRIMARY KEY, other int REFERENCES theirs)")
        root.execute(sql.SQL("REVOKE REFERENCES ON theirs FROM {}").format(role))
    [problem] = problems(connection, "mine")
    assert "GRANT REFERENCES ON public.theirs" in problem


def test_invalid_indexes(
    server: databases.Server, database: Database, connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """What a failed CREATE INDEX CONCURRENTLY left is told, and neither repaired nor dropped in silence."""
    make(connection, "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1), (1)")
    with server.connect(database, autocommit=True) as other, pytest.raises(psycopg.errors.UniqueViolation):
        other.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON t (id)")
    [problem] = problems(connection, "t")
    assert "not valid" in problem
    assert "REINDEX INDEX public.broken" in problem
    with pytest.raises(Problem, match="not valid"):
        schema.suspend(connection, [("public", "t")])
    connection.commit()
    assert number(connection, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 1
    assert number(connection, "SELECT count(*) FROM t") == 2
