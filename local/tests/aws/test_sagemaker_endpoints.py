"""An endpoint's states: created, updated blue/green, rolled back, failed, deleted, and what each state refuses."""

from __future__ import annotations

import pytest

from local.tests.aws.aws_rig import Aws, refused, wait


def update(aws: Aws, endpoint: str, config: str, **params: object) -> None:
    aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, **params)


def instances(aws: Aws, endpoint: str) -> list[dict[str, str]]:
    return aws.control(f"endpoints/{endpoint}")["instances"]


def test_a_new_endpoint_is_creating_and_then_serves_its_config(aws: Aws) -> None:
    image = aws.image()
    config = aws.config("c", aws.model(image=image))
    endpoint = aws.start(config)
    creating = aws.describe(endpoint)
    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == config
    described = aws.settled(endpoint)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == config
    assert "FailureReason" not in described
    variant = described["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)
    assert variant["DeployedImages"] == [{"SpecifiedImage": image, "ResolvedImage": image}]
    assert described["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 1}
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_a_tag_is_resolved_to_the_digest_that_is_deployed(aws: Aws) -> None:
    repository = aws.repository()
    digest = aws.push(repository, "v1")
    uri = f"{aws.session.images}/{repository}"
    endpoint = aws.start(aws.config("c", aws.model(image=f"{uri}:v1")))
    images = aws.settled(endpoint)["ProductionVariants"][0]["DeployedImages"]
    assert images == [{"SpecifiedImage": f"{uri}:v1", "ResolvedImage": f"{uri}@{digest}"}]


def test_nothing_but_describe_is_taken_while_an_endpoint_is_in_progress(aws: Aws) -> None:
    config = aws.config("c", aws.model(env={"INSTANT_MODE": "never-healthy"}))
    endpoint = aws.start(config)
    busy = f'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/{endpoint}"'
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    with refused("ValidationException", busy):
        update(aws, endpoint, config)
    with refused("ValidationException", busy):
        aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    with refused("ValidationException", busy):
        aws.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
    with aws.speed(2000):
        aws.settled(endpoint)


def test_a_second_endpoint_of_the_name_is_refused_whatever_its_case(aws: Aws) -> None:
    endpoint = aws.endpoint()
    config = aws.describe(endpoint)["EndpointConfigName"]
    for name in (endpoint, endpoint.upper()):
        with refused("ValidationException", "Cannot create already existing endpoint"):
            aws.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)


def test_an_absent_endpoint_is_not_found(aws: Aws) -> None:
    for call in (aws.sagemaker.describe_endpoint, aws.sagemaker.delete_endpoint):
        with refused("ValidationException", 'Could not find endpoint "arn:aws:sagemaker:'):
            call(EndpointName="nope")
    with refused("ValidationException", "Could not find endpoint configuration"):
        aws.start("nope")


def test_a_container_that_is_never_healthy_fails_the_endpoint_after_its_timeout(aws: Aws) -> None:
    model = aws.model(env={"INSTANT_MODE": "never-healthy"})
    endpoint = aws.start(aws.config("c", model, ContainerStartupHealthCheckTimeoutInSeconds=60))
    with aws.speed(60):
        described = aws.settled(endpoint)
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert (described["LastModifiedTime"] - described["CreationTime"]).total_seconds() >= 60


def test_a_container_that_ends_at_once_fails_the_endpoint_and_its_log_says_why(aws: Aws) -> None:
    endpoint = aws.start(aws.config("c", aws.model(env={"INSTANT_MODE": "crash-at-start"})))
    assert aws.settled(endpoint)["EndpointStatus"] == "Failed"
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}")["events"]
    assert "crash-at-start" in " ".join(event["message"] for event in events)


def test_only_delete_is_taken_of_a_failed_endpoint(aws: Aws) -> None:
    config = aws.config("c", aws.model(env={"INSTANT_MODE": "crash-at-start"}))
    endpoint = aws.start(config)
    aws.settled(endpoint)
    with refused("ValidationException", "only DeleteEndpoint"):
        update(aws, endpoint, config)
    aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    wait(lambda: endpoint not in names(aws))


def names(aws: Aws) -> list[str]:
    return [e["EndpointName"] for e in aws.sagemaker.list_endpoints(NameContains=aws.unique)["Endpoints"]]


