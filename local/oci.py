"""As much of a registry's HTTP interface (OCI distribution v1.1) as the process engine needs."""

from __future__ import annotations

import base64
import http.client
import re
from dataclasses import dataclass

from local.engine import RegistryAuth

MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
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


def manifest_status(reference: Reference, auth: RegistryAuth) -> int:
    """The HTTP status of asking for the image's manifest: 200, 401 (wrong login), 404 (no such image)."""
    token = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
    connection = http.client.HTTPConnection(reference.registry, timeout=30)
    try:
        headers = {"Authorization": f"Basic {token}", "Accept": MANIFEST_TYPES}
        connection.request("HEAD", f"/v2/{reference.repository}/manifests/{reference.version}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
