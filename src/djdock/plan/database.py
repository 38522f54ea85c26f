"""How a project comes to PostgreSQL: by variables that its settings read already, else by one edit of DATABASES."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from djdock.plan.change import Change
from djdock.plan.database_source import Place, rewrite
from djdock.project.environment import Database
from djdock.project.evaluation import Evaluation, Unknown, variables_of
from djdock.project.evaluation.readers import DATABASE_CASTS
from djdock.project.files import Files

Environment = Mapping[str, str]
Evaluate = Callable[[Environment], Evaluation]

# Stands for the database while we look for the way in: values that no settings hold by chance, not even the host (an
# address for examples): a default of 127.0.0.1 would do here, and not in a container.
PROBE = Database("198.51.100.7", 54329, "probe_name", "probe_user", "probe_password")
# What each key of a database's settings is to say, and the template that a variable for it gets in the env file.
KEYS = {"HOST": "{host}", "PORT": "{port}", "NAME": "{name}", "USER": "{user}", "PASSWORD": "{password}"}
URL = "{url}"
ENGINES = (
    "django.db.backends.postgresql",
    "postgresql",
    "postgres",
    "django.db.backends.postgresql_psycopg2",
    "django.contrib.gis.db.backends.postgis",
    "postgis",
    "psql",
    "pgsql",
    "POSTGRES",
    "PostgreSQL",
)
# Variables that choose a database, or the place where the project runs.
ABOUT = re.compile(r"DB|DATABASE|POSTG|SQL|DOCKER|ENV|STAGE|LOCAL", re.IGNORECASE)
SWITCHES = ("1", "True", "true", "yes", "postgres", "postgresql")
# How variables are named that hold a part of a database's address; a guess that is checked before it is used.
MARK = r"^(?:\w*_)?(?:DB|DATABASE|DATABASES|POSTGRES|POSTGRESQL|PG|PSQL|PGSQL|SQL|RDS|MYSQL)_?"
GUESSES = tuple(
    (re.compile(pattern, re.IGNORECASE), template)
    for pattern, template in (
        (MARK + r"(?:DEFAULT_)?(?:URL|URI|DSN)$", URL),
        (MARK + r"\w*(?:HOST|HOSTNAME|SERVER|ADDRESS|ADDR)$", "{host}"),
        (MARK + r"\w*PORT$", "{port}"),
        (MARK + r"\w*(?:USER|USERNAME|LOGIN)$", "{user}"),
        (MARK + r"\w*(?:PASS|PASSWORD|PASSWD|PWD|PW)$", "{password}"),
        (MARK + r"\w*(?:ENGINE|BACKEND|TYPE|VENDOR|DRIVER|DIALECT)$", ENGINES[0]),
        (MARK + r"(?:\w*(?:NAME|DATABASE|DB|SCHEMA))?$", "{name}"),
    )
)
BACKEND = re.compile(r"\.(?:postgresql|postgresql_psycopg2|postgis)$")
# What PostgreSQL's clients call it when they accept encrypted connections only.
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
FAR = 2  # a variable whose name says nothing of a database
MOST_EVALUATIONS = 60
MOST_ROUNDS = 8


@dataclass(frozen=True)
class Switch:
    """The way to PostgreSQL.

    Attributes:
        variables: what the env file sets: values with `{host}`, `{port}`, `{name}`, `{user}`, `{password}` or `{url}`
            where a part of the address goes.
        changes: edits of settings; none where variables are enough.
        why: in words.
    """

    variables: Mapping[str, str]
    changes: tuple[Change, ...] = ()
    why: str = ""


def filled(variables: Mapping[str, str], database: Database) -> dict[str, str]:
    """The variables with the parts of a database's address in their places."""
    parts = {
        "{host}": database.host, "{port}": str(database.port), "{name}": database.name, "{user}": database.user,
        "{password}": database.password, "{url}": database.url,
    }  # fmt: skip
    done = {}
    for name, value in variables.items():
        for part, text in parts.items():
            value = value.replace(part, text)  # noqa: PLW2901 - one part after the other
        done[name] = value
    return done


def is_postgres(engine: object) -> bool:
    """Whether a database engine is one for PostgreSQL; others wrap Django's and keep its name in theirs."""
    return isinstance(engine, str) and re.fullmatch(r"(?!.*django.*django)[\w.]*postg[\w.]*", engine) is not None


def matches(evaluation: Evaluation, database: Database = PROBE) -> bool:
    """Whether the default database of evaluated settings is this one."""
    found = evaluation.database()
    if found is None or not is_postgres(found.get("ENGINE")):
        return False
    options = found.get("OPTIONS")
    if isinstance(options, Mapping) and options.get("sslmode") in ENCRYPTED:
        return False  # ours listens on this machine only, and has no certificate
    wanted = filled(KEYS, database)
    return all(str(found.get(key)) == value for key, value in wanted.items())