def test_an_update_brings_new_instances_up_beside_the_old_ones(aws: Aws) -> None:
    image = aws.image()
    endpoint = aws.start(aws.config("old", aws.model("m1", image=image)))
    before = aws.settled(endpoint)
    never = aws.model("m2", image=image, env={"INSTANT_MODE": "never-healthy"})
    update(aws, endpoint, aws.config("new", never, ContainerStartupHealthCheckTimeoutInSeconds=3600))
    wait(lambda: len(instances(aws, endpoint)) == 2)
    during = aws.describe(endpoint)
    assert during["EndpointStatus"] == "Updating"
    assert during["EndpointConfigName"] == before["EndpointConfigName"]
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == aws.name("new")
    # The old instance serves meanwhile.
    assert aws.wait_for(aws.invoke(endpoint)["OutputLocation"])
    with aws.speed(2000):
        aws.settled(endpoint)


def test_a_finished_update_serves_the_new_config_on_its_initial_count(aws: Aws) -> None:
    image = aws.image()
    endpoint = aws.start(aws.config("old", aws.model("m1", image=image)))
    old = {instance["id"] for instance in (aws.settled(endpoint), instances(aws, endpoint))[1]}
    update(aws, endpoint, aws.config("new", aws.model("m2", image=image), InitialInstanceCount=2))
    described = aws.settled(endpoint)
    assert described["EndpointConfigName"] == aws.name("new")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert not old & {instance["id"] for instance in instances(aws, endpoint)}


@pytest.mark.parametrize("mode", ["never-healthy", "crash-at-start"])
def test_an_update_that_fails_rolls_back_to_the_old_config(aws: Aws, mode: str) -> None:
    image = aws.image()
    endpoint = aws.start(aws.config("old", aws.model("m1", image=image)))
    aws.settled(endpoint)
    bad = aws.config(
        "new", aws.model("m2", image=image, env={"INSTANT_MODE": mode}), ContainerStartupHealthCheckTimeoutInSeconds=60
    )
    with aws.speed(30):
        update(aws, endpoint, bad)
        described = aws.settled(endpoint)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == aws.name("old")
    assert "ping health check" in described["FailureReason"]
    assert len(instances(aws, endpoint)) == 1
    assert aws.wait_for(aws.invoke(endpoint)["OutputLocation"])


def test_an_update_to_an_image_that_is_gone_rolls_back(aws: Aws) -> None:
    endpoint = aws.endpoint()
    repository = f"{aws.name('other')}/instant"
    aws.ecr.create_repository(repositoryName=repository)
    digest = aws.push(repository, "v1", b"two")
    config = aws.config("new", aws.model("m2", image=f"{aws.session.images}/{repository}@{digest}"))
    aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    update(aws, endpoint, config)
    described = aws.settled(endpoint)
    assert described["EndpointConfigName"] == aws.name("config")
    assert "Failed to pull the image" in described["FailureReason"]


def test_an_update_keeps_the_count_when_told_to_retain_it(aws: Aws) -> None:
    image = aws.image()
    endpoint = aws.start(aws.config("old", aws.model("m1", image=image), InitialInstanceCount=2))
    aws.settled(endpoint)
    update(aws, endpoint, aws.config("new", aws.model("m2", image=image)), RetainAllVariantProperties=True)
    assert aws.settled(endpoint)["ProductionVariants"][0]["DesiredInstanceCount"] == 2


def test_an_update_needs_the_old_config_still_to_be_there(aws: Aws) -> None:
    endpoint = aws.endpoint()
    new = aws.config("new", aws.name("model"))
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=aws.name("config"))
    with refused("ValidationException", 'Could not find endpoint configuration "arn:', aws.name("config")):
        update(aws, endpoint, new)


def test_capacities_can_be_set_to_zero_and_back(aws: Aws) -> None:
    endpoint = aws.endpoint()
    for count in (0, 2):
        weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
        aws.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
        assert aws.status(endpoint) in ("Updating", "InService")
        assert aws.settled(endpoint)["ProductionVariants"][0]["CurrentInstanceCount"] == count


def test_a_deleted_endpoint_is_deleting_and_then_gone(aws: Aws) -> None:
    endpoint = aws.endpoint()
    aws.invoke(endpoint, b"sleep:20")
    wait(lambda: aws.control(f"endpoints/{endpoint}")["running"] == 1)
    aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    assert aws.status(endpoint) == "Deleting"
    with refused("ValidationException", "Cannot update in-progress endpoint"):
        aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    wait(lambda: endpoint not in names(aws))


