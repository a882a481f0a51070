"""The metrics that scaling lives on, minute by minute, with the clock in the test's hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.clock import Clock
from local.aws.cloudwatch.metrics import MetricKey, MetricStore
from local.aws.sagemaker.instance_types import gpus, has_nvme, vcpus
from local.aws.sagemaker.metrics import ASYNC, HOST, EndpointMetrics
from local.aws.sagemaker.queue import AsyncRequest, RequestQueue
from local.aws.sagemaker.store import Store
from local.tests.aws.aws_rig import Aws, wait

START = datetime(2026, 11, 23, tzinfo=timezone.utc)
BY_ENDPOINT = {"EndpointName": "e"}
BY_VARIANT = {"EndpointName": "e", "VariantName": "AllTraffic"}


class Rig:
    """One endpoint whose instances and queue are set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(start=START, real=lambda: self.seconds)
        self.values = MetricStore(self.clock, delay=0)
        store = Store("123456789012", "us-east-1")
        self.queue = RequestQueue(self.clock)
        self.fleet = SimpleNamespace(instances=[], in_service=0)
        self.endpoint: Any = SimpleNamespace(
            name="e", status="InService", queue=self.queue, fleet=self.fleet, variant_name="AllTraffic"
        )
        store.endpoints["e"] = self.endpoint
        self.metrics = EndpointMetrics(store, self.clock, self.values)

    def instances(self, *kinds: str, busy: bool = False) -> None:
        self.fleet.instances = [
            SimpleNamespace(instance_type=kind, state="InService", busy_since=lambda _: busy) for kind in kinds
        ]
        self.fleet.in_service = len(kinds)

    def request(self) -> None:
        hour = timedelta(hours=6)
        self.queue.put(AsyncRequest("i", "s3://b/o", None, {}, "s3://b/i", None, self.clock.now(), hour, hour))

    def publish(self) -> None:
        self.seconds += 60
        self.metrics.publish(self.clock.now())

    def last(self, namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Maximum") -> float | None:
        now = self.clock.now()
        key = MetricKey.of(namespace, name, dimensions)
        found = self.values.statistics(key, now - timedelta(seconds=1), now + timedelta(seconds=1), 60, now)
        return next(iter(found.values())).get(statistic) if found else None


@pytest.mark.parametrize("counts_running", [True, False])
def test_the_backlog_counts_running_requests_or_not(counts_running: bool) -> None:
    rig = Rig()
    rig.metrics.counts_running = counts_running
    rig.instances("ml.g5.xlarge", "ml.g5.xlarge")
    for _ in range(5):
        rig.request()
    rig.queue.take(lambda: False, timeout=0)
    rig.publish()
    backlog = 5 if counts_running else 4
    assert rig.last(ASYNC, "ApproximateBacklogSize", BY_ENDPOINT) == backlog
    assert rig.last(ASYNC, "ApproximateBacklogSizePerInstance", BY_ENDPOINT) == backlog / 2
    assert rig.last(ASYNC, "HasBacklogWithoutCapacity", BY_ENDPOINT) == 0
    assert rig.last(ASYNC, "ApproximateAgeOfOldestRequest", BY_ENDPOINT) == 60


def test_a_backlog_without_instances_is_told_and_has_no_value_per_instance() -> None:
    rig = Rig()
    rig.publish()
    assert rig.last(ASYNC, "HasBacklogWithoutCapacity", BY_ENDPOINT) == 0
    rig.request()
    rig.publish()
    assert rig.last(ASYNC, "HasBacklogWithoutCapacity", BY_ENDPOINT) == 1
    assert rig.last(ASYNC, "ApproximateBacklogSizePerInstance", BY_ENDPOINT) is None


def test_the_dimension_is_the_endpoint_alone() -> None:
    rig = Rig()
    rig.publish()
    assert rig.last(ASYNC, "HasBacklogWithoutCapacity", BY_VARIANT) is None


def test_utilisation_tells_a_busy_gpu_from_an_idle_one() -> None:
    rig = Rig()
    rig.instances("ml.g5.12xlarge", busy=True)
    rig.publish()
    assert rig.last(HOST, "GPUUtilization", BY_VARIANT) == 400
    assert rig.last(HOST, "CPUUtilization", BY_VARIANT) == 100
    rig.instances("ml.g5.12xlarge")
    rig.publish()
    assert rig.last(HOST, "GPUUtilization", BY_VARIANT) == 0
    assert rig.last(HOST, "CPUUtilization", BY_VARIANT) == 1


def test_a_cpu_type_has_no_gpu_metric_and_uses_its_vcpus() -> None:
    rig = Rig()
    rig.instances("ml.c6i.2xlarge", busy=True)
    rig.publish()
    assert rig.last(HOST, "GPUUtilization", BY_VARIANT) is None
    assert rig.last(HOST, "CPUUtilization", BY_VARIANT) == 800


def test_no_instance_no_utilisation() -> None:
    rig = Rig()
    rig.publish()
    assert rig.last(HOST, "CPUUtilization", BY_VARIANT) is None


def test_an_endpoint_that_does_not_serve_yet_has_no_metrics() -> None:
    rig = Rig()
    rig.endpoint.status = "Creating"
    rig.publish()
    assert rig.last(ASYNC, "ApproximateBacklogSize", BY_ENDPOINT) is None


@pytest.mark.parametrize(
    ("kind", "cpus", "cards", "nvme"),
    [
        ("ml.g5.xlarge", 4, 1, True),
        ("ml.g4dn.12xlarge", 48, 4, True),
        ("ml.g6e.48xlarge", 192, 8, True),
        ("ml.p5.48xlarge", 192, 8, True),
        ("ml.p3.2xlarge", 8, 1, False),
        ("ml.m5.large", 2, 0, False),
        ("ml.m5d.large", 2, 0, True),
    ],
)
def test_what_an_instance_type_has(kind: str, cpus: int, cards: int, nvme: bool) -> None:
    assert (vcpus(kind), gpus(kind), has_nvme(kind)) == (cpus, cards, nvme)


def test_a_running_endpoint_publishes_every_minute(aws: Aws) -> None:
    endpoint = aws.endpoint()
    cloudwatch = aws.client("cloudwatch")
    aws.invoke(endpoint, b"sleep:20")

    def busy() -> bool:
        now = datetime.fromisoformat(aws.control("clock")["now"])
        query = {
            "Namespace": HOST,
            "MetricName": "GPUUtilization",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        }
        found = cloudwatch.get_metric_data(
            StartTime=now - timedelta(hours=1),
            EndTime=now,
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": query, "Period": 60, "Stat": "Maximum"}}],
        )
        return 100 in found["MetricDataResults"][0]["Values"]

    with aws.speed(60):
        wait(busy)


def test_an_endpoint_scales_to_zero_and_wakes_up(aws: Aws) -> None:
    endpoint = aws.endpoint()
    scaling, cloudwatch = aws.client("application-autoscaling"), aws.client("cloudwatch")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)

    def alarm(name: str, metric: str, capacity: int, operator: str) -> None:
        policy = scaling.put_scaling_policy(
            **target,
            PolicyName=aws.name(name),
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ExactCapacity",
                "Cooldown": 60,
                "MetricAggregationType": "Maximum",
                "StepAdjustments": [
                    {
                        "MetricIntervalLowerBound" if "Greater" in operator else "MetricIntervalUpperBound": 0,
                        "ScalingAdjustment": capacity,
                    }
                ],
            },
        )
        cloudwatch.put_metric_alarm(
            AlarmName=aws.name(name),
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator=operator,
            AlarmActions=[policy["PolicyARN"]],
        )

    alarm("idle", "ApproximateBacklogSize", 0, "LessThanThreshold")
    with aws.speed(60):
        wait(lambda: aws.control(f"endpoints/{endpoint}")["in_service"] == 0)
        aws.settled(endpoint)
        cloudwatch.delete_alarms(AlarmNames=[aws.name("idle")])
        alarm("wake", "HasBacklogWithoutCapacity", 1, "GreaterThanOrEqualToThreshold")
        answer = aws.invoke(endpoint)
        assert aws.wait_for(answer["OutputLocation"])
