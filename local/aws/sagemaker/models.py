"""CreateModel and its kin. What CreateModel refuses is from AWS's API reference and from errors seen in public."""

from __future__ import annotations

from typing import Any

from local.aws.clock import Clock
from local.aws.ecr.registries import Registries
from local.aws.errors import validation_error
from local.aws.s3.objects import ObjectError, Objects, split_uri
from local.aws.sagemaker.model_data import data_sources
from local.aws.sagemaker.network import check_vpc
from local.aws.sagemaker.resource import Resource, only_container
from local.aws.sagemaker.roles import allows, assumable, find, s3_arn
from local.aws.sagemaker.store import Store
from local.registry.client import split_image

ENVIRONMENT_BYTES = 32 * 1024
PULLING = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


class Models:
    """The models of one account and region."""

    def __init__(self, store: Store, clock: Clock, objects: Objects, registries: Registries) -> None:
        self._store = store
        self._clock = clock
        self._objects = objects
        self._registries = registries

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateModel."""
        name = params["ModelName"]
        with self._store.lock:
            self._store.refuse_existing("model", self._store.models, name)
        container = only_container(params)
        role = params.get("ExecutionRoleArn")
        if role is None:
            raise validation_error("ExecutionRoleArn is required to create a model that an endpoint runs.")
        self._check_role(role)
        self._check_environment(container.get("Environment", {}))
        self.resolve(container.get("Image"), role)
        self._check_data(container, role)
        if "VpcConfig" in params:
            check_vpc(params["VpcConfig"], self._store.account, self._store.region)
        spec = {key: value for key, value in params.items() if key != "Tags"}
        with self._store.lock:
            self._store.refuse_existing("model", self._store.models, name)
            arn = self._store.arn("model", name)
            self._store.tag(arn, params.get("Tags", []))
            self._store.models[name] = Resource(name, arn, spec, self._clock.now())
        return {"ModelArn": arn}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeModel."""
        with self._store.lock:
            model = self._store.model(params["ModelName"])
        described = {"EnableNetworkIsolation": False, **model.spec, "ModelArn": model.arn}
        if container := described.get("PrimaryContainer"):
            described["PrimaryContainer"] = {"Mode": "SingleModel", **container}
        return {**described, "CreationTime": model.created}

    def delete(self, params: dict[str, Any]) -> None:
        """DeleteModel. AWS lets go of a model in use; the endpoint then cannot start another instance."""
        with self._store.lock:
            model = self._store.model(params["ModelName"])
            del self._store.models[model.name]
            self._store.tags.pop(model.arn, None)

    def resolve(self, image: str | None, role: str) -> str:
        """The digest that the image has now. Raises ValidationException if the registry has no such image."""
        if image is None:
            raise validation_error("PrimaryContainer.Image is required.")
        host, repository, reference = split_image(image)
        registry = self._registries.at(host)
        if registry is None:
            raise validation_error(
                f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.'
            )
        manifest = registry.manifest(repository, reference)
        if manifest is None or not self._may_pull(role, host, repository):
            raise validation_error(
                f'Role "{role}" cannot pull {image}. Ensure that the role exists and the image was granted pull '
                "permission."
            )
        if manifest.media_type.startswith("application/vnd.oci."):
            # https://github.com/aws/amazon-sagemaker-feedback/issues/180
            raise validation_error(
                f"Unsupported manifest media type {manifest.media_type} for image {image}. Ensure that valid manifest "
                "media type is used for specified image."
            )
        return manifest.digest

    def _may_pull(self, role: str, host: str, repository: str) -> bool:
        account = self._store.account
        arn = f"arn:aws:ecr:{self._store.region}:{self._registries.account_at(host)}:repository/{repository}"
        return allows(account, role, "ecr:GetAuthorizationToken", "*") and all(
            allows(account, role, action, arn) for action in PULLING
        )

    def _check_role(self, arn: str) -> None:
        role = find(self._store.account, arn)
        if role is None or not assumable(role.assume_role_policy_document, "sagemaker.amazonaws.com"):
            raise validation_error(
                f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role."
            )

    def _check_environment(self, environment: dict[str, str]) -> None:
        size = sum(len(key.encode()) + len(value.encode()) for key, value in environment.items())
        if size > ENVIRONMENT_BYTES:
            raise validation_error(
                f"The container's environment has {size} bytes; {ENVIRONMENT_BYTES} bytes are allowed."
            )

    def _check_data(self, container: dict[str, Any], role: str) -> None:
        for source in data_sources(container):
            source.check()
            try:
                found = source.find(self._objects)
                if not all(self._may_read(role, source.uri, key) for key in found):
                    raise ObjectError("AccessDenied", f"{role} may not read {source.uri}")
            except ObjectError as error:
                if error.code == "NoSuchBucket":
                    raise validation_error(f"Could not find model data at {source.uri}.") from error
                raise validation_error(
                    f'Could not access model data at {source.uri}. Please ensure that the role "{role}" exists and '
                    'that its trust relationship policy allows the action "sts:AssumeRole" for the service principal '
                    '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the '
                    f"object is located in {self._store.region}."
                ) from error
            if not found:
                raise validation_error(f"Could not find model data at {source.uri}.")

    def _may_read(self, role: str, uri: str, key: str) -> bool:
        bucket = s3_arn(f"s3://{split_uri(uri)[0]}")
        account = self._store.account
        return allows(account, role, "s3:GetObject", f"{bucket}/{key}") and (
            not uri.endswith("/") or allows(account, role, "s3:ListBucket", bucket)
        )


def summary(model: Resource) -> dict[str, Any]:
    """One entry of ListModels."""
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
