"""Stands in for kubectl and the cluster behind it, the one seam that cannot be had for real in a test: an API server.

It keeps objects, answers in the forms of the real kubectl, and lets pods fare as the test says. Rendering
(`kubectl kustomize`) is the real kubectl's.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from djdock import process
from djdock.process import Result

Object = dict[str, Any]
# What the real kubectl takes for a kind, and what objects say.
KINDS = {"clusters.postgresql.cnpg.io": "cluster", "pods": "pod", "replicasets": "replicaset", "jobs": "job"}
NOT_READY = {"state": {"running": {}}, "ready": False}
LOOP = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
PULL = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
# The same files render alike: what kustomize made of each set of them.
RENDERED: dict[tuple[tuple[str, str], ...], Result] = {}
really_run = process.run


@dataclass(frozen=True)
class Call:
    """A call of kubectl."""

    argv: tuple[str, ...]
    stdin: str


def kustomize(argv: Sequence[str | Path]) -> Result:
    """What the real kubectl renders."""
    folder = Path(argv[-1])
    files = sorted(path for path in folder.parents[1].rglob("*") if path.is_file())
    key = tuple((path.relative_to(folder.parents[1]).as_posix(), path.read_text()) for path in files)
    if key not in RENDERED:
        RENDERED[key] = really_run(argv)
    return RENDERED[key]


class Kubectl:
    """Objects by `kind/namespace/name`, and what becomes of them.

    Attributes:
        situation: how the cluster is; a test changes it.
    """

    def __init__(self, situation: dict[str, Any]) -> None:
        self.situation = situation
        self.objects: dict[str, Object] = {}
        self.calls: list[Call] = []
        self.namespace = ""
        self.written: list[str] = []

    def run(self, argv: Sequence[str | Path], *, stdin: str = "", **options: Any) -> Result:
        """In place of `process.run` and `process.ask`; other programs are really run."""
        if argv[0] != "kubectl":
            return really_run(argv, stdin=stdin)
        assert options.get("env", {}).get("KUBECTL_EXTERNAL_DIFF") is None
        given = [str(word) for word in argv[1:]]
        self.calls.append(Call(tuple(given), stdin))
        if given[0] == "kustomize":
            return kustomize(argv)
        words = [word for word in given if not word.startswith(("--context=", "--namespace=", "--request-timeout"))]
        self.namespace = next((word.partition("=")[2] for word in given if word.startswith("--namespace=")), "default")
        if words[0] == "config":
            return Result(0, json.dumps(self.situation["config"]), "")
        if words[:2] == ["version", "--client"]:
            version = {"gitVersion": f"v{self.situation.get('version', '1.34.1')}"}
            return Result(0, json.dumps({"clientVersion": version}, indent=2), "")
        for failing, (said, code) in self.situation.get("refuses", {}).items():
            if " ".join(words).startswith(failing):
                return Result(code, "", said)
        return self.answer(words, stdin)

    def write_to(self, place: Path, argv: Sequence[str | Path], **_options: Any) -> Result:
        """In place of `process.write_to`."""
        done = self.run(argv)
        place.touch(0o600)
        place.write_text(done.stdout)
        return done

    def answer(self, words: list[str], stdin: str) -> Result:
        rest = [word for word in words[1:] if not word.startswith("--")]
        options = [word for word in words[1:] if word.startswith("--")]
        self.written = []
        code = getattr(self, f"do_{words[0].replace('-', '_')}")(rest, options, stdin)
        return Result(int(code or 0), "".join(self.written), "")

    def say(self, text: str) -> None:
        self.written.append(text + "\n")

    def key(self, kind: str, name: str) -> str:
        kind = KINDS.get(kind.lower(), kind.lower())
        return f"{kind}/{'' if kind == 'namespace' else self.namespace}/{name}"

    def do_get(self, rest: list[str], options: list[str], _stdin: str) -> None:
        if "--raw=/version" in options:
            self.say('{"major": "1", "minor": "34"}')
            return
        selector = next((one.partition("=")[2] for one in options if one.startswith("--selector=")), "")
        if selector:
            name, _, value = selector.partition("=")
            found = [
                one
                for key, one in self.objects.items()
                if key.startswith(self.key(rest[0], "")) and one["metadata"].get("labels", {}).get(name) == value
            ]
            self.say(json.dumps({"items": found}))
        elif (one := self.objects.get(self.key(*rest))) is not None:
            self.say(json.dumps(one) if "--output=json" in options else "/".join(rest))

    def do_apply(self, _rest: list[str], _options: list[str], stdin: str) -> None:
        for one in json.loads(stdin)["items"]:
            self.put(one)
            self.say(f"{one['kind'].lower()}/{one['metadata']['name']} applied")

    def do_create(self, _rest: list[str], _options: list[str], stdin: str) -> None:
        self.put(json.loads(stdin))

    def do_delete(self, rest: list[str], _options: list[str], _stdin: str) -> None:
        names = [word.split("/") for word in rest] if "/" in rest[0] else [rest]
        for kind, name in names:
            self.objects.pop(self.key(kind, name), None)

    def do_diff(self, _rest: list[str], _options: list[str], stdin: str) -> int:
        changed = 0
        for one in json.loads(stdin)["items"]:
            kind, name = one["kind"], one["metadata"]["name"]
            there = self.objects.get(self.key(kind, name))
            before = [] if there is None else lines(there["applied"])
            after = lines(one)
            file = f"{one['apiVersion'].replace('/', '.')}.{kind}.{self.namespace}.{name}"
            if before != after:
                changed = 1
                live, merged = f"/tmp/LIVE-1/{file}", f"/tmp/MERGED-2/{file}"  # noqa: S108 - a text
                self.say(f"diff -u -N {live} {merged}")
                self.say("\n".join(difflib.unified_diff(before, after, live, merged, lineterm="")))
        return changed

    def do_rollout(self, rest: list[str], options: list[str], _stdin: str) -> None:
        name = rest[1].partition("/")[2]
        revision = next(one.partition("=")[2] for one in options if one.startswith("--to-revision="))
        self.put(self.objects[f"revision/{self.namespace}/{name}-{revision}"]["applied"])

    def do_logs(self, rest: list[str], options: list[str], _stdin: str) -> None:
        if "--previous" not in options:
            self.written.append(self.objects[self.key("pod", rest[0])].get("log", ""))

    def do_attach(self, rest: list[str], _options: list[str], stdin: str) -> None:
        self.objects[self.key("pod", rest[0])]["log"] = f"read: {stdin}"

    def do_exec(self, _rest: list[str], _options: list[str], _stdin: str) -> int:
        dump = self.situation.get("dump")
        self.written.append(dump or "")
        return 0 if dump else 1

    def do_api_resources(self, _rest: list[str], _options: list[str], _stdin: str) -> None:
        if self.situation.get("operator", True):
            self.say("backups.postgresql.cnpg.io\nclusters.postgresql.cnpg.io")

    # --- What becomes of objects -------------------------------------------------------------------------------------

    def put(self, one: Object) -> None:
        """Keeps an object, as the API server and the controllers would."""
        kind, name = one["kind"].lower(), one["metadata"]["name"]
        there = self.objects.get(self.key(kind, name))
        same = there is not None and there["applied"] == one
        version = int(there["metadata"]["resourceVersion"]) + 1 if there else 1
        if same:
            return
        kept = {**one, "applied": one, "metadata": {**one["metadata"], "resourceVersion": str(version)}}
        self.objects[self.key(kind, name)] = kept
        becomes = {"deployment": self.deploy, "job": self.work, "pod": self.start}.get(kind)
        if becomes is not None:
            becomes(kept)
        if kind == "cluster":
            ready = 2 if self.situation.get("database", True) else 0
            kept["status"] = {"readyInstances": ready, "phase": "Setting up primary"}
            kept["status"] |= {"currentPrimary": "db-1"} if ready else {}
        if kind == "statefulset":
            kept["status"] = {"readyReplicas": 1}

    def fate(self, image: str) -> dict[str, Any]:
        """How containers of an image fare: `how` it ends, the `log`, the exit `code`."""
        fates: Iterator[dict[str, Any]] = (
            fate for end, fate in self.situation.get("images", {}).items() if end in image
        )
        return next(fates, {})

    def deploy(self, one: Object) -> None:
        name, image = one["metadata"]["name"], one["spec"]["template"]["spec"]["containers"][0]["image"]
        revision = sum(key.startswith(f"revision/{self.namespace}/{name}-") for key in self.objects) + 1
        self.objects[f"revision/{self.namespace}/{name}-{revision}"] = one
        one["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
        one["metadata"]["generation"] = revision
        replicas = 2 if name == "web" else one["spec"].get("replicas", 1)
        one["spec"] = {**one["spec"], "replicas": replicas}
        fate = self.fate(image)
        good = fate.get("how", "healthy") == "healthy"
        one["status"] = {
            "observedGeneration": revision,
            "updatedReplicas": replicas if good else 1,
            "availableReplicas": replicas,
            "replicas": replicas if good else replicas + 1,
        }
        if "refused" in fate:
            one["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": fate["refused"]}]
            return
        labels = {**one["spec"]["template"]["metadata"]["labels"], "pod-template-hash": f"{name}{revision}"}
        metadata = {"name": f"{name}-{revision}", "labels": labels, "annotations": one["metadata"]["annotations"]}
        self.objects[self.key("replicaset", f"{name}-{revision}")] = {"metadata": metadata}
        self.pod(f"{name}-{revision}-a", labels, one["spec"]["template"]["spec"], fate)

    def work(self, one: Object) -> None:
        spec = one["spec"]["template"]["spec"]
        fate = self.fate(spec["containers"][0]["image"])
        failed = fate.get("migration") == "fails"
        one["status"] = {"failed": 1} if failed else {"succeeded": 1}
        if failed:
            name = one["metadata"]["name"]
            self.pod(f"{name}-a", {"job-name": name}, spec, {"how": "ended", "code": 1, "log": fate["log"]})

    def start(self, one: Object) -> None:
        """A pod of its own."""
        fate = self.fate(one["spec"]["containers"][0]["image"])
        self.pod(one["metadata"]["name"], one["metadata"]["labels"], one["spec"], {"how": "ended", **fate})

    def pod(self, name: str, labels: dict[str, str], spec: Object, fate: dict[str, Any]) -> None:
        how, code = fate.get("how", "healthy"), int(fate.get("code", 0))
        ended = {"state": {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}}
        states: dict[str, tuple[str, Object]] = {
            "crash": ("Running", {"state": LOOP, "ready": False}),
            "pull": ("Pending", {"state": PULL, "ready": False}),
            "never": ("Running", NOT_READY),
            "healthy": ("Running", {"state": {"running": {}}, "ready": True}),
            "ended": ("Failed" if code else "Succeeded", ended),
        }
        phase, state = states[how]
        container = spec["containers"][0]
        self.objects[self.key("pod", name)] = {
            "metadata": {"name": name, "labels": labels, "resourceVersion": "1"},
            "applied": None,
            "spec": spec,
            "log": fate.get("log", ""),
            "status": {
                "phase": phase,
                "containerStatuses": [{"name": container["name"], "image": container["image"], **state}],
            },
        }


def lines(one: Object) -> list[str]:
    """An object as `kubectl diff` compares it, near enough: a field a line."""
    found: list[str] = []

    def walk(value: Any, name: str, depth: int) -> None:
        pad = "  " * depth
        if isinstance(value, dict):
            found.append(f"{pad}{name}:")
            for key, inner in value.items():
                walk(inner, key, depth + 1)
        elif isinstance(value, list):
            found.append(f"{pad}{name}:")
            for inner in value:
                walk(inner, "-", depth + 1)
        else:
            found.append(f"{pad}{name}: {value}")

    walk(one, one["kind"], 0)
    return found
