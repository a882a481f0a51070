"""The registry as ECR shows it: a reverse proxy that adds what docker-registry does not do.

Refuses a push to a repository that nobody created, and other content under a tag of an immutable repository.
Everything else, blobs of gigabytes too, is streamed through unchanged.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws.ecr.service import Ecr
from local.registry.client import Registry

CHUNK = 1 << 16
MANIFEST_BYTES = 4 << 20  # ECR: "maximum image manifest size"
SECONDS = 600
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade")
_REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags)/")
_MANIFEST = re.compile(r"/v2/(.+)/manifests/([^/]+)")


class RegistryGate:
    """A WSGI application in front of `registry`."""

    def __init__(self, registry: Registry, ecr: Ecr) -> None:
        self._registry = registry
        self._ecr = ecr

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        answer = self._refusal(request) if self._logged_in(request) else None
        return (answer or self._forward(request))(environ, start_response)

    def _refusal(self, request: Request) -> Response | None:
        found = _REPOSITORY.match(request.path)
        if found is None:
            return None
        repository = found[1]
        if not self._ecr.exists(repository):
            text = f"The repository with name '{repository}' does not exist in the registry"
            return _error(404, "NAME_UNKNOWN", text)
        manifest = _MANIFEST.fullmatch(request.path)
        if manifest is None:
            return None
        if request.method != "PUT":
            if self._ecr.images.was_untagged(repository, manifest[2]):
                return _error(404, "MANIFEST_UNKNOWN", f"Requested image not found: tag {manifest[2]}")
            return None
        # A manifest is small; reading it here tells its digest before the registry has it.
        content = request.get_data(cache=True)
        if len(content) > MANIFEST_BYTES:
            return _error(400, "MANIFEST_INVALID", "the manifest is larger than 4 MiB")
        tag, digest = manifest[2], f"sha256:{hashlib.sha256(content).hexdigest()}"
        if not tag.startswith("sha256:") and not self._ecr.tag_moves(repository, tag):
            existing = self._ecr.images.manifest(repository, tag)
            if existing is not None and existing.digest != digest:
                text = (
                    f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten "
                    "because the repository is immutable."
                )
                return _error(400, "TAG_INVALID", text)
        self._ecr.images.note_push(repository, digest, tag)
        return None

    def _forward(self, request: Request) -> Response:
        connection = http.client.HTTPConnection(self._registry.address, timeout=SECONDS)
        # The Host stays the client's: the registry builds the places of its uploads from it.
        headers = {name: value for name, value in request.headers if name.lower() not in HOP_BY_HOP}
        chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
        body = _body(request, chunked)
        target = request.environ.get("REQUEST_URI") or request.full_path
        try:
            connection.request(request.method, target, body=body, headers=headers, encode_chunked=chunked)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return _error(503, "UNAVAILABLE", f"the registry does not answer: {error}")
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        response = Response(_stream(answer, connection), status=answer.status, headers=kept)
        # A HEAD answer keeps the length of the body that it does not have.
        response.automatically_set_content_length = False
        return response

    def _logged_in(self, request: Request) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "basic" and token == self._registry.login.token


def _body(request: Request, chunked: bool) -> bytes | Iterator[bytes] | None:
    if request.method in ("GET", "HEAD"):
        return None
    if request.method == "PUT" and _MANIFEST.fullmatch(request.path):
        return request.get_data(cache=True)
    if not chunked and not request.content_length:
        return b""
    return iter(lambda: request.stream.read(CHUNK), b"")


def _stream(answer: http.client.HTTPResponse, connection: http.client.HTTPConnection) -> Iterator[bytes]:
    try:
        while part := answer.read(CHUNK):
            yield part
    finally:
        connection.close()


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Response(body, status=status, content_type="application/json")
