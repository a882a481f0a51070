"""The artifact service over HTTP: twirp calls, and signed addresses for content."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import shutil
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from xml.etree import ElementTree

from local.artifacts.store import Artifact, Refused, Store
from local.artifacts.token import RunToken
from local.loopback import LoopbackServer

TWIRP = "/twirp/github.actions.results.api.v1.ArtifactService/"
STATUS = {
    "invalid_argument": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "already_exists": 409,
    "failed_precondition": 412,
}
IDS = {"workflow_run_backend_id", "workflow_job_run_backend_id"}
MEMBERS = {
    "CreateArtifact": {"name", "expires_at", "version", "mime_type"},
    "FinalizeArtifact": {"name", "size", "hash"},
    "ListArtifacts": {"name_filter", "id_filter"},
    "GetSignedArtifactURL": {"name"},
    "DeleteArtifact": {"name"},
}
"""What a call may have besides the ids; source: actions/toolkit, results/api/v1/artifact.ts."""
ADDRESS_LIFETIME = 3600
"""Seconds for which a signed address holds."""
LARGEST_BLOCK = 4000 * 1024 * 1024
"""Bytes; Azure's limit for one block (Put Block, service version 2019-12-12)."""


class ArtifactService:
    def __init__(self, store: Store, token: RunToken) -> None:
        self.store = store
        self.token = token
        self._key = secrets.token_bytes(32)
        self.server = LoopbackServer(type("ArtifactHandler", (_Handler,), {"service": self}))

    def address(self, artifact: Artifact, permission: str) -> str:
        """A signed address for its content; permission `w` (upload) or `r` (download)."""
        expires = str(int(time.time()) + ADDRESS_LIFETIME)
        query = {"se": expires, "sp": permission, "sig": self._signature(artifact.id, permission, expires)}
        return f"{self.server.origin}/content/{artifact.id}/{quote(artifact.content.name)}?{urlencode(query)}"

    def check_address(self, number: int, query: dict[str, list[str]], permission: str) -> None:
        expires, sent = query.get("se", ["0"])[0], query.get("sig", [""])[0]
        right = hmac.compare_digest(sent, self._signature(number, permission, expires))
        if not right or query.get("sp") != [permission] or int(expires) < time.time():
            raise Refused("permission_denied", "the address is not signed for this, or no longer")

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """One twirp call; its answer. Raises Refused."""
        if request.get("workflow_run_backend_id") != self.token.run:
            raise Refused("permission_denied", "workflow_run_backend_id is not the token's run")
        if request.get("workflow_job_run_backend_id") != self.token.job:
            raise Refused("permission_denied", "workflow_job_run_backend_id is not the token's job")
        calls = {
            "CreateArtifact": self._create,
            "FinalizeArtifact": self._finalize,
            "ListArtifacts": self._list,
            "GetSignedArtifactURL": self._signed_url,
            "DeleteArtifact": self._delete,
        }
        if method not in calls:
            raise Refused("not_found", f"there is no {method}")
        if unknown := sorted(request.keys() - IDS - MEMBERS[method]):
            raise Refused("invalid_argument", f"{method} has no member {', '.join(unknown)}")
        return calls[method](request)

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        version = request.get("version")
        if version not in (4, 7):
            raise Refused("invalid_argument", f"version {version} is neither 4 nor 7")
        artifact = self.store.create(_text(request, "name"), request.get("mime_type") or "application/zip")
        return {"ok": True, "signed_upload_url": self.address(artifact, "w")}

    def _finalize(self, request: dict[str, Any]) -> dict[str, Any]:
        size = _text(request, "size")
        if not size.isascii() or not size.isdigit():
            raise Refused("invalid_argument", f"size {size!r} is not a number of bytes")
        artifact = self.store.finalize(_text(request, "name"), int(size), request.get("hash"))
        return {"ok": True, "artifact_id": str(artifact.id)}

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        number = request.get("id_filter")
        found = self.store.listed(request.get("name_filter"), None if number is None else int(number))
        return {"artifacts": [self._described(artifact) for artifact in found]}

    def _described(self, artifact: Artifact) -> dict[str, Any]:
        return {
            "workflow_run_backend_id": self.token.run,
            "workflow_job_run_backend_id": self.token.job,
            "database_id": str(artifact.id),
            "name": artifact.name,
            "size": str(artifact.size),
            "created_at": artifact.created_at,
            "digest": f"sha256:{artifact.sha256}",
        }

    def _signed_url(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"signed_url": self.address(self.store.get(_text(request, "name")), "r")}

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "artifact_id": str(self.store.delete(_text(request, "name")).id)}

    def _signature(self, number: int, permission: str, expires: str) -> str:
        return hmac.new(self._key, f"{number} {permission} {expires}".encode(), hashlib.sha256).hexdigest()