def test_without_capacity_a_new_endpoint_fails_and_an_update_rolls_back(aws: Aws) -> None:
    endpoint = aws.endpoint()
    model = aws.name("model")
    aws.control("capacity", {"ml.g6.xlarge": 0})
    config = aws.config("c6", model, InstanceType="ml.g6.xlarge", VariantInstanceProvisionTimeoutInSeconds=300)
    with aws.speed(300):
        failed = aws.settled(aws.start(config, "other"))
        update(aws, endpoint, config)
        rolled_back = aws.settled(endpoint)
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"].startswith("CapacityError: Unable to provision requested ML compute capacity.")
    assert rolled_back["EndpointStatus"] == "InService"
    assert rolled_back["FailureReason"].startswith("CapacityError")


def test_instance_pools_are_filled_in_their_order_and_emptied_from_the_last(aws: Aws) -> None:
    aws.control("capacity", {"ml.g6.xlarge": 1})
    pools = [{"InstanceType": "ml.g5.xlarge", "Priority": 2}, {"InstanceType": "ml.g6.xlarge", "Priority": 1}]
    endpoint = aws.endpoint(InstancePools=pools, InitialInstanceCount=2)

    def counted() -> list[tuple[str, int]]:
        found = aws.settled(endpoint)["ProductionVariants"][0]["InstancePools"]
        return [(pool["InstanceType"], pool["CurrentInstanceCount"]) for pool in found]

    assert counted() == [("ml.g6.xlarge", 1), ("ml.g5.xlarge", 1)]
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
    aws.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
    assert counted() == [("ml.g6.xlarge", 1), ("ml.g5.xlarge", 0)]


def test_the_quota_is_checked_at_once_and_counts_both_fleets_of_an_update(aws: Aws) -> None:
    aws.control("quota", {"ml.g4dn.xlarge": 0})
    model = aws.model()
    config = aws.config("c", model, InstanceType="ml.g4dn.xlarge")
    limit = "The account-level service limit 'ml.g4dn.xlarge for endpoint usage' is {} Instances"
    with refused("ResourceLimitExceeded", limit.format(0)):
        aws.start(config)
    aws.control("quota", {"ml.g4dn.xlarge": 1})
    endpoint = aws.start(config)
    # Before its instance is even there.
    with refused("ResourceLimitExceeded", limit.format(1), "current utilization of 1 Instances"):
        aws.start(config, "second")
    aws.settled(endpoint)
    with refused("ResourceLimitExceeded", limit.format(1), "current utilization of 1 Instances"):
        update(aws, endpoint, config)


def test_an_output_bucket_that_is_not_there_is_refused(aws: Aws) -> None:
    config = aws.config("c", aws.model())
    aws.s3.delete_bucket(Bucket=aws.name("bucket"))
    with refused("ValidationException", "is invalid for S3OutputPath"):
        aws.start(config)


def test_a_topic_that_is_not_there_is_refused(aws: Aws) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:absent"
    config = aws.config("c", aws.model(), output={"NotificationConfig": {"ErrorTopic": topic}})
    with refused("ValidationException", f"is invalid for ErrorTopic {topic}"):
        aws.start(config)


def test_scaling_is_refused_over_the_quota(aws: Aws) -> None:
    endpoint = aws.endpoint()
    aws.control("quota", {"ml.g5.xlarge": 0})
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    with refused("ResourceLimitExceeded", "ml.g5.xlarge for endpoint usage"):
        aws.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)


def test_the_type_of_a_scaled_variant_cannot_be_changed(aws: Aws) -> None:
    endpoint = aws.endpoint()
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    other = aws.config("other", aws.name("model"), InstanceType="ml.g6.xlarge")
    with refused("ValidationException", "Deregister its scalable target"):
        update(aws, endpoint, other)
    with refused("ValidationException", "Deregister its scalable target"):
        pool = {"InstanceType": "ml.g5.xlarge", "Priority": 1}
        update(aws, endpoint, aws.config("pool", aws.name("model"), InstancePools=[pool]))
    update(aws, endpoint, aws.config("same", aws.name("model")))
    assert aws.settled(endpoint)["EndpointConfigName"] == aws.name("same")
    scaling.deregister_scalable_target(**target)
    update(aws, endpoint, other)
    assert aws.settled(endpoint)["EndpointConfigName"] == aws.name("other")