def find_variables(evaluate: Evaluate, given: Environment) -> Mapping[str, str] | None:
    """The fewest variables that make the settings use a PostgreSQL of ours; None where no variables do."""
    search = _Search(evaluate, dict(given))
    for start in search.starts():
        found = search.settled(start)
        if found is not None:
            return search.fewest(found)
    return None


@dataclass
class _Search:
    evaluate: Evaluate
    given: dict[str, str]
    evaluations: int = 0

    def look(self, variables: Mapping[str, str]) -> Evaluation:
        seen = self.evaluate({**self.given, **filled(variables, PROBE)})
        self.evaluations += 1 if seen.complete else MOST_EVALUATIONS // 2
        return seen

    def starts(self) -> Iterator[dict[str, str]]:
        """Where to begin: nothing set, all that names suggest, then the variables that decide branches."""
        yield {}
        first = self.look({})
        guesses = {read.name: template for read in first.reads if (template := _guess(read.name))}
        pieces = {name: template for name, template in guesses.items() if template != URL}
        yield pieces
        yield guesses
        queue: list[dict[str, str]] = [{}, pieces]
        # Turning DEBUG off is no way to a database for development.
        kept = set(variables_of(first.values.get("DEBUG")))
        while queue and self.evaluations < MOST_EVALUATIONS:
            state = queue.pop(0)
            seen = self.look(state)
            open_ones = [name for name in seen.tested if name not in {*state, *kept, *self.given}]
            for name in sorted(open_ones, key=lambda name: _distance(name, seen.tested[name])):
                for value in _values(name, seen.tested[name]):
                    queue.append(following := {**state, name: value})
                    yield following

    def settled(self, start: dict[str, str]) -> dict[str, str] | None:
        """A start with each variable corrected that is seen to decide a part of the address."""
        state = dict(start)
        for _round in range(MOST_ROUNDS):
            if self.evaluations > MOST_EVALUATIONS:
                return None
            seen = self.look(state)
            if matches(seen):
                return state
            corrected = self._corrected(seen, state)
            if corrected == state:
                return None
            state = corrected
        return None

    def _corrected(self, seen: Evaluation, state: dict[str, str]) -> dict[str, str]:
        databases = seen.values.get("DATABASES")
        found = databases.get("default") if isinstance(databases, Mapping) else databases
        if isinstance(found, Unknown) or found is None:
            # A reader of database URLs says what it wants, whatever its variable is called.
            urls = dict.fromkeys((read.name for read in seen.reads if read.cast in DATABASE_CASTS), URL)
            named = {name: _guess(name) or URL for name in variables_of(found)}
            return self._pieces(seen, state) | named | state | urls
        if not isinstance(found, Mapping):
            return state
        deciding = [set(variables_of(found.get(key))) for key in KEYS if found.get(key) is not None]
        whole = set.intersection(*deciding) if len(deciding) > 1 else set()
        if whole and state.get(min(whole)) != URL:  # one variable decides all parts: it is a URL
            return state | {min(whole): URL}
        corrected = dict(state)
        for key, wanted in filled(KEYS, PROBE).items():
            names = variables_of(found.get(key))
            if names and str(found.get(key)) != wanted:
                corrected[names[-1]] = KEYS[key]
        options = found.get("OPTIONS")
        mode = options.get("sslmode") if isinstance(options, Mapping) else None
        if mode in ENCRYPTED and (deciding_mode := variables_of(mode)):
            corrected[deciding_mode[-1]] = "prefer" if str(mode) == self._text(state, deciding_mode[-1]) else "False"
        names = variables_of(found.get("ENGINE"))
        if names and not is_postgres(found.get("ENGINE")):
            corrected[names[-1]] = self._engine(corrected, names[-1])
        return corrected if corrected != state else self._pieces(seen, state) | state

    @staticmethod
    def _pieces(seen: Evaluation, state: dict[str, str]) -> dict[str, str]:
        """What names suggest for variables that are read only since others are set."""
        guesses = [(read, template) for read in seen.reads if state and (template := _guess(read.name))]
        return {read.name: template for read, template in guesses if read.required or template != URL}

    def _text(self, state: dict[str, str], name: str) -> str:
        """What a variable says, by its default too."""
        seen = self.look(state)
        default = next((read.default for read in seen.reads if read.name == name), None)
        return state.get(name, self.given.get(name, str(default)))

    def _engine(self, state: dict[str, str], name: str) -> str:
        for engine in ENGINES:
            found = self.look({**state, name: engine}).database()
            if found is not None and is_postgres(found.get("ENGINE")) and BACKEND.search(str(found.get("ENGINE"))):
                return engine
        return ENGINES[0]

    def fewest(self, found: dict[str, str]) -> dict[str, str]:
        """Without the variables that are not needed."""
        for name in list(found):
            without = {other: value for other, value in found.items() if other != name}
            if matches(self.look(without)):
                found = without
        return found


