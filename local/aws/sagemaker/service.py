"""The SageMaker API: which operation does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws.application import json_response, parsed
from local.aws.errors import AwsError, validation_error
from local.aws.operations import Call
from local.aws.sagemaker import endpoint_configs, endpoints, models
from local.aws.sagemaker.listing import listed
from local.aws.sagemaker.store import Store

Operation = Callable[[dict[str, Any]], "dict[str, Any] | None"]


class SageMaker:
    """A service of the application: JSON in, JSON out."""

    def __init__(
        self,
        store: Store,
        model_api: models.Models,
        config_api: endpoint_configs.EndpointConfigs,
        endpoint_api: endpoints.Endpoints,
    ) -> None:
        self._store = store
        self._operations: dict[str, Operation] = {
            "CreateModel": model_api.create,
            "DescribeModel": model_api.describe,
            "DeleteModel": model_api.delete,
            "ListModels": self._list_models,
            "CreateEndpointConfig": config_api.create,
            "DescribeEndpointConfig": config_api.describe,
            "DeleteEndpointConfig": config_api.delete,
            "ListEndpointConfigs": self._list_configs,
            "CreateEndpoint": endpoint_api.create,
            "UpdateEndpoint": endpoint_api.update,
            "UpdateEndpointWeightsAndCapacities": endpoint_api.update_capacities,
            "DescribeEndpoint": endpoint_api.describe,
            "DeleteEndpoint": endpoint_api.delete,
            "ListEndpoints": self._list_endpoints,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
        }

    def __call__(self, call: Call, request: Request) -> Response:
        operation = self._operations.get(call.operation)
        if operation is None:
            raise AwsError("UnknownOperationException", f"The local AWS has no SageMaker operation {call.operation}.")
        return json_response(operation(parsed(request)))

    def _list_models(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            found = [models.summary(model) for model in self._store.models.values()]
        return listed(params, found, "Models", "ModelName")

    def _list_configs(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            found = [endpoint_configs.summary(config) for config in self._store.configs.values()]
        return listed(params, found, "EndpointConfigs", "EndpointConfigName")

    def _list_endpoints(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            found = [endpoints.summary(endpoint) for endpoint in self._store.endpoints.values()]
        return listed(params, found, "Endpoints", "EndpointName", "EndpointStatus")

    def _add_tags(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            arn = self._existing(params["ResourceArn"])
            self._store.tag(arn, params["Tags"])
            return {"Tags": self._tags(arn)}

    def _list_tags(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            return {"Tags": self._tags(self._existing(params["ResourceArn"]))}

    def _delete_tags(self, params: dict[str, Any]) -> None:
        with self._store.lock:
            tags = self._store.tags.get(self._existing(params["ResourceArn"]), {})
            for key in params["TagKeys"]:
                tags.pop(key, None)

    def _tags(self, arn: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self._store.tags.get(arn, {}).items()]

    def _existing(self, arn: str) -> str:
        resources = [*self._store.models.values(), *self._store.configs.values(), *self._store.endpoints.values()]
        if all(resource.arn != arn for resource in resources):
            raise validation_error(f"Could not find resource {arn}.")
        return arn
