"""Amazon ECR in front of the real registry: repositories are moto's, images are what the registry holds."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecr import models as moto_ecr
from werkzeug.wrappers import Request, Response

from local.aws.application import json_response, parsed
from local.aws.clock import Clock
from local.aws.ecr.images import Images
from local.aws.errors import AwsError
from local.aws.operations import Call
from local.registry.client import Manifest, Registry
from local.registry.login import USERNAME, RegistryAuth

TOKEN_LIFE = timedelta(hours=12)
PAGE = 100


class Ecr:
    """One account's ECR. `host` is the address that images carry: the gate in front of `registry`."""

    def __init__(self, account: str, region: str, registry: Registry, host: str, clock: Clock) -> None:
        self.account = account
        self.registry = registry
        self.images = Images(registry, clock)
        self.host = host
        self._region = region
        self._clock = clock
        self._password: str | None = None
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "GetAuthorizationToken": self._token,
            "DescribeRepositories": self._describe_repositories,
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

    def exists(self, repository: str) -> bool:
        """Whether somebody created it."""
        return repository in self._repositories()

    def tag_moves(self, repository: str, tag: str) -> bool:
        """Whether the tag can be pushed again with other content (ECR API, ImageTagMutabilityExclusionFilter)."""
        found = self._repositories()[repository]
        mutability = str(getattr(found.image_tag_mutability, "value", found.image_tag_mutability))
        filters = found.image_tag_mutability_exclusion_filters or []
        excluded = any(fnmatch.fnmatchcase(tag, excluding["filter"]) for excluding in filters)
        return excluded if mutability.startswith("IMMUTABLE") else not excluded

    def create(self, repository: str) -> None:
        """A repository of mutable tags, unless it is there: how another account's comes to be."""
        if not self.exists(repository):
            backend = moto_ecr.ecr_backends[self.account][self._region]
            backend.create_repository(repository, self.account, {}, None, "MUTABLE", [])
            self._repositories()[repository].uri = f"{self.host}/{repository}"

    def _repositories(self) -> dict[str, Any]:
        return moto_ecr.ecr_backends[self.account][self._region].repositories

    def install(self) -> None:
        """Lets moto's new repositories carry our host in their repositoryUri."""
        created = moto_ecr.Repository.__init__
        host = self.host

        def init(repository: Any, *args: Any, **kwargs: Any) -> None:
            created(repository, *args, **kwargs)
            repository.uri = f"{host}/{repository.name}"

        moto_ecr.Repository.__init__ = init

    def _token(self, params: dict[str, Any]) -> dict[str, Any]:
        login = self.registry.login if self._password is None else RegistryAuth(USERNAME, self._password)
        expires = self._clock.now() + TOKEN_LIFE
        data = {"authorizationToken": login.token, "expiresAt": expires, "proxyEndpoint": f"http://{self.host}"}
        return {"authorizationData": [data]}

    def _describe_repositories(self, params: dict[str, Any]) -> dict[str, Any] | None:
        """Of another account; moto tells our own."""
        if params.get("registryId", DEFAULT_ACCOUNT_ID) == DEFAULT_ACCOUNT_ID:
            return None
        names = [self._repository({"repositoryName": name}) for name in params.get("repositoryNames", [])]
        found = self._repositories()
        return {"repositories": [_described(found[name]) for name in names or found]}

    def _describe_images(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        if "imageIds" in params:
            if "maxResults" in params or "nextToken" in params:
                raise AwsError("InvalidParameterException", "imageIds and maxResults or nextToken exclude each other.")
            found = [self._existing(repository, image_id) for image_id in params["imageIds"]]
            details, rest = self._details(repository, found), {}
        else:
            status = params.get("filter", {}).get("tagStatus", "ANY")
            tagged = self.images.tags(repository)
            every = self.images.all(repository).values()
            chosen = [m for m in every if status == "ANY" or (status == "TAGGED") == (m.digest in tagged)]
            page, rest = _page(params, chosen)
            details = self._details(repository, page)
        return {"imageDetails": details, **rest}

    def _list_images(self, params: dict[str, Any]) -> dict[str, Any]:
        repository = self._repository(params)
        status = params.get("filter", {}).get("tagStatus", "ANY")
        tags = self.images.tags(repository)
        listed: list[dict[str, str]] = []
        for digest in self.images.all(repository):
            if digest not in tags and status != "TAGGED":
                listed.append({"imageDigest": digest})
            elif status != "UNTAGGED":
                listed += [{"imageDigest": digest, "imageTag": tag} for tag in tags.get(digest, [])]
        page, rest = _page(params, listed)
        return {"imageIds": page, **rest}

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
                    "registryId": self.account,
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
            gone = self.images.delete(repository, image_id)
            if isinstance(gone, dict):
                failures.append(gone)
            else:
                deleted += gone
        return {"imageIds": deleted, "failures": failures}

    def _refuse_full(self, params: dict[str, Any]) -> None:
        """Empties the repository, or refuses to delete it with images; the deletion itself is moto's."""
        repository = self._repository(params)
        if not params.get("force") and self.images.all(repository):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{repository}' in registry with id '{self.account}' cannot be deleted "
                "because it still contains images",
            )
        self.images.delete_all(repository)

    def _repository(self, params: dict[str, Any]) -> str:
        name = params["repositoryName"]
        if not self.exists(name):
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id '{self.account}'",
            )
        return name

    def _find(self, repository: str, image_id: dict[str, str]) -> Manifest | None:
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        if digest is None and tag is None:
            raise AwsError("InvalidParameterException", "An imageId needs an imageDigest or an imageTag.")
        manifest = self.images.manifest(repository, tag or digest or "")
        return None if manifest is None or digest not in (None, manifest.digest) else manifest

    def _existing(self, repository: str, image_id: dict[str, str]) -> Manifest:
        manifest = self._find(repository, image_id)
        if manifest is None:
            raise self._image_not_found(repository, image_id)
        return manifest

    def _details(self, repository: str, manifests: Sequence[Manifest]) -> list[dict[str, Any]]:
        tags = self.images.tags(repository)
        once = {manifest.digest: manifest for manifest in manifests}
        return [
            {
                "registryId": self.account,
                "repositoryName": repository,
                "imageDigest": digest,
                "imageTags": tags.get(digest),
                "imageSizeInBytes": manifest.size,
                "imagePushedAt": self.images.pushed_at(repository, digest),
                "imageManifestMediaType": manifest.media_type,
                "imageStatus": "ACTIVE",
            }
            for digest, manifest in once.items()
        ]

    def _image_not_found(self, repository: str, image_id: dict[str, str]) -> AwsError:
        digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
        return AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
            f"with name '{repository}' in the registry with id '{self.account}'",
        )


def _described(repository: Any) -> dict[str, Any]:
    """A repository of moto's as DescribeRepositories tells it."""
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at,
        "imageTagMutability": repository.image_tag_mutability,
    }


def _failure(image_id: dict[str, str]) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}


def _page(params: dict[str, Any], found: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
    """The page that is asked for, and the nextToken if there is another. AWS's own pages have 100 images."""
    token = params.get("nextToken", "0")
    if not token.isdecimal():
        raise AwsError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint")
    start = int(token)
    end = start + params.get("maxResults", PAGE)
    return found[start:end], {"nextToken": str(end)} if end < len(found) else {}
