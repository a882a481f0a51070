"""What SageMaker knows: its models, endpoint configurations, endpoints and their tags."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from local.aws.errors import AwsError, validation_error
from local.aws.sagemaker.endpoint import Endpoint
from local.aws.sagemaker.resource import Resource

ARN_KINDS = {"model": "model", "endpoint configuration": "endpoint-config", "endpoint": "endpoint"}


@dataclass
class Store:
    """All of one account and region. Hold `lock` around every read and write that must see one state."""

    account: str
    region: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    models: dict[str, Resource] = field(default_factory=dict)
    configs: dict[str, Resource] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a 'model', an 'endpoint configuration' or an 'endpoint'."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{ARN_KINDS[kind]}/{name.lower()}"

    def model(self, name: str) -> Resource:
        """Raises ValidationException `Could not find model`."""
        return self._find("model", self.models, name)

    def config(self, name: str) -> Resource:
        """Raises ValidationException `Could not find endpoint configuration`."""
        return self._find("endpoint configuration", self.configs, name)

    def endpoint(self, name: str) -> Endpoint:
        """Raises ValidationException `Could not find endpoint`."""
        return self._find("endpoint", self.endpoints, name)

    def _find(self, kind: str, where: dict[str, Any], name: str) -> Any:
        if name not in where:
            raise validation_error(f'Could not find {kind} "{self.arn(kind, name)}".')
        return where[name]

    def refuse_existing(self, kind: str, where: dict[str, Any], name: str) -> None:
        """Raises ValidationException `Cannot create already existing ...`; case does not tell two names apart."""
        if any(existing.lower() == name.lower() for existing in where):
            raise validation_error(f'Cannot create already existing {kind} "{self.arn(kind, name)}".')

    def check_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Raises ValidationException for keys that are not allowed, ResourceLimitExceeded over 50 tags (AddTags)."""
        keys = [tag["Key"] for tag in tags]
        if len(set(keys)) < len(keys):
            raise validation_error("Duplicate tag keys are not allowed.")
        if any(key.lower().startswith("aws:") for key in keys):
            raise validation_error("aws: prefixed tag key names are not allowed for external use.")
        count = len({*self.tags.get(arn, {}), *keys})
        if count > 50:
            raise AwsError("ResourceLimitExceeded", f"The resource {arn} would have {count} tags; 50 are allowed.")

    def tag(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Adds tags to those that the resource has. Raises as check_tags() does."""
        self.check_tags(arn, tags)
        self.tags[arn] = {**self.tags.get(arn, {}), **{tag["Key"]: tag["Value"] for tag in tags}}
