"""As much of a registry's HTTP interface (OCI distribution v1.1) as there has to be where no Docker engine runs."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.registry.login import RegistryAuth

IMAGE_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        IMAGE_TYPE,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)


@dataclass(frozen=True)
class Reference:
    """REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@DIGEST."""

    registry: str
    repository: str
    version: str
    """A tag or a digest."""

    @classmethod
    def parse(cls, image_uri: str) -> Reference:
        """Raises ValueError when it is not a full image URI."""
        found = re.fullmatch(r"([^/]+)/([^@:]+)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))?", image_uri)
        if found is None:
            raise ValueError(f"{image_uri!r} is not REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST")
        return cls(found[1], found[2], found[3] or found[4] or "latest")


class RegistryError(Exception):
    """The registry refused; the text has its status and answer."""


def manifest_status(reference: Reference, auth: RegistryAuth) -> int:
    """The HTTP status of asking for the image's manifest: 200, 401 (wrong login), 404 (no such image)."""
    path = f"/v2/{reference.repository}/manifests/{reference.version}"
    return _request(reference.registry, auth, "HEAD", path, Accept=MANIFEST_TYPES).status


def push_folder(reference: Reference, auth: RegistryAuth, folder: Path, files: Iterable[Path]) -> str:
    """Pushes an image of one layer with these files of `folder`; its digest. The same files make the same digest."""
    layer = _layer(folder, files)
    compressed = gzip.compress(layer, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    for blob in (compressed, config):
        _push_blob(reference, auth, blob)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_TYPE,
            "config": _described("application/vnd.docker.container.image.v1+json", config),
            "layers": [_described("application/vnd.docker.image.rootfs.diff.tar.gzip", compressed)],
        }
    ).encode()
    path = f"/v2/{reference.repository}/manifests/{reference.version}"
    _expect(201, _request(reference.registry, auth, "PUT", path, manifest, **{"Content-Type": IMAGE_TYPE}), "manifest")
    return _digest(manifest)


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def _layer(folder: Path, files: Iterable[Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in sorted(files):
            member = tarfile.TarInfo(file.relative_to(folder).as_posix())
            content = file.read_bytes()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _push_blob(reference: Reference, auth: RegistryAuth, blob: bytes) -> None:
    begun = _request(reference.registry, auth, "POST", f"/v2/{reference.repository}/blobs/uploads/", b"")
    _expect(202, begun, "upload")
    place = urlsplit(begun.headers["Location"])
    query = f"{place.query}&" if place.query else ""
    target = f"{place.path}?{query}digest={_digest(blob)}"
    sent = _request(reference.registry, auth, "PUT", target, blob, **{"Content-Type": "application/octet-stream"})
    _expect(201, sent, "blob")


def _described(media_type: str, blob: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "size": len(blob), "digest": _digest(blob)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _expect(status: int, answer: _Answer, what: str) -> None:
    if answer.status != status:
        raise RegistryError(f"the registry refused the {what}: {answer.status} {answer.body.decode(errors='replace')}")


def _request(
    registry: str, auth: RegistryAuth, method: str, path: str, body: bytes | None = None, **headers: str
) -> _Answer:
    connection = http.client.HTTPConnection(registry, timeout=30)
    try:
        connection.request(method, path, body, {"Authorization": f"Basic {auth.token}", **headers})
        answer = connection.getresponse()
        return _Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
