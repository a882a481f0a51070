"""Amazon ECR in front of the real registry: repositories are moto's, images are what the registry holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from moto.ecr import models as moto_ecr
from werkzeug.wrappers import Request, Response

from local.aws.application import json_response, parsed
from local.aws.clock import Clock
from local.aws.errors import AwsError
from local.aws.operations import Call
from local.registry.client import Manifest, Registry
from local.registry.login import USERNAME, RegistryAuth

TOKEN_LIFE = timedelta(hours=12)


class Ecr:
    """`host` is the address that images carry: the gate in front of `registry`."""

    def __init__(self, account: str, region: str, registry: Registry, host: str, clock: Clock) -> None:
        self._account = account
        self._region = region
        self._registry = registry
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._pushed: dict[tuple[str, str], datetime] = {}
        self._password: str | None = None
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "GetAuthorizationToken": self._token,
            "DescribeImages": self._describe_images,
            "ListImages": self._list_images,
            "BatchGetImage": self._batch_get,
            "BatchDeleteImage": self._batch_delete,
            "DeleteRepository": self._refuse_full,
        }

    def __call__(self, call: Call, request: Request) -> Response | None:
        operation = self._operations.get(call.operation)
        result = operation(parsed(request)) if operation else None
        return None if result is None else json_response(result)

    def hand_out(self, password: str) -> None:
        """From now on GetAuthorizationToken gives this password, right or wrong."""
        self._password = password

    def mutability(self, repository: str) -> str | None:
        """The repository's imageTagMutability; None if nobody created it."""
        found = moto_ecr.ecr_backends[self._account][self._region].repositories.get(repository)
        return None if found is None else str(getattr(found.image_tag_mutability, "value", found.image_tag_mutability))

    def note_push(self, repository: str, digest: str) -> None:
        """A manifest was pushed now."""
        with self._lock:
            self._pushed.setdefault((repository, digest), self._clock.now())

    def install(self) -> None:
        """Lets moto's new repositories carry our host in their repositoryUri."""
        created = moto_ecr.Repository.__init__
        host = self._host

        def init(repository: Any, *args: Any, **kwargs: Any) -> None:
            created(repository, *args, **kwargs)
            repository.uri = f"{host}/{repository.name}"

        moto_ecr.Repository.__init__ = init

    def _token(self, params: dict[str, Any]) -> dict[str, Any]:
        login = self._registry.login if self._password is None else RegistryAuth(USERNAME, self._password)
        expires = self._clock.now() + TOKEN_LIFE
        data = {"authorizationToken": login.token, "expiresAt": expires, "proxyEndpoint": f"http://{self._host}"}
        return {"authorizationData": [data]}

    def _describe_images(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        if "imageIds" in params:
            found = {}
            for image_id in params["imageIds"]:
                manifest = self._find(repository, image_id)
                if manifest is None:
                    raise self._image_not_found(repository, image_id)
                found[manifest.digest] = manifest
        else:
            found = self._all(repository)
        tags = self._tags_by_digest(repository)
        status = params.get("filter", {}).get("tagStatus", "ANY")
        details = []
        for digest, manifest in found.items():
            if status == "ANY" or (status == "TAGGED") == bool(tags.get(digest)):
                details.append(self._detail(repository, manifest, tags.get(digest)))
        return {"imageDetails": details}

    def _list_images(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        listed = [
            {"imageDigest": digest, "imageTag": tag}
            for digest, tags in self._tags_by_digest(repository).items()
            for tag in tags
        ]
        return {"imageIds": listed}

    def _batch_get(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        images, failures = [], []
        for image_id in params["imageIds"]:
            manifest = self._find(repository, image_id)
            if manifest is None:
                failures.append(_failure(image_id))
                continue
            images.append(
                {
                    "registryId": self._account,
                    "repositoryName": repository,
                    "imageId": {"imageDigest": manifest.digest, "imageTag": image_id.get("imageTag")},
                    "imageManifest": manifest.content.decode(),
                    "imageManifestMediaType": manifest.media_type,
                }
            )
        return {"images": images, "failures": failures}

    def _batch_delete(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        deleted, failures = [], []
        for image_id in params["imageIds"]:
            manifest = self._find(repository, image_id)
            if manifest is None:
                failures.append(_failure(image_id))
                continue
            # The distribution API removes a manifest with all its tags; ECR would remove one tag alone.
            tags = self._tags_by_digest(repository).get(manifest.digest, [])
            if "imageDigest" not in image_id and len(tags) > 1:
                raise AwsError(
                    "InvalidParameterException", "The local ECR cannot remove one of an image's several tags."
                )
            self._registry.delete(repository, manifest.digest)
            deleted.append({"imageDigest": manifest.digest, "imageTag": image_id.get("imageTag")})
        return {"imageIds": deleted, "failures": failures}

    def _refuse_full(self, params: dict[str, Any]) -> None:
        """Empties the repository, or refuses to delete it with images; the deletion itself is moto's."""
        repository = self._repository(params)
        found = self._all(repository)
        if found and not params.get("force"):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{repository}' in registry with id '{self._account}' cannot be deleted "
                "because it still contains images",
            )
        for digest in found:
            self._registry.delete(repository, digest)

    def _repository(self, params: dict[str, Any]) -> str:
        name = params["repositoryName"]
        if self.mutability(name) is None:
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id '{self._account}'",
            )
        return name

    def _find(self, repository: str, image_id: dict[str, str]) -> Manifest | None:
        reference = image_id.get("imageDigest") or image_id.get("imageTag")
        if reference is None:
            raise AwsError("InvalidParameterException", "An imageId needs an imageDigest or an imageTag.")
        manifest = self._registry.manifest(repository, reference)
        tag = image_id.get("imageTag")
        if manifest is not None and tag and tag not in self._tags_by_digest(repository).get(manifest.digest, []):
            return None
        return manifest

    def _all(self, repository: str) -> dict[str, Manifest]:
        """By digest: everything tagged, and what was pushed and lost its tag."""
        with self._lock:
            untagged = [digest for name, digest in self._pushed if name == repository]
        references = [*self._registry.tags(repository), *untagged]
        manifests = (self._registry.manifest(repository, reference) for reference in references)
        return {manifest.digest: manifest for manifest in manifests if manifest is not None}

    def _tags_by_digest(self, repository: str) -> dict[str, list[str]]:
        tags: dict[str, list[str]] = {}
        for tag in self._registry.tags(repository):
            manifest = self._registry.manifest(repository, tag)
            if manifest is not None:
                tags.setdefault(manifest.digest, []).append(tag)
        return tags

    def _detail(self, repository: str, manifest: Manifest, tags: list[str] | None) -> dict[str, Any]:
        with self._lock:
            pushed = self._pushed.get((repository, manifest.digest))
        return {
            "registryId": self._account,
            "repositoryName": repository,
            "imageDigest": manifest.digest,
            "imageTags": tags,
            "imageSizeInBytes": manifest.size,
            "imagePushedAt": pushed or self._clock.now(),
            "imageManifestMediaType": manifest.media_type,
            "imageStatus": "ACTIVE",
        }

    def _image_not_found(self, repository: str, image_id: dict[str, str]) -> AwsError:
        digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
        return AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
            f"with name '{repository}' in the registry with id '{self._account}'",
        )


def _failure(image_id: dict[str, str]) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