def _values(name: str, texts: Iterable[str]) -> Iterable[str]:
    """What to try for a variable that decides a branch, the most promising first."""
    known = sorted(texts, key=lambda text: "postg" not in text.lower())
    if _distance(name, known) == FAR:
        return known or SWITCHES[:2]
    return dict.fromkeys((*known, *SWITCHES) if known else (_guess(name) or "1", *SWITCHES))


def _distance(name: str, texts: Iterable[str]) -> int:
    """How far a variable that decides a branch is from being one about the database."""
    if any("postg" in text.lower() for text in texts):
        return 0
    return 1 if _guess(name) or ABOUT.search(name) else FAR


def _guess(name: str) -> str | None:
    return next((template for pattern, template in GUESSES if pattern.match(name)), None)


# --- the edit


# The variables that an edit makes the settings read, as the image of PostgreSQL names them.
NAMES = {
    "NAME": "POSTGRES_DB", "USER": "POSTGRES_USER", "PASSWORD": "POSTGRES_PASSWORD", "HOST": "POSTGRES_HOST",
    "PORT": "POSTGRES_PORT",
}  # fmt: skip


def edit(files: Files, evaluation: Evaluation, evaluate: Callable[[Files, Environment], Evaluation]) -> Switch | None:
    """One edit of DATABASES: its default database becomes PostgreSQL, read from variables; the rest stays.

    Args:
        evaluation: the settings as they are.
        evaluate: works out the settings of edited files in an environment.

    Returns:
        None where no edit makes the settings use PostgreSQL.
    """
    evaluation = _loaded(evaluation, lambda values: evaluate(files, values))
    for place in _places(files, evaluation):
        for changed in rewrite(files, place, evaluation, NAMES):
            variables = _edited_variables(evaluation, place)
            view = Edited(files, {change.path: change.after for change in (changed,)})
            if matches(evaluate(view, filled(variables, PROBE))):
                return Switch(variables, (changed,), changed.why)
            found = find_variables(lambda environment, view=view: evaluate(view, environment), {})  # type: ignore[misc] # bound now
            if found is not None:
                return Switch(found, (changed,), changed.why)
    return None


def _loaded(evaluation: Evaluation, evaluate: Evaluate) -> Evaluation:
    """The settings with values for the variables that they cannot do without: what is there is seen only then."""
    given: dict[str, str] = {}
    seen = evaluation
    for _round in range(MOST_ROUNDS):
        missing = [read.name for read in seen.reads if read.required and read.name not in given]
        if not missing or not seen.complete:
            break
        given |= filled({name: _guess(name) or "1" for name in missing}, PROBE)
        seen = evaluate(given)
    return seen if seen.database() is not None else evaluation


def _edited_variables(evaluation: Evaluation, place: Place) -> dict[str, str]:
    found = evaluation.database() or {}
    variables = {}
    for key, name in NAMES.items():
        own = variables_of(found.get(key)) if place.keeps_variables else ()
        variables[own[-1] if own else name] = KEYS[key]
    return variables


def _places(files: Files, evaluation: Evaluation) -> Iterator[Place]:
    """Where DATABASES is given its value, the last one first; at last the end of that module."""
    written = evaluation.assigned.get("DATABASES", ())
    for source in reversed(written):
        path, _, line = source.rpartition(":")
        if files.read(path) is not None:
            yield Place(path, int(line), keeps_variables=True)
    last = written[-1].rpartition(":")[0] if written else next(iter(evaluation.modules), None)
    if last is not None:
        yield Place(last, 0, keeps_variables=False)
    first = next(iter(evaluation.modules), None)
    if first is not None and first != last:
        yield Place(first, 0, keeps_variables=False)


@dataclass(frozen=True)
class Edited:
    """A project's files with some texts replaced, none of it on the disk."""

    files: Files
    texts: Mapping[str, str]

    def read(self, path: str) -> str | None:
        return self.texts.get(path) or self.files.read(path)

    def names(self, folder: str = "") -> list[str]:
        new = {posixpath.basename(path) for path in self.texts if posixpath.dirname(path) == folder.strip("/")}
        return sorted({*self.files.names(folder), *new})
