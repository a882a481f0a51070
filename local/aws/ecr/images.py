"""The images of one account's repositories: what the registry holds, less the tags that were taken off."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

from local.aws.clock import Clock
from local.aws.errors import AwsError
from local.registry.client import Manifest, Registry


class Images:
    """Safe to use from any thread. A push is noted, because the registry tells neither its time nor untagged images.

    The registry cannot take one of an image's tags off, so these are remembered until they are pushed again.
    """

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._pushed: dict[tuple[str, str], datetime] = {}
        self._untagged: set[tuple[str, str]] = set()

    def note_push(self, repository: str, digest: str, reference: str) -> None:
        """A manifest is pushed now, by `reference`, a tag or its digest."""
        with self._lock:
            self._pushed.setdefault((repository, digest), self._clock.now())
            self._untagged.discard((repository, reference))

    def pushed_at(self, repository: str, digest: str) -> datetime:
        """When the image was first pushed."""
        with self._lock:
            return self._pushed.get((repository, digest)) or self._clock.now()

    def was_untagged(self, repository: str, reference: str) -> bool:
        """Whether this tag was taken off and not pushed again."""
        with self._lock:
            return (repository, reference) in self._untagged

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a tag or a digest; None if there is none."""
        if self.was_untagged(repository, reference):
            return None
        return self._registry.manifest(repository, reference)

    def all(self, repository: str) -> dict[str, Manifest]:
        """By digest, the newest last: everything tagged, and what was pushed and lost its tag."""
        with self._lock:
            pushed = [digest for name, digest in self._pushed if name == repository]
        manifests = [self.manifest(repository, reference) for reference in (*pushed, *self._tags(repository))]
        return {manifest.digest: manifest for manifest in manifests if manifest is not None}

    def tags(self, repository: str) -> dict[str, list[str]]:
        """The tags of each digest that has any."""
        tags: dict[str, list[str]] = {}
        for tag in self._tags(repository):
            manifest = self.manifest(repository, tag)
            if manifest is not None:
                tags.setdefault(manifest.digest, []).append(tag)
        return tags

    def delete(self, repository: str, image_id: dict[str, str]) -> list[dict[str, str]] | dict[str, Any]:
        """BatchDeleteImage of one image: the IDs that are gone, or the failure.

        A tag is taken off, and with its last tag an image goes; a digest goes with all its tags.
        """
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        if digest is None and tag is None:
            raise AwsError("InvalidParameterException", "An imageId needs an imageDigest or an imageTag.")
        manifest = self.manifest(repository, tag or digest or "")
        if manifest is None:
            return _failure(image_id, "ImageNotFound", "Requested image not found")
        if digest not in (None, manifest.digest):
            return _failure(image_id, "ImageTagDoesNotMatchDigest", "The tag belongs to another image")
        tags = self.tags(repository).get(manifest.digest, [])
        if tag is not None and tags != [tag]:
            with self._lock:
                self._untagged.add((repository, tag))
            return [{"imageDigest": manifest.digest, "imageTag": tag}]
        if any(manifest.digest in parts(other) for other in self.all(repository).values()):
            return _failure(image_id, "ImageReferencedByManifestList", "Requested image referenced by manifest list")
        self._registry.delete(repository, manifest.digest)
        with self._lock:
            self._pushed.pop((repository, manifest.digest), None)
        return [{"imageDigest": manifest.digest, "imageTag": each} for each in tags] or [
            {"imageDigest": manifest.digest}
        ]

    def delete_all(self, repository: str) -> None:
        """Empties a repository."""
        for digest in self.all(repository):
            self._registry.delete(repository, digest)
        with self._lock:
            self._pushed = {key: at for key, at in self._pushed.items() if key[0] != repository}
            self._untagged = {key for key in self._untagged if key[0] != repository}

    def _tags(self, repository: str) -> list[str]:
        with self._lock:
            untagged = {tag for name, tag in self._untagged if name == repository}
        return [tag for tag in self._registry.tags(repository) if tag not in untagged]


def parts(manifest: Manifest) -> set[str]:
    """The digests of the images that a manifest list (an index) names."""
    return {part["digest"] for part in json.loads(manifest.content).get("manifests", [])}


def _failure(image_id: dict[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}
