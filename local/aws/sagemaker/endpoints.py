"""CreateEndpoint, UpdateEndpoint and their kin: what is refused, and which deployment an accepted request starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.aws.clock import Clock
from local.aws.errors import validation_error
from local.aws.sagemaker.async_output import check_output
from local.aws.sagemaker.deployment import Deployments
from local.aws.sagemaker.endpoint import IN_PROGRESS, Endpoint
from local.aws.sagemaker.fleet import Fleet, Outside
from local.aws.sagemaker.queue import RequestQueue
from local.aws.sagemaker.resource import Resource, instance_types
from local.aws.sagemaker.store import Store


class Endpoints:
    """`has_scalable_target(endpoint, variant)` asks Application Auto Scaling."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        outside: Outside,
        deployments: Deployments,
        has_scalable_target: Callable[[str, str], bool],
    ) -> None:
        self._store = store
        self._clock = clock
        self._outside = outside
        self._deployments = deployments
        self._has_scalable_target = has_scalable_target

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpoint."""
        name = params["EndpointName"]
        with self._store.lock:
            self._store.refuse_existing("endpoint", self._store.endpoints, name)
            config = self._store.config(params["EndpointConfigName"])
            model = self._model(config)
            check_output(config.spec["AsyncInferenceConfig"], model.spec["ExecutionRoleArn"], self._outside)
            variant = config.spec["ProductionVariants"][0]
            count = variant["InitialInstanceCount"]
            now = self._clock.now()
            arn = self._store.arn("endpoint", name)
            self._store.check_tags(arn, params.get("Tags", []))
            self._outside.capacity.promise(instance_types(variant), count)
            self._store.tag(arn, params.get("Tags", []))
            endpoint = Endpoint(
                name=name,
                arn=arn,
                config_name=config.name,
                created=now,
                modified=now,
                queue=RequestQueue(self._clock),
                fleet=Fleet(name, config, model, self._outside),
                desired=count,
                deployment=params.get("DeploymentConfig"),
            )
            self._store.endpoints[name] = endpoint
            self._deployments.create(endpoint)
        return {"EndpointArn": arn}

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpoint."""
        with self._store.lock:
            endpoint = self._store.endpoint(params["EndpointName"])
            self._refuse_in_progress(endpoint)
            config = self._store.config(params["EndpointConfigName"])
            # AWS compares with the old configuration and fails when it is gone (terraform-provider-aws#40048).
            self._store.config(endpoint.config_name)
            model = self._model(config)
            variant = config.spec["ProductionVariants"][0]
            self._check_scalable(endpoint, config)
            check_output(config.spec["AsyncInferenceConfig"], model.spec["ExecutionRoleArn"], self._outside)
            count = variant["InitialInstanceCount"]
            excluded = {p["VariantPropertyType"] for p in params.get("ExcludeRetainedVariantProperties", [])}
            same_name = variant["VariantName"] == endpoint.variant_name
            if params.get("RetainAllVariantProperties") and same_name and "DesiredInstanceCount" not in excluded:
                count = endpoint.desired
            # The old instances count too: an update runs both fleets at once.
            self._outside.capacity.promise(instance_types(variant), count)
            if not params.get("RetainDeploymentConfig"):
                endpoint.deployment = params.get("DeploymentConfig")
            fleet = Fleet(endpoint.name, config, model, self._outside)
            self._deployments.update(endpoint, fleet, count)
            return {"EndpointArn": endpoint.arn}

    def update_capacities(self, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities."""
        with self._store.lock:
            endpoint = self._store.endpoint(params["EndpointName"])
            self._refuse_in_progress(endpoint)
            wanted = params["DesiredWeightsAndCapacities"]
            for change in wanted:
                if change["VariantName"] != endpoint.variant_name:
                    name = change["VariantName"]
                    raise validation_error(
                        f'The variant name(s) "{name}" is/are not present within endpoint "{endpoint.name}".'
                    )
            endpoint.weight = wanted[-1].get("DesiredWeight", endpoint.weight)
            count = wanted[-1].get("DesiredInstanceCount", endpoint.desired)
            more = count - len(endpoint.fleet.instances)
            self._outside.capacity.promise(instance_types(endpoint.fleet.variant), more)
            self._deployments.scale(endpoint, count)
            return {"EndpointArn": endpoint.arn}

    def delete(self, params: dict[str, Any]) -> None:
        """DeleteEndpoint."""
        with self._store.lock:
            endpoint = self._store.endpoint(params["EndpointName"])
            if endpoint.status in IN_PROGRESS:
                raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
            self._deployments.delete(endpoint)

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint."""
        with self._store.lock:
            return self._store.endpoint(params["EndpointName"]).describe()

    def _model(self, config: Resource) -> Resource:
        return self._store.model(config.spec["ProductionVariants"][0]["ModelName"])

    def _refuse_in_progress(self, endpoint: Endpoint) -> None:
        if endpoint.status in IN_PROGRESS:
            raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        if endpoint.status == "Failed":
            raise validation_error(
                f'Cannot update endpoint "{endpoint.arn}" in status Failed: only DeleteEndpoint can be performed on it.'
            )

    def _check_scalable(self, endpoint: Endpoint, config: Resource) -> None:
        """A variant with a scalable target keeps its type and its name (developer guide, endpoint-scaling-update)."""
        if not self._has_scalable_target(endpoint.name, endpoint.variant_name):
            return
        variant = config.spec["ProductionVariants"][0]
        removed = variant["VariantName"] != endpoint.variant_name
        # From one type to a pool of the same type is a change too: AWS does not say, so we read it the harsh way.
        old = endpoint.fleet.variant
        switched = ("InstancePools" in variant) != ("InstancePools" in old)
        if removed or switched or instance_types(variant) != instance_types(old):
            raise validation_error(
                f"The variant {endpoint.variant_name} of endpoint {endpoint.name} has automatic scaling registered. "
                "Deregister its scalable target before an update that changes its instance type or removes it."
            )


def summary(endpoint: Endpoint) -> dict[str, Any]:
    """One entry of ListEndpoints."""
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }
