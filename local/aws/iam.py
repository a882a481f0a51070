"""What moto's CloudFormation does not know of IAM."""

from __future__ import annotations

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.iam.models import IAMBackend, OpenIDConnectProvider, Role, iam_backends
from moto.utilities.utils import get_partition


class OidcProvider(CloudFormationModel):
    """AWS::IAM::OIDCProvider. moto finds it by its base class, when this module is imported."""

    def __init__(self, provider: OpenIDConnectProvider) -> None:
        self._provider = provider

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives: the ARN."""
        return self._provider.arn

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether GetAtt knows it."""
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """GetAtt."""
        if attribute_name != "Arn":
            raise KeyError(attribute_name)
        return self._provider.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        """It has no name of its own."""
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        """Its type in templates."""
        return "AWS::IAM::OIDCProvider"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_kwargs: Any
    ) -> OidcProvider:
        """Creates the provider of a stack. Of tags there are none."""
        properties = cloudformation_json["Properties"]
        provider = _backend(account_id, region_name).create_open_id_connect_provider(
            url=properties["Url"],
            thumbprint_list=properties.get("ThumbprintList", []),
            client_id_list=properties.get("ClientIdList", []),
            tags=[],
        )
        return cls(provider)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Deletes it with its stack."""
        _backend(account_id, region_name).delete_open_id_connect_provider(resource_name)


def _backend(account_id: str, region_name: str) -> IAMBackend:
    return iam_backends[account_id][get_partition(region_name)]


_put_policy = Role.put_policy


def _put_policy_text(role: Role, name: str, document: str | dict[str, Any]) -> None:
    """A role's inline policy; one of a template comes as a structure, and IAM gives every policy as text."""
    _put_policy(role, name, document if isinstance(document, str) else json.dumps(_with_values(document)))


def _with_values(value: Any) -> Any:
    """Without the items of lists that are AWS::NoValue, which CloudFormation leaves out and moto makes None."""
    if isinstance(value, dict):
        return {name: _with_values(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_values(item) for item in value if item is not None]
    return value


Role.put_policy = _put_policy_text
