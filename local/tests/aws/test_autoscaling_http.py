"""Through the real HTTP server and boto3: what the SDKs send and get is what AWS would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import NotFound

from local.aws.application import Application
from local.aws.autoscaling.install import Scaling, install
from local.aws.autoscaling.service import AutoScaling
from local.aws.clock import Clock
from local.aws.cloudwatch.metrics import MetricStore
from local.aws.credentials import Credentials
from local.aws.faults import Faults
from local.aws.requests_log import RequestsLog
from local.aws.serving import listening, serving
from local.tests.aws.autoscaling_rig import BY_ENDPOINT, ENDPOINT, SCALABLE, VARIANT, Variant


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MetricStore(self.clock, delay=0)
        self.variant = Variant(desired=0, current=0)
        self.scaling: Scaling = install(self.clock, self.store, self.variant)
        application = Application(
            services={"application-autoscaling": AutoScaling(self.scaling, "123456789012")},
            moto=DomainDispatcherApplication(create_backend_app),
            control=NotFound(),
            log=RequestsLog(self.clock),
            credentials=Credentials(),
            faults=Faults(),
            region="us-east-1",
        )
        self.server = serving(listening(0), application)
        self.port = self.server.port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.scaling.stop()

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.stop()


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


WAKE_STEPS = {
    "AdjustmentType": "ExactCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    "Cooldown": 60,
}


def wake_alarm(arn: str, **changes: Any) -> dict[str, Any]:
    alarm = {
        "AlarmName": "speech-wake",
        "Namespace": "AWS/SageMaker",
        "MetricName": "HasBacklogWithoutCapacity",
        "Dimensions": [{"Name": "EndpointName", "Value": ENDPOINT}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "AlarmActions": [arn],
        "Tags": [{"Key": "whisper-sagemaker", "Value": ENDPOINT}],
    }
    return alarm | changes


def test_a_backlog_wakes_the_endpoint_by_itself(world: World) -> None:
    scaling, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    scaling.register_scalable_target(**SCALABLE, MinCapacity=0, MaxCapacity=2)
    policy = scaling.put_scaling_policy(
        **SCALABLE, PolicyName="speech-wake", PolicyType="StepScaling", StepScalingPolicyConfiguration=WAKE_STEPS
    )
    assert policy["Alarms"] == []
    cloudwatch.put_metric_alarm(**wake_alarm(policy["PolicyARN"]))
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["speech-wake"])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["TreatMissingData"] == "missing"

    world.store.put("AWS/SageMaker", "HasBacklogWithoutCapacity", BY_ENDPOINT, 1.0)
    world.clock.speed = 60
    eventually(lambda: world.variant.desired == 1)
    world.clock.speed = 1

    [alarm] = cloudwatch.describe_alarms(AlarmNames=["speech-wake"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"].startswith("Threshold Crossed")
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=SCALABLE["ResourceId"])
    activity = activities["ScalingActivities"][0]
    assert activity["StatusCode"] in ("InProgress", "Successful")
    assert activity["Cause"] == "monitor alarm speech-wake in state ALARM triggered policy speech-wake"
    assert activity["Description"] == "Setting desired instance count to 1."
    [shown] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [a["AlarmName"] for a in shown["Alarms"]] == ["speech-wake"]


def test_set_alarm_state_runs_the_policy_and_lasts_until_the_next_evaluation(world: World) -> None:
    scaling, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    scaling.register_scalable_target(**SCALABLE, MinCapacity=0, MaxCapacity=2)
    policy = scaling.put_scaling_policy(
        **SCALABLE, PolicyName="speech-wake", PolicyType="StepScaling", StepScalingPolicyConfiguration=WAKE_STEPS
    )
    cloudwatch.put_metric_alarm(**wake_alarm(policy["PolicyARN"], TreatMissingData="notBreaching"))
    cloudwatch.set_alarm_state(AlarmName="speech-wake", StateValue="ALARM", StateReason="by hand")
    assert world.variant.desired == 1
    world.clock.speed = 60
    eventually(lambda: cloudwatch.describe_alarms(StateValue="OK")["MetricAlarms"] != [])


def test_updates_keep_what_aws_keeps(world: World) -> None:
    scaling, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    first = scaling.register_scalable_target(**SCALABLE, MinCapacity=0, MaxCapacity=2, Tags={"team": "a"})
    again = scaling.register_scalable_target(
        **SCALABLE, MaxCapacity=5, SuspendedState={"DynamicScalingInSuspended": True}
    )
    assert first["ScalableTargetARN"] == again["ScalableTargetARN"]
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 5)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"] == {"team": "a"}
    scaling.tag_resource(ResourceARN=target["ScalableTargetARN"], Tags={"more": "b"})
    scaling.untag_resource(ResourceARN=target["ScalableTargetARN"], TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"] == {"more": "b"}

    put = {"PolicyName": "p", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": WAKE_STEPS}
    arn = scaling.put_scaling_policy(**SCALABLE, **put)["PolicyARN"]
    longer = {**put, "StepScalingPolicyConfiguration": {**WAKE_STEPS, "Cooldown": 600}}
    assert scaling.put_scaling_policy(**SCALABLE, **longer)["PolicyARN"] == arn

    cloudwatch.put_metric_alarm(**wake_alarm(arn))
    cloudwatch.set_alarm_state(AlarmName="speech-wake", StateValue="OK", StateReason="by hand")
    cloudwatch.put_metric_alarm(**wake_alarm(arn, Threshold=2.0, Tags=[{"Key": "ignored", "Value": "x"}]))
    [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"]) == ("OK", 2.0)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "whisper-sagemaker", "Value": ENDPOINT}]

    scaling.delete_scaling_policy(**SCALABLE, PolicyName="p")
    assert cloudwatch.describe_alarms()["MetricAlarms"] != [], "a step policy's alarm outlives the policy"
    cloudwatch.delete_alarms(AlarmNames=["speech-wake", "never-was"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_target_tracking_has_alarms_of_its_own_that_go_with_the_target(world: World) -> None:
    scaling, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    scaling.register_scalable_target(**SCALABLE, MinCapacity=0, MaxCapacity=4)
    tracking = {
        "TargetValue": 5.0,
        "CustomizedMetricSpecification": {
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "EndpointName", "Value": ENDPOINT}],
            "Statistic": "Average",
        },
        "DisableScaleIn": True,
    }
    put = {"PolicyName": "t", "PolicyType": "TargetTrackingScaling"}
    first = scaling.put_scaling_policy(**SCALABLE, **put, TargetTrackingScalingPolicyConfiguration=tracking)
    names = sorted(alarm["AlarmName"] for alarm in first["Alarms"])
    assert names[0].startswith(f"TargetTracking-endpoint/{ENDPOINT}/variant/{VARIANT}-AlarmHigh-")
    assert names[1].startswith(f"TargetTracking-endpoint/{ENDPOINT}/variant/{VARIANT}-AlarmLow-")
    high, low = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert (high["EvaluationPeriods"], high["Period"], high["Threshold"]) == (3, 60, 5.0)
    assert (low["EvaluationPeriods"], low["Period"], low["Threshold"]) == (15, 60, 4.5)
    tracking["TargetValue"] = 2.0
    second = scaling.put_scaling_policy(**SCALABLE, **put, TargetTrackingScalingPolicyConfiguration=tracking)
    assert sorted(alarm["AlarmName"] for alarm in second["Alarms"]) == names
    scaling.deregister_scalable_target(**SCALABLE)
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


def test_refusals_have_aws_names(world: World) -> None:
    scaling, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    step = {"PolicyName": "p", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": WAKE_STEPS}
    absent = {**SCALABLE, "ResourceId": "endpoint/nope/variant/AllTraffic"}
    assert code_of(lambda: scaling.put_scaling_policy(**SCALABLE, **step)) == "ObjectNotFoundException"
    assert code_of(lambda: scaling.deregister_scalable_target(**SCALABLE)) == "ObjectNotFoundException"
    assert code_of(lambda: scaling.delete_scaling_policy(**SCALABLE, PolicyName="p")) == "ObjectNotFoundException"
    assert code_of(lambda: scaling.register_scalable_target(**SCALABLE, MinCapacity=1)) == "ValidationException"
    assert code_of(lambda: scaling.register_scalable_target(**absent, MinCapacity=0, MaxCapacity=1)) == (
        "ValidationException"
    )
    elsewhere = world.client("application-autoscaling", "eu-west-1")
    assert code_of(lambda: elsewhere.register_scalable_target(**SCALABLE, MinCapacity=0, MaxCapacity=1)) == (
        "ValidationException"
    )
    assert code_of(lambda: cloudwatch.put_metric_alarm(**wake_alarm("not-an-arn"))) == "ValidationError"
    assert code_of(lambda: cloudwatch.set_alarm_state(AlarmName="x", StateValue="OK", StateReason="r")) == (
        "ResourceNotFound"
    )


def test_metrics_put_by_a_caller_come_back(world: World) -> None:
    cloudwatch = world.client("cloudwatch")
    dimensions = [{"Name": "Endpoint", "Value": ENDPOINT}]
    datum = {"MetricName": "InFlight", "Dimensions": dimensions, "Unit": "Count"}
    cloudwatch.put_metric_data(Namespace="Whisper", MetricData=[{**datum, "Values": [2.0, 4.0], "Counts": [1.0, 3.0]}])
    now = world.clock.now()
    window = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1)}
    query = {"Metric": {"Namespace": "Whisper", "MetricName": "InFlight", "Dimensions": dimensions}, "Period": 60}
    read = cloudwatch.get_metric_data(
        **window,
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {**query, "Stat": "Average"}},
            {"Id": "e", "Expression": "m*2"},
        ],
    )
    assert {result["Id"]: result["Values"] for result in read["MetricDataResults"]} == {"m": [3.5], "e": [7.0]}
    wrong = {**query, "Metric": {**query["Metric"], "Dimensions": [*dimensions, {"Name": "VariantName", "Value": "v"}]}}
    nothing = cloudwatch.get_metric_data(
        **window, MetricDataQueries=[{"Id": "m", "MetricStat": {**wrong, "Stat": "Sum"}}]
    )
    assert nothing["MetricDataResults"][0]["Values"] == []
    statistics = cloudwatch.get_metric_statistics(
        Namespace="Whisper", MetricName="InFlight", Dimensions=dimensions, Period=60, Statistics=["Maximum"], **window
    )
    assert [point["Maximum"] for point in statistics["Datapoints"]] == [4.0]
    assert cloudwatch.list_metrics(Namespace="Whisper")["Metrics"][0]["Dimensions"] == dimensions
    assert code_of(
        lambda: cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{**datum, "Value": 1.0}])
    ) == ("InvalidParameterValue")


def test_stop_gives_moto_its_methods_back() -> None:
    from moto.cloudwatch.responses import CloudWatchResponse

    before = CloudWatchResponse.put_metric_alarm
    world = World()
    assert CloudWatchResponse.put_metric_alarm is not before
    world.stop()
    world.scaling.stop()
    assert CloudWatchResponse.put_metric_alarm is before
