"""A service that the site needs and that does not answer (https://12factor.net/backing-services)."""

from __future__ import annotations

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import StartService
from djdock.doctor.symptom import Fault

NAME = "service-not-running"
TITLE = "A service that the site needs does not run"
SEEN = "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused."
CAUSE = (
    "Cache, sessions, channels, a queue or a search ask a server that is not started, or at an address "
    "of another machine."
)
FIX = "Start the service; or set the variable with its address."
DOES = "Starts Redis and gives the project its address. Other services it names, and says what they are for."

# The packages that talk to a service, and how people call it.
SERVICES: dict[str, tuple[str, str]] = {
    "redis": ("redis", "Redis"),
    "django_redis": ("redis", "Redis"),
    "channels_redis": ("redis", "Redis"),
    "aioredis": ("redis", "Redis"),
    "amqp": ("rabbitmq", "RabbitMQ"),
    "pika": ("rabbitmq", "RabbitMQ"),
    "elasticsearch": ("elasticsearch", "Elasticsearch"),
    "elastic_transport": ("elasticsearch", "Elasticsearch"),
    "opensearchpy": ("opensearch", "OpenSearch"),
    "meilisearch": ("meilisearch", "Meilisearch"),
    "typesense": ("typesense", "Typesense"),
    "pysolr": ("solr", "Solr"),
    "pymemcache": ("memcached", "Memcached"),
    "memcache": ("memcached", "Memcached"),
    "pylibmc": ("memcached", "Memcached"),
    "pymongo": ("mongodb", "MongoDB"),
    "kafka": ("kafka", "Kafka"),
    "confluent_kafka": ("kafka", "Kafka"),
    "neo4j": ("neo4j", "Neo4j"),
    "ldap": ("ldap", "an LDAP server"),
    "pymysql": ("mysql", "MySQL"),
    "MySQLdb": ("mysql", "MySQL"),
    "botocore": ("s3", "an S3 storage"),
    "minio": ("s3", "an S3 storage"),
}
ERRORS = ("ConnectionError", "OperationalError", "TimeoutError", "Timeout", "gaierror", "ServerSelectionTimeoutError",
          "ConnectionRefusedError", "NewConnectionError", "NoBrokersAvailable", "AMQPConnectionError", "SERVER_DOWN",
          "EndpointConnectionError", "ServiceUnavailable", "MaxRetryError", "ConnectError")  # fmt: skip
STARTED = {"redis"}


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None or symptom.step == "install":
        return ()
    for fault in symptom.faults:
        if not fault.type.rpartition(".")[2].endswith(ERRORS):
            continue
        for package, (service, title) in SERVICES.items():
            if _through(fault, package):
                where = symptom.where or _where(case, service)
                what = f"{title} does not answer, and the project needs it"
                fix = f"Start {title}, and see that the settings name its address."
                repair = StartService(service) if service in STARTED else None
                return (Finding(NAME, what, where, fix, repair),)
    if any(fault.is_a("OSError") and fault.passes("smtplib.py") for fault in symptom.faults):
        what = "The site sends mail, and no mail server answers"
        fix = 'Print mail instead: EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"'
        return (Finding(NAME, what, symptom.where, fix),)
    return ()


def _through(fault: Fault, package: str) -> bool:
    return fault.inside(package) or fault.type.split(".")[0] == package


def _where(case: Case, service: str) -> str:
    for path in sources.settings_files(case):
        if number := sources.line_of(sources.text(case.files, path), rf"(?i){service}"):
            return f"{path}:{number}"
    return ""
