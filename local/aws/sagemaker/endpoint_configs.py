"""CreateEndpointConfig and its kin, for asynchronous endpoints on instances."""

from __future__ import annotations

from typing import Any

from local.aws import kms
from local.aws.clock import Clock
from local.aws.errors import validation_error
from local.aws.sagemaker.instance_types import has_nvme
from local.aws.sagemaker.resource import Resource, instance_types
from local.aws.sagemaker.store import Store

# What the API has and nothing here runs; refusing it is honest, ignoring it would not be.
NOT_SIMULATED = ("ShadowProductionVariants", "DataCaptureConfig", "ExplainerConfig", "CrossRegionTrafficConfig")
VARIANT_NOT_SIMULATED = (
    "ServerlessConfig",
    "AcceleratorType",
    "AcceleratorPartitionLayouts",
    "CapacityReservationConfig",
    "CoreDumpConfig",
)


class EndpointConfigs:
    """Endpoint configurations are immutable: created, described, deleted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpointConfig."""
        name = params["EndpointConfigName"]
        with self._store.lock:
            self._store.refuse_existing("endpoint configuration", self._store.configs, name)
            _refuse_not_simulated(params, NOT_SIMULATED)
            variants = params["ProductionVariants"]
            if len(variants) > 1:
                raise validation_error("The local AWS runs endpoint configurations of one production variant only.")
            for variant in variants:
                self._check_variant(variant)
            _check_async(params)
            self._check_keys(params)
            spec = {key: value for key, value in params.items() if key != "Tags"}
            arn = self._store.arn("endpoint configuration", name)
            self._store.tag(arn, params.get("Tags", []))
            self._store.configs[name] = Resource(name, arn, spec, self._clock.now())
        return {"EndpointConfigArn": arn}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpointConfig."""
        with self._store.lock:
            config = self._store.config(params["EndpointConfigName"])
        variants = [{"InitialVariantWeight": 1.0, **v} for v in config.spec["ProductionVariants"]]
        return {
            "EnableNetworkIsolation": False,
            **config.spec,
            "ProductionVariants": variants,
            "EndpointConfigArn": config.arn,
            "CreationTime": config.created,
        }

    def delete(self, params: dict[str, Any]) -> None:
        """DeleteEndpointConfig. AWS lets go of one in use; a later UpdateEndpoint then fails for want of it
        (terraform-provider-aws#40048)."""
        with self._store.lock:
            config = self._store.config(params["EndpointConfigName"])
            del self._store.configs[config.name]
            self._store.tags.pop(config.arn, None)

    def _check_keys(self, params: dict[str, Any]) -> None:
        """KMS keys; that of the volume only where there is one to encrypt.

        "If you specify a value for KmsKeyId when using any nitro-based instances with local storage, the call to
        CreateEndpointConfig fails" (API reference until 2026; now it says that the key does not encrypt that storage).
        """
        output = params["AsyncInferenceConfig"]["OutputConfig"].get("KmsKeyId")
        for key in (output, params.get("KmsKeyId")):
            if key and (fault := kms.fault(key, self._store.region)):
                raise validation_error(fault)
        if "KmsKeyId" not in params:
            return
        for kind in instance_types(params["ProductionVariants"][0]):
            if has_nvme(kind):
                raise validation_error(f"KmsKeyId is not supported for instance type {kind}: it has local storage.")

    def _check_variant(self, variant: dict[str, Any]) -> None:
        name = variant["VariantName"]
        _refuse_not_simulated(variant, VARIANT_NOT_SIMULATED)
        if "ManagedInstanceScaling" in variant:
            raise validation_error("ManagedInstanceScaling is only supported for inference component endpoints.")
        if "ModelName" not in variant:
            raise validation_error(f"ModelName is required for production variant {name}.")
        self._store.model(variant["ModelName"])
        if ("InstanceType" in variant) == ("InstancePools" in variant):
            raise validation_error(f"Exactly one of InstanceType and InstancePools is required for variant {name}.")
        if "InitialInstanceCount" not in variant:
            raise validation_error(f"InitialInstanceCount is required for production variant {name}.")
        if "InstancePools" in variant:
            _check_pools(variant)
        for kind in instance_types(variant):
            if "VolumeSizeInGB" in variant and has_nvme(kind):
                raise validation_error(f"VolumeSizeInGB is not supported for instance type {kind}.")


def _check_pools(variant: dict[str, Any]) -> None:
    """Instance pools: types and priorities once each, requests to the least busy instance (aws-samples)."""
    name, pools = variant["VariantName"], variant["InstancePools"]
    if any("ModelNameOverride" in pool for pool in pools):
        raise validation_error("The local AWS does not simulate ModelNameOverride.")
    for member in ("InstanceType", "Priority"):
        if len({pool[member] for pool in pools}) < len(pools):
            raise validation_error(f"The {member} of each instance pool of variant {name} must be unique.")
    if variant.get("RoutingConfig", {}).get("RoutingStrategy") != "LEAST_OUTSTANDING_REQUESTS":
        raise validation_error(
            f"Variant {name} has InstancePools: RoutingConfig.RoutingStrategy must be LEAST_OUTSTANDING_REQUESTS."
        )


def summary(config: Resource) -> dict[str, Any]:
    """One entry of ListEndpointConfigs."""
    return {"EndpointConfigName": config.name, "EndpointConfigArn": config.arn, "CreationTime": config.created}


def _check_async(params: dict[str, Any]) -> None:
    config = params.get("AsyncInferenceConfig")
    if config is None:
        raise validation_error("The local AWS runs asynchronous endpoints only: AsyncInferenceConfig is required.")
    if "S3OutputPath" not in config["OutputConfig"]:
        raise validation_error("AsyncInferenceConfig.OutputConfig.S3OutputPath is required.")
    _refuse_not_simulated(config["OutputConfig"].get("NotificationConfig", {}), ("IncludeInferenceResponseIn",))


def _refuse_not_simulated(params: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in params:
            raise validation_error(f"The local AWS does not simulate {name}.")