def _text(request: dict[str, Any], member: str) -> str:
    value = request.get(member)
    if not isinstance(value, str):
        raise Refused("invalid_argument", f"{member} must be a string, found {value!r}")
    return value


class _Handler(BaseHTTPRequestHandler):
    service: ArtifactService
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._guarded(self._twirp)

    def do_PUT(self) -> None:
        self._guarded(self._upload)

    def do_GET(self) -> None:
        self._guarded(self._download)

    def _guarded(self, handle: Any) -> None:
        # The body is read whatever comes of it: a kept-alive connection must not find it before the next request.
        length = self.headers.get("Content-Length")
        if length is None and self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._json(411, {"code": "malformed", "msg": "the request needs a Content-Length"})
            return
        body = self.rfile.read(int(length or 0))
        try:
            handle(body)
        except Refused as refused:
            self._json(STATUS[refused.code], {"code": refused.code, "msg": str(refused)})

    def _twirp(self, body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.service.token.value}":
            raise Refused("unauthenticated", "the bearer token is not this run's")
        if not self.path.startswith(TWIRP) or self.headers.get("Content-Type") != "application/json":
            raise Refused("not_found", f"there is no {self.path} for {self.headers.get('Content-Type')}")
        try:
            request = json.loads(body)
        except ValueError as error:
            raise Refused("invalid_argument", f"the body is not JSON: {error}") from error
        self._json(200, self.service.call(self.path.removeprefix(TWIRP), request))

    def _upload(self, body: bytes) -> None:
        number, query = self._content("w")
        artifact = self.service.store.open_upload(number)
        if self.headers.get("x-ms-version") is None or len(body) > LARGEST_BLOCK:
            raise Refused("invalid_argument", "the header x-ms-version is absent, or the block is too large")
        kind = query.get("comp", [""])[0]
        if kind == "block":
            self.service.store.put_block(artifact, query["blockid"][0], body)
        elif kind == "blocklist":
            self.service.store.commit(artifact, _block_ids(body))
        elif self.headers.get("x-ms-blob-type") == "BlockBlob":
            self.service.store.put_block(artifact, "whole", body)
            self.service.store.commit(artifact, ["whole"])
        else:
            raise Refused("invalid_argument", "neither a block, a block list nor a block blob")
        self._send(201, "application/xml", b"")

    def _download(self, body: bytes) -> None:
        number, _ = self._content("r")
        [artifact] = self.service.store.listed(number=number) or [None]
        if artifact is None:
            raise Refused("not_found", "the artifact is gone")
        self.send_response(200)
        self.send_header("Content-Type", artifact.mime_type)
        name = quote(artifact.content.name)
        self.send_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.send_header("Content-Length", str(artifact.size))
        self.end_headers()
        with artifact.content.open("rb") as content:
            shutil.copyfileobj(content, self.wfile)

    def _content(self, permission: str) -> tuple[int, dict[str, list[str]]]:
        url = urlsplit(self.path)
        found = re.fullmatch(r"/content/(\d+)/[^/]+", url.path)
        if found is None:
            raise Refused("not_found", f"there is no {url.path}")
        query = parse_qs(url.query)
        self.service.check_address(int(found[1]), query, permission)
        return int(found[1]), query

    def _json(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the addresses carry signatures."""


def _block_ids(body: bytes) -> list[str]:
    """The ids in an Azure block list (Put Block List)."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (expat expands no external entity; the client is our own)
    except ElementTree.ParseError as error:
        raise Refused("invalid_argument", f"the block list is not XML: {error}") from error
    return [block.text or "" for block in root]
