"""The files that Kubernetes gets: a kustomize base, and the overlay of the one place that is production."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from djdock.plan.change import SIGNATURE
from djdock.plan.compose import DATABASE_PORT, REDIS_IMAGE, Worker, scalar
from djdock.plan.production.release import (
    ALIVE,
    ENV_FILE,
    FILE_SUFFIX,
    KUBERNETES_FOLDER,
    PORT,
    READY,
    SECRETS_INSIDE,
    TRUSTED,
    TRUSTED_WHY,
    USER,
    Postgres,
    Release,
    usable_name,
)
from djdock.plan.text import render

BASE = f"{KUBERNETES_FOLDER}/base"
OVERLAY = f"{KUBERNETES_FOLDER}/overlays/production"
# What `djdock deploy` writes anew with each release; all other files are only merged.
CONFIG = f"{OVERLAY}/config.env"
RELEASE = f"{OVERLAY}/release/kustomization.yaml"
# The objects that are named after what they do; those of the whole project have its name.
WEB, MIGRATE, DATABASE, REDIS = "web", "migrate", "db", "redis"
# CloudNativePG takes the owner of the database, and the password, from a Secret of the type basic-auth.
# https://cloudnative-pg.io/docs/current/bootstrap
OWNER = f"{DATABASE}-owner"
# https://github.com/cloudnative-pg/postgres-containers and postgis-containers: `standard` has pgvector and all locales.
IMAGES = {"postgis": "ghcr.io/cloudnative-pg/postgis:{major}"}
IMAGE = "ghcr.io/cloudnative-pg/postgresql:{major}-standard-trixie"
# What the extension is called in CREATE EXTENSION. Only a superuser may create these two, and the site is none.
EXTENSIONS = {"pgvector": "vector", "postgis": "postgis"}
BUILTIN_LOCALES = 17
# A second one of these would start each task twice.
SCHEDULERS = frozenset({"beat", "rqscheduler", "runapscheduler"})
EMBEDDED_SCHEDULER = frozenset({"-B", "--beat"})
LABEL_LENGTH = 40
# Why a check of checkov does not apply, where it does not.
PULLING = "CKV_K8S_15=the image is named by its digest; a registry that is down hinders no restart"
NO_PROBES = ("CKV_K8S_8=a worker answers no requests; one that ends is started again", "CKV_K8S_9=no Service asks it")


@dataclass(frozen=True)
class Running:
    """What the overlay's component `release` says: an image, and the version of the Secret that its pods have read."""

    image: str
    secrets: str = "0"


def texts(release: Release) -> dict[str, str]:
    """The files that djdock writes and the person edits, by path."""
    files = {
        "namespace.yaml": render("kubernetes/namespace.yaml.txt", mark=SIGNATURE, name=release.name),
        "network.yaml": _network(release),
    }
    if release.database:
        files["database.yaml"] = _database(release.name, release.database)
    if release.redis:
        files["redis.yaml"] = render("kubernetes/redis.yaml.txt", mark=SIGNATURE, image=REDIS_IMAGE)
    if release.media:
        files["media.yaml"] = render("kubernetes/media.yaml.txt", mark=SIGNATURE, name=release.name)
    files["migrate.yaml"] = _migrate(release)
    files["web.yaml"] = _web(release)
    if release.workers:
        files["workers.yaml"] = _workers(release)
    resources = "\n".join(f"  - {name}" for name in files)
    kustomization = render("kubernetes/kustomization.yaml.txt", mark=SIGNATURE, name=release.name, resources=resources)
    base = {"kustomization.yaml": kustomization, "config.env": _fixed(release), **files}
    return {**{posixpath.join(BASE, name): text for name, text in base.items()}, **_overlay(release)}


def config(release: Release, values: Mapping[str, str]) -> str:
    """The overlay's variables: what the env file says, line by line, without quotes (Kubernetes knows none)."""
    lines = [f"# What {ENV_FILE} says: `djdock deploy kubernetes` copies it from there. No secrets here."]
    for setting in release.given:
        lines += [f"# {setting.why}"] if setting.why else []
        lines.append(f"{setting.name}={values.get(setting.name) or setting.value}")
    return "\n".join(lines) + "\n"


def component(release: Release, running: Running) -> str:
    """The overlay's component that says which image runs."""
    repository, tag, digest = split(running.image)
    return render(
        "kubernetes/release.yaml.txt",
        name=release.name,
        repository=repository,
        version=f"digest: {digest}" if digest else f"newTag: {json.dumps(tag or 'latest')}",
        suffix=suffix(running.image),
        secrets=running.secrets,
    )


