"""A Hugging Face Hub that lives in the test: repositories, large files, commits and tags, and switches for failures.

Belongs here: as much of the protocol as pushing a dataset or a model needs. The client is the real one, with
``HF_HUB_DISABLE_XET=1``, since uploads go through a native path otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

_LARGE = (".parquet", ".png", ".safetensors")


@dataclass
class Hub:
    """What the server holds, and how it behaves.

    Attributes:
        token: Requests with another one get a 401.
        fails: Path pattern → how many further requests to such paths get ``fails_with``.
        log: Method and path of every request.
    """

    token: str = "hf_right"
    fails: dict[str, int] = field(default_factory=dict)
    fails_with: int = 500
    private: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def head(self, repo: str) -> str:
        """The newest revision of a repository."""
        return str(self.commits[repo][-1]["oid"])

    def fails_now(self, path: str) -> bool:
        for pattern, left in self.fails.items():
            if left and re.search(pattern, path):
                self.fails[pattern] = left - 1
                return True
        return False


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def _answer(self, method: str) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub = self.hub
        hub.log.append((method, path))
        if hub.fails_now(path):
            return self._send(hub.fails_with, {"error": "the hub is unwell"})
        if path.startswith("/blob/"):
            if hashlib.sha256(body).hexdigest() != path.removeprefix("/blob/"):
                return self._send(422, {"error": "wrong bytes"})
            hub.blobs[path.removeprefix("/blob/")] = body
            return self._send(200, {})
        if self.headers.get("Authorization") not in {f"Bearer {hub.token}", None} or (
            self.headers.get("Authorization") is None and not path.endswith("/verify")
        ):
            return self._send(401, {"error": "Invalid credentials"})
        found = re.fullmatch(r"/api/(?:datasets|models)/([^/]+/[^/]+)(/.*)?", path)
        if path == "/api/validate-yaml":
            return self._send(200, {"errors": [], "warnings": []})
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._batch(json.loads(body))
        if found is None or found[1] not in hub.private:
            return self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        return self._repository(found[1], found[2] or "", body)

    def _create(self, asked: dict[str, Any]) -> None:
        repo = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
        url = f"{self.hub.url}/datasets/{repo}"
        if repo in self.hub.private:
            return self._send(409, {"error": "You already created this dataset repo", "url": url})
        private = asked.get("private")
        self.hub.private[repo] = bool(private) if private is not None else asked.get("visibility") == "private"
        self.hub.files[repo], self.hub.tags[repo] = {}, {}
        self.hub.commits[repo] = [{"oid": "0" * 40, "title": "initial"}]
        return self._send(200, {"url": url, "name": repo})

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = []
        for one in asked["objects"]:
            item: dict[str, Any] = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.blobs:
                item["actions"] = {"upload": {"href": f"{self.hub.url}/blob/{one['oid']}", "header": {}}}
            objects.append(item)
        self._send(200, {"transfer": "basic", "objects": objects})

    def _repository(self, repo: str, rest: str, body: bytes) -> None:
        hub = self.hub
        if rest.startswith("/preupload"):
            files = json.loads(body)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(_LARGE) else "regular",
                 "shouldIgnore": False, "oid": None}
                for f in files
            ]  # fmt: skip
            return self._send(200, {"files": modes})
        if rest.startswith("/commit/"):
            return self._commit(repo, body)
        if rest.startswith("/tag/"):
            asked = json.loads(body)
            if asked["tag"] in hub.tags[repo]:
                return self._send(409, {"error": "Tag exists"})
            hub.tags[repo][asked["tag"]] = rest.removeprefix("/tag/")
            return self._send(200, {})
        if rest == "/refs":
            tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in hub.tags[repo].items()]
            main = {"name": "main", "ref": "refs/heads/main", "targetCommit": hub.head(repo)}
            return self._send(200, {"branches": [main], "converts": [], "tags": tags})
        if rest.startswith("/tree/"):
            return self._send(200, [_listed(name, data) for name, data in hub.files[repo].items()])
        if rest in {"", "/"} or rest.startswith("/revision"):
            siblings = [{"rfilename": name} for name in hub.files[repo]]
            about = {"id": repo, "sha": hub.head(repo), "siblings": siblings, "private": hub.private[repo], "tags": []}
            return self._send(200, about)
        return self._send(404, {"error": "no such page"})

    def _commit(self, repo: str, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        files = dict(self.hub.files[repo])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        oid = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        self.hub.files[repo] = files
        self.hub.commits[repo].append({"oid": oid, "title": header["summary"]})
        self._send(200, {"commitOid": oid, "commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{oid}"})

    def _send(self, status: int, data: Any, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _listed(name: str, data: bytes) -> dict[str, Any]:
    """A file as the tree of a repository lists it; a large one is a pointer in git, and has the hash of its bytes."""
    about = {"type": "file", "path": name, "size": len(data)}
    if not name.endswith(_LARGE):
        return about | {"oid": hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()}
    digest = hashlib.sha256(data).hexdigest()
    return about | {"oid": "0" * 40, "lfs": {"oid": digest, "size": len(data), "pointerSize": 134}}


@contextmanager
def running_hub(**switches: Any) -> Iterator[Hub]:
    """The server on a free port of loopback."""
    hub = Hub(**switches)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
