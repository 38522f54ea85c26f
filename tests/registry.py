"""A registry of images that takes what `docker push` brings, and forgets it: only the protocol's few requests.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Names below it are for nobody.
PRIVATE = "private"


@dataclass
class Registry:
    """What was pushed: the digests of blobs, and manifests by `name:tag`."""

    address: str = ""
    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, bytes] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of a push."""

    protocol_version = "HTTP/1.1"
    kept: Registry

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self) -> None:
        self.answer(200 if self.path.rstrip("/") == "/v2" else 404)

    def do_HEAD(self) -> None:
        self.answer(200 if self.path.rpartition("/")[2] in self.kept.blobs else 404)

    def do_POST(self) -> None:
        if self.path.startswith(f"/v2/{PRIVATE}/"):
            self.answer(401, WWW_Authenticate='Basic realm="registry"')
        else:
            self.answer(202, Location=f"{self.path.partition('?')[0].rstrip('/')}/{threading.get_ident()}")

    def do_PATCH(self) -> None:
        content = self.body()
        self.kept.blobs.add(f"sha256:{hashlib.sha256(content).hexdigest()}")
        self.answer(202, Location=self.path, Range=f"0-{len(content) - 1}")

    def do_PUT(self) -> None:
        content = self.body()
        if "/manifests/" in self.path:
            self.kept.manifests[self.path.removeprefix("/v2/").replace("/manifests/", ":")] = content
        self.answer(201, Docker_Content_Digest=f"sha256:{hashlib.sha256(content).hexdigest()}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature is the library's
        pass


@contextlib.contextmanager
def registry() -> Iterator[Registry]:
    """One on this machine, which Docker takes without HTTPS."""
    kept = Registry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OwnHandler", (Handler,), {"kept": kept}))
    kept.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