def split(image: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image's name; the latter two empty where it has none."""
    named, _, digest = image.partition("@")
    head, slash, last = named.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{head}{slash}{last}", tag, digest


def suffix(image: str) -> str:
    """What tells images apart, as a part of a name: the beginning of the digest, else the tag."""
    _, tag, digest = split(image)
    return (
        digest.partition(":")[2][:12] or re.sub(r"[^a-z0-9]+", "-", tag.lower()).strip("-")[:LABEL_LENGTH] or "latest"
    )


# --- The files of the base --------------------------------------------------------------------------------------------


def _fixed(release: Release) -> str:
    fixed = [setting for setting in release.settings if setting.kind == "fixed"]
    lines = [SIGNATURE, *(f"{setting.name}={setting.value}" for setting in fixed)]
    return "\n".join(lines) + "\n"


def _web(release: Release) -> str:
    return render(
        "kubernetes/web.yaml.txt",
        mark=SIGNATURE,
        skipped=_skipped(PULLING),
        port=PORT,
        alive=ALIVE,
        ready=READY,
        annotations=_annotations(),
        environment=_environment(release),
        env=_env(release),
        **_pod(release),
    )


def _migrate(release: Release) -> str:
    return render(
        "kubernetes/migrate.yaml.txt", mark=SIGNATURE, skipped=_skipped(PULLING), env=_env(release), **_pod(release)
    )


def _workers(release: Release) -> str:
    head = f"{SIGNATURE}\n# What runs beside the site, on the same image.\n"
    return head + "---\n".join(_worker(release, worker) for worker in release.workers)


def _worker(release: Release, worker: Worker) -> str:
    if is_single(worker):
        replicas = (
            "  # Exactly one: a second would start each task twice, so the old one ends before the new one begins.\n"
            "  replicas: 1"
        )
        strategy = "    type: Recreate"
    else:
        replicas = (
            f"  # One, until you say another number: kubectl scale deployment/{usable_name(worker.name)} --replicas 3\n"
            "  # It stays then. With `replicas` here, this file would decide."
        )
        strategy = "    rollingUpdate:\n      maxUnavailable: 0\n      maxSurge: 1"
    return render(
        "kubernetes/worker.yaml.txt",
        worker=usable_name(worker.name),
        skipped=_skipped(PULLING, *NO_PROBES),
        replicas=replicas,
        strategy=strategy,
        args=json.dumps([word.replace("$", "$$") for word in worker.argv], ensure_ascii=False),
        annotations=_annotations(),
        environment=_environment(release),
        env=_env(release),
        **_pod(release),
    )


def is_single(worker: Worker) -> bool:
    """Whether only one of a worker may run at a time: what starts tasks at their times, alone or inside a worker."""
    return bool(SCHEDULERS & set(worker.argv)) or (
        "worker" in worker.argv and bool(EMBEDDED_SCHEDULER & set(worker.argv))
    )


def _database(name: str, database: Postgres) -> str:
    extension = EXTENSIONS.get(database.extension, "")
    builtin = "      localeProvider: builtin\n      builtinLocale: C.UTF-8\n"
    return render(
        "kubernetes/database.yaml.txt",
        mark=SIGNATURE,
        name=name,
        image=IMAGES.get(database.extension, IMAGE).format(major=database.major),
        database=scalar(database.name),
        user=scalar(database.user),
        extension="      # Only a superuser may, and the site is none.\n"
        f"      postInitApplicationSQL:\n        - CREATE EXTENSION IF NOT EXISTS {extension}\n"
        if extension
        else "",
        provider=builtin if database.major >= BUILTIN_LOCALES else "",
    )


# --- What pods with the project's code have in common -----------------------------------------------------------------


def _pod(release: Release) -> dict[str, str]:
    return {
        "name": release.name,
        "pod": _account(release),
        "security": _indented(10, SECURITY),
        "mounts": _mounts(release),
        "volumes": _volumes(release),
    }


SECURITY = """\
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]"""
ACCOUNT = """\
serviceAccountName: {name}
# No pod talks to Kubernetes; and a token would be mounted below /run/secrets, which is not writable.
automountServiceAccountToken: false
# Else each Service would become variables of the project: REDIS_PORT=tcp://10.0.0.1:6379 and the like.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {user}
  runAsGroup: {user}
  # Volumes belong to this group, so that the project may read its secrets.
  fsGroup: {user}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault"""
ANNOTATIONS = """\
annotations:
  # See ../overlays/production/release.
  secrets-version: "0\""""


def _account(release: Release) -> str:
    return _indented(6, ACCOUNT.format(name=release.name, user=USER))


def _annotations() -> str:
    return _indented(6, ANNOTATIONS)


def _skipped(*reasons: str) -> str:
    return "\n".join(f"    checkov.io/skip{number}: {reason}" for number, reason in enumerate(reasons, start=1))


def _env(release: Release) -> str:
    """`env` and `envFrom` of a container."""
    variables = _variables(release)
    return _indented(10, "\n".join(["env:", *variables, *CONFIG_MAP]).format(name=release.name))


def _environment(release: Release) -> str:
    """The same below an `env` that has begun."""
    return _indented(10, "\n".join([*_variables(release), *CONFIG_MAP]).format(name=release.name))


CONFIG_MAP = ["envFrom:", "  - configMapRef:", "      name: {name}"]


def _variables(release: Release) -> list[str]:
    """Entries of `env`: secrets are files, and the image's entrypoint gives them to the project as variables."""
    trusted = [f"  # {TRUSTED_WHY}", f"  - name: {TRUSTED}", '    value: "*"']
    return trusted + [
        line
        for name in release.secrets
        for line in (f"  - name: {name}{FILE_SUFFIX}", f"    value: {SECRETS_INSIDE}/{name}")
    ]


def _mounts(release: Release) -> str:
    lines = ["volumeMounts:", "  - name: tmp", "    mountPath: /tmp"]
    if release.secrets:
        lines += ["  - name: secrets", f"    mountPath: {SECRETS_INSIDE}", "    readOnly: true"]
    if release.media:
        lines += ["  - name: media", f"    mountPath: {release.media}"]
    return _indented(10, "\n".join(lines))


def _volumes(release: Release) -> str:
    lines = ["volumes:", "  # The one place that can be written to.", "  - name: tmp", "    emptyDir:"]
    lines += ["      sizeLimit: 256Mi"]
    if release.secrets:
        lines += ["  - name: secrets", "    secret:", f"      secretName: {release.name}", "      defaultMode: 0440"]
        # The Secret may hold more than these containers should see, the password of the database's owner for instance.
        lines += ["      items:", *(f"        - {{key: {name}, path: {name}}}" for name in release.secrets)]
    if release.media:
        lines += ["  - name: media", "    persistentVolumeClaim:", "      claimName: media"]
    return _indented(6, "\n".join(lines))


def _indented(spaces: int, text: str) -> str:
    return "\n".join(" " * spaces + line for line in text.splitlines())


# --- The network ------------------------------------------------------------------------------------------------------


def _network(release: Release) -> str:
    ours = [(DATABASE, int(DATABASE_PORT))] if release.database else []
    rules = [_to_pods("cnpg.io/cluster", name, port) for name, port in ours]
    rules += [_to_pods("app.kubernetes.io/component", REDIS, 6379)] if release.redis else []
    # An address that is not the release's own may be in any private network.
    rules.append(_to_world(private=release.database is None))
    more = [render("kubernetes/network_database.yaml.txt", name=release.name)] if release.database else []
    more += [render("kubernetes/network_redis.yaml.txt", name=release.name)] if release.redis else []
    names = ["the database"] * bool(release.database) + ["Redis"] * release.redis
    text = render(
        "kubernetes/network.yaml.txt",
        mark=SIGNATURE,
        name=release.name,
        where=" and ".join([*names, "the internet (mail, other services' APIs)"]),
        egress="\n".join(rules),
        more="".join(more),
    )
    return text.rstrip() + "\n"


def _to_pods(label: str, value: str, port: int) -> str:
    rule = ["- to:", "    - podSelector:", "        matchLabels:", f"          {label}: {value}"]
    return _indented(4, "\n".join([*rule, "  ports:", f"    - {{protocol: TCP, port: {port}}}"]))


def _to_world(*, private: bool) -> str:
    networks = [] if private else ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]
    local = ["fe80::/10"] if private else ["fe80::/10", "fc00::/7"]
    why = "# Not where clouds tell a machine its credentials" + (
        ", nor into networks of yours." if not private else "."
    )
    lines = ["- to:", f"    {why}"]
    for block, excepted in (("0.0.0.0/0", ["169.254.0.0/16", *networks]), ('"::/0"', local)):
        quoted = ", ".join(f'"{network}"' for network in excepted)
        lines += ["    - ipBlock:", f"        cidr: {block}", f"        except: [{quoted}]"]
    return _indented(4, "\n".join(lines))


# --- The overlay ------------------------------------------------------------------------------------------------------


def _overlay(release: Release) -> dict[str, str]:
    ingress = "  - ingress.yaml\n" if release.hosts else ""
    files = {
        f"{OVERLAY}/kustomization.yaml": render(
            "kubernetes/overlay.yaml.txt", mark=SIGNATURE, name=release.name, ingress=ingress
        )
    }
    if release.hosts:
        files[f"{OVERLAY}/ingress.yaml"] = render(
            "kubernetes/ingress.yaml.txt",
            mark=SIGNATURE,
            name=release.name,
            port=PORT,
            hosts="\n".join(f"        - {json.dumps(host)}" for host in release.hosts),
            rules="\n".join(map(_rule, release.hosts)),
        )
    return files


def _rule(host: str) -> str:
    return _indented(
        4,
        f"""\
- host: {json.dumps(host)}
  http:
    paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {WEB}
            port:
              name: http""",
    )
