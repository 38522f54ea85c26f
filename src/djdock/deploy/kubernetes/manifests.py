"""The objects that the overlay describes, rendered by kubectl's own kustomize; nothing in the tree is changed by it."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from djdock import apply, process
from djdock.deploy.kubernetes.client import Object
from djdock.errors import Problem, last_lines
from djdock.plan.change import Plan, write
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.kubernetes import CONFIG, OVERLAY, RELEASE, Running
from djdock.plan.production.release import DATABASE_PASSWORD, ENV_FILE, KUBERNETES_FOLDER, SECRETS_FOLDER, Release
from djdock.project.files import Files, Folder

if TYPE_CHECKING:  # the targets import this module
    from djdock.deploy.targets.target import Site

# What other objects need before they can be there, in this order. The namespace comes before them.
GROUND = ("ServiceAccount", "NetworkPolicy", "ConfigMap", "PersistentVolumeClaim")
# Written in C, where PyYAML was built with it: a tenth of the time.
LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COMPONENT = "app.kubernetes.io/component"
DATA = frozenset({"database", "redis"})


@dataclass(frozen=True)
class Manifests:
    """Rendered objects."""

    objects: tuple[Object, ...]

    def where(self, accepts: Callable[[Object], bool]) -> tuple[Object, ...]:
        """Some of the objects, in their order."""
        return tuple(one for one in self.objects if accepts(one))

    @property
    def ground(self) -> tuple[Object, ...]:
        """What other objects need: permissions to talk, variables, volumes."""
        found = self.where(lambda one: one["kind"] in GROUND)
        return tuple(sorted(found, key=lambda one: GROUND.index(one["kind"])))

    @property
    def namespace(self) -> tuple[Object, ...]:
        """The namespace, where it is described: somebody else may have made it."""
        return self.where(lambda one: one["kind"] == "Namespace")

    @property
    def rest(self) -> tuple[Object, ...]:
        """What runs, what leads to it and what holds data."""
        return self.where(lambda one: one["kind"] not in {"Namespace", *GROUND})

    @property
    def data(self) -> tuple[Object, ...]:
        """What holds data."""
        return self.where(lambda one: component_of(one) in DATA)

    @property
    def migration(self) -> Object:
        """The Job that migrates.

        Raises:
            Problem: somebody has taken it out of the files.
        """
        found = self.where(lambda one: one["kind"] == "Job" and component_of(one) == texts.MIGRATE)
        if not found:
            raise Problem(
                f"There is no Job with the label {COMPONENT}: {texts.MIGRATE} in {KUBERNETES_FOLDER}/.",
                hint=f"Bring {texts.BASE}/migrate.yaml back: delete what is left of it, then: "
                "djdock deploy kubernetes --dry-run",
            )
        return found[0]

    @property
    def deployments(self) -> tuple[str, ...]:
        """The names of what runs the project's code, the site first."""
        names = [one["metadata"]["name"] for one in self.objects if one["kind"] == "Deployment"]
        return tuple(sorted(names, key=lambda name: (name != texts.WEB, name)))


def component_of(one: Object) -> str:
    """What an object is a part of: `web`, `migrate`, `database` …; empty where it does not say."""
    return str((one["metadata"].get("labels") or {}).get(COMPONENT, ""))


def namespace_of(site: Site) -> str:
    """The namespace that the overlay names."""
    text = Folder(site.root).read(f"{OVERLAY}/kustomization.yaml")
    try:
        found = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        found = None  # rendering says what is wrong with it
    name = found.get("namespace") if isinstance(found, Mapping) else None
    return str(name or site.release.name)


def render(site: Site, running: Running) -> Manifests:
    """The overlay's objects with an image and with the env file's values, whatever the tree's own release says.

    Raises:
        Problem: a value cannot be written, or kustomize does not understand the files.
    """
    with tempfile.TemporaryDirectory(prefix="djdock-k8s-") as place:
        folder = Path(place)
        own = site.root / KUBERNETES_FOLDER
        if (own / "overlays").is_dir():
            shutil.copytree(own, folder / KUBERNETES_FOLDER)
        else:  # a dry run writes nothing, and shows what it would
            _write_all(folder, texts.texts(site.release))
        _write_all(folder, _written(site, running))
        done = process.run(["kubectl", "kustomize", str(folder / OVERLAY)])
    if not done.ok:
        raise Problem(
            f"kustomize does not understand {OVERLAY}.",
            details=last_lines(done.stderr.replace(f"{place}/", "")),
            hint=f"Correct what the last line says. To look at the result: kubectl kustomize {OVERLAY}",
        )
    return Manifests(tuple(one for one in yaml.load_all(done.stdout, LOADER) if one))


def remember(site: Site, running: Running) -> None:
    """Writes into the tree what runs now, so that `kubectl apply -k` by hand changes nothing.

    Raises:
        Problem: a file cannot be written.
    """
    files: Files = Folder(site.root)
    changes = tuple(write(files, path, text, "what runs now") for path, text in _written(site, running).items())
    apply.apply(site.root, Plan(changes))


def secrets(site: Site, namespace: str) -> tuple[Object, ...]:
    """The Secrets that the project and its database read, from the files in the folder of secrets.

    Raises:
        Problem: a file is missing, or cannot be read.
    """
    release = site.release
    values = {name: _secret(site, name) for name in release.secrets}
    found = [_object(release.name, namespace, values)] if values else []
    if release.database:
        owner = {"username": release.database.user, "password": _secret(site, DATABASE_PASSWORD)}
        found.append({**_object(texts.OWNER, namespace, owner), "type": "kubernetes.io/basic-auth"})
        # The operator gives the owner a new password when this changes.
        found[-1]["metadata"]["labels"]["cnpg.io/reload"] = "true"
    return tuple(found)


def _object(name: str, namespace: str, values: Mapping[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": {COMPONENT: "secrets"}},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


def _secret(site: Site, name: str) -> str:
    path = site.secrets / name
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Problem(
            f"The secret {SECRETS_FOLDER}/{name} cannot be read: {reason}.",
            hint=f"Write its value into the file {path}, with an editor; then the same command again.",
        ) from error


def _written(site: Site, running: Running) -> dict[str, str]:
    """The files that change with each release."""
    _check(site.release, site.values)
    return {
        CONFIG: texts.config(site.release, site.values),
        RELEASE: texts.component(site.release, running),
    }


def _check(release: Release, values: Mapping[str, str]) -> None:
    broken = [setting.name for setting in release.given if "\n" in values.get(setting.name, "")]
    if broken:
        raise Problem(
            f"{', '.join(broken)} in {ENV_FILE} has more than one line, which a file of variables in Kubernetes cannot "
            "hold.",
            hint=f"If it is a key or a certificate, move it into a file of that name in {SECRETS_FOLDER}/ and take the "
            f"line out of {ENV_FILE}.",
        )


def _write_all(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
