"""What the registry really holds, over the distribution API (https://distribution.github.io/distribution/spec/api/)."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from local.registry.login import USERNAME, RegistryAuth

MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
SECONDS = 60


class RegistryError(Exception):
    """The registry did not answer as its API says."""


@dataclass(frozen=True)
class Manifest:
    """One image's manifest, as stored."""

    digest: str
    media_type: str
    content: bytes

    @property
    def size(self) -> int:
        """Compressed bytes of config and layers: ECR's imageSizeInBytes."""
        document = json.loads(self.content)
        parts = [document["config"], *document["layers"]] if "layers" in document else document.get("manifests", [])
        return sum(int(part["size"]) for part in parts)


class Registry:
    """A docker-registry at `address` (host:port) that asks for the password in `password_file`."""

    def __init__(self, address: str, password_file: Path) -> None:
        self.address = address
        self._password_file = password_file

    @property
    def login(self) -> RegistryAuth:
        """The one login that the registry accepts."""
        return RegistryAuth(USERNAME, self._password_file.read_text().strip())

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a tag or a digest; None if there is none."""
        status, headers, body = self._call("GET", f"/v2/{quote(repository)}/manifests/{quote(reference, safe=':')}")
        if status == 404:
            return None
        _expect(status, 200, f"manifest {repository}:{reference}", body)
        media_type = headers.get("content-type", "")
        return Manifest(headers["docker-content-digest"], media_type, body)

    def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted; none if it does not exist."""
        status, _, body = self._call("GET", f"/v2/{quote(repository)}/tags/list")
        if status == 404:
            return []
        _expect(status, 200, f"tags of {repository}", body)
        return sorted(json.loads(body).get("tags") or [])

    def delete(self, repository: str, digest: str) -> None:
        """Removes a manifest with all its tags; nothing happens if it is gone already."""
        status, _, body = self._call("DELETE", f"/v2/{quote(repository)}/manifests/{quote(digest, safe=':')}")
        if status != 404:
            _expect(status, 202, f"removal of {repository}@{digest}", body)

    def _call(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Authorization": f"Basic {self.login.token}", "Accept": ", ".join(MANIFEST_TYPES)}
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except OSError as error:
            raise RegistryError(f"the registry at {self.address} does not answer: {error}") from error
        finally:
            connection.close()


def _expect(status: int, wanted: int, what: str, body: bytes) -> None:
    if status != wanted:
        raise RegistryError(f"{what}: the registry answered {status}, not {wanted}: {body[:200]!r}")


def split_image(image: str) -> tuple[str, str, str]:
    """An image URI's registry, repository and reference (its digest, else its tag, else latest)."""
    registry, _, rest = image.partition("/")
    name, _, digest = rest.partition("@")
    repository, _, tag = name.partition(":")
    return registry, repository, digest or tag or "latest"
