"""Services that are named and not started: https://docs.docker.com/reference/compose-file/services/ can run them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from djdock.project.signs import Need, Signs


@dataclass(frozen=True)
class Other:
    """A service that djdock does not run.

    Attributes:
        settings: a pattern of settings, as `NAME=value` or `NAME.KEY=value`, that use it.
        packages: distributions that nobody has without using it.
        loses: what the project is without it.
    """

    NAME: str
    settings: str
    packages: tuple[str, ...]
    loses: str

    def detect(self, signs: Signs) -> Need | None:
        """The need for it, or None."""
        pattern = re.compile(self.settings)
        named = [line.partition("=")[0] for line in _lines(signs) if pattern.search(line)]
        package = signs.depends_on(*self.packages)
        if not (named or package):
            return None
        evidence = ", ".join(dict.fromkeys(named)) or f"the package {package}"
        return Need(self.NAME, evidence, loses=self.loses)


def _lines(signs: Signs) -> Iterator[str]:
    for name, value in signs.settings.items():
        if name.isupper():
            yield from _flat(name, value, 0)


def _flat(name: str, value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield f"{name}={value}"
    elif isinstance(value, Mapping) and depth < 4:  # noqa: PLR2004 - no setting that names a service is deeper
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item, depth + 1)
    elif isinstance(value, list | tuple) and len(value) <= 100:  # noqa: PLR2004 - a list of hosts is short
        for item in value:
            yield from _flat(name, item, depth + 1)


SEARCH = "Search does not work."
REGISTRY = (
    Other(
        "elasticsearch",
        r"^ELASTICSEARCH|^(?:HAYSTACK_CONNECTIONS|WAGTAILSEARCH_BACKENDS)\..*=.*elasticsearch",
        ("django-elasticsearch-dsl", "django-elasticsearch-dsl-drf"),
        SEARCH,
    ),
    Other(
        "opensearch",
        r"^OPENSEARCH|^(?:HAYSTACK_CONNECTIONS|WAGTAILSEARCH_BACKENDS)\..*=.*opensearch",
        ("django-opensearch-dsl",),
        SEARCH,
    ),
    Other("meilisearch", r"^MEILI(?:SEARCH)?(?:_|=)", ("django-meili", "django-meilisearch"), SEARCH),
    Other("solr", r"^HAYSTACK_CONNECTIONS\..*=.*solr", (), SEARCH),
    Other("memcached", r"^CACHES\.\w+\.BACKEND=.*(?:memcached|pylibmc|bmemcached)", (), "Nothing is cached."),
    Other(
        "mysql",
        r"^DATABASES\.(?!default\.)\w+\.ENGINE=.*mysql",
        (),
        "The database that settings name beside the default one is not there.",
    ),
    Other(
        "mongodb",
        r"^DATABASES\.\w+\.ENGINE=.*(?:djongo|django_mongodb)|=mongodb(?:\+srv)?://",
        ("djongo", "django-mongodb-backend", "mongoengine"),
        "What it keeps in MongoDB is not there.",
    ),
    Other(
        "minio",
        r"^(?:AWS_S3_ENDPOINT_URL|.*ENDPOINT_URL)=https?://[^/]*(?:minio|localhost|127\.0\.0\.1)|^MINIO_(?:\w*ENDPOINT|HOST)",
        ("django-minio-backend", "django-minio-storage"),
        "Files cannot be uploaded or shown.",
    ),
    Other(
        "mailpit",
        r"^EMAIL_HOST=(?:mailpit|mailhog|mailcatcher|maildev|smtp4dev)$|^EMAIL_PORT=(?:1025)$",
        (),
        "Mails cannot be looked at; sending one fails.",
    ),
    Other(
        "kafka", r"^KAFKA_", ("confluent-kafka", "kafka-python", "aiokafka", "faust-streaming"), "Events are not sent."
    ),
)
