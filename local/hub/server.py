"""The hub's two origins: the hub itself, and the one that large files are redirected to."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from local.hub.faults import Fault, Faults
from local.hub.repository import Entry, Repository
from local.loopback import LoopbackServer

XET_TYPE = "application/vnd.xet-fileinfo+json"


class Hub:
    """`xet`: large files also offer the Xet protocol, as the real hub's do; a client must be able to decline it."""

    def __init__(self, repositories: Mapping[str, Repository], *, xet: bool = False, page_size: int = 1000) -> None:
        self.repositories = repositories
        self.xet = xet
        self.page_size = page_size
        self.faults = Faults()
        self.secret = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._requests: list[dict[str, Any]] = []
        self.site = LoopbackServer(type("SiteHandler", (_Site,), {"hub": self}))
        self.files = LoopbackServer(type("FilesHandler", (_Files,), {"hub": self}))

    def signature(self, path: str) -> str:
        return hmac.new(self.secret, path.encode(), "sha256").hexdigest()

    def record(self, request: dict[str, Any]) -> None:
        with self._lock:
            self._requests.append(request)

    def recorded(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._requests)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    where: str
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        if path == "/_local/requests":
            self.send_json(200, self.hub.recorded())
            return
        headers = {name: self.headers.get(name) for name in ("Authorization", "Range")}
        self.hub.record({"where": self.where, "method": self.command, "path": path, **headers})
        fault = self.hub.faults.take(self.where, path, ("status",))
        if fault is not None:
            self.fail(fault)
        else:
            self.answer(path, parse_qs(url.query))

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        raise NotImplementedError

    def fail(self, fault: Fault) -> None:
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        self.send_json(fault.status, {"error": f"told to fail with {fault.status}"}, wait)

    def send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self._head(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, entry: Entry, headers: Mapping[str, str]) -> None:
        """The whole file, or the one range that was asked for (RFC 9110, 14)."""
        first, last = 0, entry.size - 1
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            if first >= entry.size or last < first:
                self._head(416, {"Content-Range": f"bytes */{entry.size}"}, 0)
                return
        shared = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
        if asked:
            shared["Content-Range"] = f"bytes {first}-{last}/{entry.size}"
        self._head(206 if asked else 200, shared, last - first + 1)
        if self.command != "HEAD":
            self._send_bytes(entry, first, last + 1)

    def _send_bytes(self, entry: Entry, start: int, end: int) -> None:
        # The client first asks for one byte, to learn the size: a fault is meant for the content.
        probe = end - start == 1
        path = urlsplit(self.path).path
        fault = None if probe else self.hub.faults.take(self.where, path, ("cut", "stall", "wrong-bytes"))
        stop = min(end, start + fault.after_bytes) if fault is not None and fault.kind in ("cut", "stall") else end
        for block in entry.content.blocks(start, stop):
            if fault is not None and fault.kind == "wrong-bytes":
                block, fault = bytes([block[0] ^ 1]) + block[1:], None
            self.wfile.write(block)
        if stop < end:
            self.wfile.flush()
            if fault is not None and fault.kind == "stall":
                self.connection.recv(1)
            self.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The requests are kept for the tests, at /_local/requests."""


class _Files(_Handler):
    """A CDN with signed addresses. Like S3, it refuses a request that also carries credentials."""

    where = "files"

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        name, _, file = path.removeprefix("/").rpartition("/@/")
        repository = self.hub.repositories.get(name)
        entry = repository.entries.get(file) if repository is not None else None
        if self.headers.get("Authorization") is not None:
            self.send_json(400, {"error": "Only one auth mechanism allowed: the address is signed already"})
        elif entry is None or query.get("Signature") != [self.hub.signature(path)]:
            self.send_json(403, {"error": "the signature does not fit the address"})
        else:
            self.send_file(entry, {"ETag": f'"{entry.etag}"'})


class _Site(_Handler):
    where = "hub"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        try:
            if path == "/_local/faults":
                self.hub.faults.add(Fault.parse(json.loads(body)))
                self.send_json(201, {})
                return
            self.hub.record({"where": self.where, "method": "POST", "path": path})
            paths = json.loads(body)["paths"]
        except (ValueError, TypeError, KeyError) as error:
            self.send_json(400, {"error": f"the body can't be used: {error}"})
            return
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/paths-info/([^/]+)", path)
        repository = self._repository(found[1], found[2]) if found else self._nothing()
        if repository is not None:
            self.send_json(200, [repository.entries[name].as_json() for name in paths if name in repository.entries])

    def do_DELETE(self) -> None:
        self.hub.faults.clear()
        self.send_json(200, {})

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._info(found[1], found[2], query)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", path):
            self._tree(found[1], found[2], found[3] or "", query)
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(found[1], found[2], found[3])
        else:
            self._nothing()

    def _info(self, name: str, revision: str, query: dict[str, list[str]]) -> None:
        repository = self._repository(name, revision)
        if repository is None:
            return
        info = {
            "sha": repository.commit,
            "private": False,
            "gated": "auto" if repository.token else False,
            "downloads": 0,
            "likes": 0,
            "lastModified": "2026-01-01T00:00:00.000Z",
            "pipeline_tag": "automatic-speech-recognition",
            "siblings": [{"rfilename": path} for path in repository.entries],
        }
        # The real hub leaves out what `expand` does not name, once it is given.
        wanted = query.get("expand")
        shown = {key: value for key, value in info.items() if wanted is None or key in wanted}
        self.send_json(200, {"_id": repository.commit[:24], "id": name, **shown})

    def _tree(self, name: str, revision: str, folder: str, query: dict[str, list[str]]) -> None:
        repository = self._repository(name, revision)
        if repository is None:
            return
        items = repository.tree(folder, query.get("recursive") == ["true"])
        if folder and not items:
            self._error(404, "EntryNotFound", f"{folder} does not exist on {revision!r}")
            return
        start = int(query.get("cursor", ["0"])[0])
        end = start + self.hub.page_size
        more = {}
        if end < len(items):
            recursive = query.get("recursive", ["false"])[0]
            url = f"{self.hub.site.origin}{urlsplit(self.path).path}?recursive={quote(recursive)}&cursor={end}"
            more["Link"] = f'<{url}>; rel="next"'
        self.send_json(200, items[start:end], more)

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repository = self._repository(name, revision)
        if repository is None or not self._may_read(repository):
            return
        entry = repository.entries.get(path)
        if entry is None:
            self._error(404, "EntryNotFound", "Entry not found")
            return
        commit = {"X-Repo-Commit": repository.commit}
        if entry.sha256 is None:
            self.send_file(entry, {**commit, "ETag": f'"{entry.etag}"'})
            return
        linked = {**commit, "X-Linked-Size": str(entry.size), "X-Linked-Etag": f'"{entry.sha256}"'}
        if self.hub.xet and XET_TYPE in (self.headers.get("Accept") or ""):
            self._offer_xet(name, entry, linked)
            return
        target = f"/{name}/@/{path}"
        url = f"{self.hub.files.origin}{quote(target)}?Signature={self.hub.signature(target)}"
        self._head(302, {**linked, "Location": url}, 0)

    def _offer_xet(self, name: str, entry: Entry, linked: Mapping[str, str]) -> None:
        base = f"{self.hub.site.origin}/api/models/{name}"
        links = f'<{base}/xet-read-token/main>; rel="xet-auth", <{base}/xet>; rel="xet-reconstruction-info"'
        headers = {**linked, "X-Xet-Hash": entry.etag, "Link": links, "Content-Type": XET_TYPE}
        self._head(200, headers, 0)

    def _repository(self, name: str, revision: str) -> Repository | None:
        """None: it was answered, with the hub's own error. Who has no token can't tell private from absent."""
        repository = self.hub.repositories.get(name)
        if repository is None:
            known = self.headers.get("Authorization") is not None
            self._error(404 if known else 401, "RepoNotFound", "Repository not found")
            return None
        if revision not in ("main", "HEAD", repository.commit):
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repository

    def _may_read(self, repository: Repository) -> bool:
        sent = self.headers.get("Authorization")
        if repository.token is None or sent == f"Bearer {repository.token}":
            return True
        text = f"Access to model {repository.name} is restricted."
        if sent is None:
            self._error(401, "GatedRepo", f"{text} You must have access to it and be authenticated to access it.")
        else:
            self._error(403, "GatedRepo", f"{text} Your token does not have access to it.")
        return False

    def _nothing(self) -> None:
        self._error(404, "NotFound", "Not Found")

    def _error(self, status: int, code: str, message: str) -> None:
        self.send_json(status, {"error": message}, {"X-Error-Code": code, "X-Error-Message": message})
