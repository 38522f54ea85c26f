"""An extension of PostgreSQL that the database lacks (https://www.postgresql.org/docs/current/contrib.html)."""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import CreateExtension
from djdock.doctor.symptom import Symptom

NAME = "database-extension"
TITLE = "The database lacks an extension"
SEEN = (
    'type "citext" does not exist; operator class "gin_trgm_ops" does not exist; extension "postgis" is not available'
)
CAUSE = "The models use types or functions that PostgreSQL has in an extension, which each database has to be given."
FIX = "Add Django's operation for it (such as TrigramExtension()) to a migration; or CREATE EXTENSION in the database."
DOES = (
    "Creates the extension where PostgreSQL brings it. PostGIS and pgvector are not a part of PostgreSQL: it says so."
)

# Undefined object, undefined function, insufficient privilege, no such file, not supported.
STATES = ("42704", "42883", "42501", "58P01", "0A000")
CONTRIB: dict[str, tuple[str, ...]] = {
    "citext": ("citext",),
    "hstore": ("hstore",),
    "ltree": ("ltree", "lquery", "ltxtquery"),
    "pg_trgm": ("gin_trgm_ops", "gist_trgm_ops", "similarity", "word_similarity", "strict_word_similarity", "pg_trgm"),
    "unaccent": ("unaccent",),
    "btree_gin": ("btree_gin", '"gin"'),
    "btree_gist": ("btree_gist", '"gist"', "gist_int4_ops"),
    "uuid-ossp": ("uuid_generate_v4", "uuid_generate_v1", "uuid_generate_v1mc", "uuid-ossp"),
    "pgcrypto": ("pgcrypto", "gen_random_bytes", "crypt", "digest"),
    "fuzzystrmatch": ("levenshtein", "soundex", "dmetaphone", "fuzzystrmatch"),
    "intarray": ("gin__int_ops", "intarray"),
    "tablefunc": ("crosstab", "tablefunc"),
    "cube": ("cube",),
    "earthdistance": ("ll_to_earth", "earthdistance"),
}
OTHERS: dict[str, tuple[str, ...]] = {
    "postgis": ("postgis", "geometry", "geography", "raster", "postgis_lib_version", "st_"),
    "vector": ("vector", "halfvec", "vector_cosine_ops", "vector_l2_ops", "hnsw"),
    "timescaledb": ("timescaledb", "create_hypertable"),
}
IMAGES = {
    "postgis": "postgis/postgis:17-3.5",
    "vector": "pgvector/pgvector:pg17",
    "timescaledb": "timescale/timescaledb",
}


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.state(*STATES) if symptom else None
    if symptom is None or fault is None:
        return ()
    first = fault.text.splitlines()[0] if fault.text else ""
    where = _where(case, symptom)
    for name, words in OTHERS.items():
        if _mentions(first, words):
            what = f"The database needs the extension {name}, which is not a part of PostgreSQL"
            fix = f"Use a server that has it: in Docker the image {IMAGES[name]} instead of postgres."
            return (Finding(NAME, what, where, fix),)
    for name, words in CONTRIB.items():
        if _mentions(first, words):
            fix = f"djdock psql -c 'CREATE EXTENSION IF NOT EXISTS \"{name}\"'   (or add its operation to a migration)"
            return (Finding(NAME, f"The database needs the extension {name}", where, fix, CreateExtension(name)),)
    return ()


def _mentions(text: str, words: tuple[str, ...]) -> bool:
    # PostgreSQL quotes names whatever language it speaks; functions stand before their arguments.
    names = {
        name.lower()
        for name in re.findall(r"[\"«„]([\w-]+)[\"»“]|\b([\w]+)\(|([\w-]+)\.control", text)
        for name in name
        if name
    }
    quoted = (
        {f'"{name}"' for name in re.findall(r"\"(\w+)\"", text)}
        if "operator class" in text or "access" in text
        else set()
    )
    return any(word in names or word in quoted for word in words) or any(
        word.endswith("_") and name.startswith(word) for word in words for name in names
    )


def _where(case: Case, symptom: Symptom) -> str:
    migration = next((found for fault in symptom.faults if (found := fault.attribute("migration"))), "")
    app, _, name = migration.partition(".")
    ending = f"/{app}/migrations/{name}.py"
    return next((path for path in case.paths if name and f"/{path}".endswith(ending)), symptom.where)
