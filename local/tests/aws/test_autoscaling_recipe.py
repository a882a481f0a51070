"""The action's scaling, minute by minute: it wakes, it goes to its minimum, and it never cuts a job off.

The policies and alarms are those that src/deploy/scaling.ts makes. Both readings of the backlog (with and without the
requests that are being worked on), and metrics on time and late. __tests__/local/scaling.test.ts shows the same on a
deployed endpoint with its containers, for fewer cases.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.aws.autoscaling.endpoints import Refused
from local.paths import REPOSITORY_ROOT
from local.tests.aws.autoscaling_rig import BY_ENDPOINT, ENDPOINT, Rig

IDLE_MINUTES = 5

both_readings = pytest.mark.parametrize("counts_running", [True, False], ids=["backlog-counts-running", "waiting-only"])
any_delay = pytest.mark.parametrize("delay", [0, 60, 120], ids=["on-time", "a-minute-late", "two-minutes-late"])

Spec = dict[str, Any]


@functools.cache
def wanted_by_the_action(settings: str) -> Spec:
    """desiredScaling() of these settings, given as JSON: run, not copied."""
    node = os.environ.get("NODE") or str(REPOSITORY_ROOT / "node_modules" / ".bin" / "node")
    if not Path(node).exists():
        pytest.skip("there is no Node.js; script/test.d/local installs it")
    program = Path(__file__).parent / "scaling_spec.mjs"
    done = subprocess.run([node, str(program), settings], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    spec: Spec = json.loads(done.stdout)
    return spec


def recipe(
    *,
    instances: int = 0,
    minimum: int = 0,
    maximum: int = 3,
    instance_type: str = "ml.g5.xlarge",
    change: Callable[[Spec], None] = lambda spec: None,
    **rig_options: Any,
) -> Rig:
    """A variant under the action's scaling, to which `change` was done."""
    settings = {
        "endpointName": ENDPOINT,
        "minInstances": minimum,
        "maxInstances": maximum,
        "idleMinutes": IDLE_MINUTES,
        "backlogPerInstance": 2,
        "instanceTypes": [instance_type],
    }
    spec = copy.deepcopy(wanted_by_the_action(json.dumps(settings)))
    change(spec)
    rig = Rig(instances=instances, **rig_options)
    rig.call("register_scalable_target", **spec["target"])
    arns = {policy["PolicyName"]: rig.call("put_scaling_policy", **policy)["PolicyARN"] for policy in spec["policies"]}
    for alarm in spec["alarms"]:
        rig.alarm(AlarmActions=[arns[alarm.pop("policyName")]], **alarm)
    return rig


def idle_query(spec: Spec, id_: str) -> Spec:
    """One of the idle alarm's metric data queries."""
    query: Spec = next(query for query in spec["alarms"][1]["Metrics"] if query["Id"] == id_)
    return query


def until_asleep(rig: Rig) -> int:
    """The minutes until the last instance is taken away."""
    for minutes in range(60):
        if not rig.variant.desired:
            return minutes
        rig.minute()
    raise AssertionError("nothing took the instances away")


@both_readings
@any_delay
def test_a_request_wakes_one_instance_and_idleness_takes_it_away(counts_running: bool, delay: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.minute(30)
    assert rig.variant.desired == 0, "nothing may start without a request"
    rig.variant.queued.append(3)
    rig.minute(1 + delay // 60)
    assert rig.variant.desired == 1
    rig.minute(5 + IDLE_MINUTES + delay // 60)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)
    rig.minute(60)
    assert rig.variant.desired == 0
    assert rig.state("speech-idle") == "OK", "without instances there is no data, which is not idleness"


@both_readings
@any_delay
@pytest.mark.parametrize("start_minutes", [0, 6], ids=["quick-start", "slow-start"])
def test_a_long_job_is_never_cut(counts_running: bool, delay: int, start_minutes: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.variant.start_minutes = start_minutes
    rig.variant.queued.append(59)
    rig.minute(120)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)


@both_readings
@pytest.mark.parametrize(
    ("instance_type", "gpu", "gpu_of_a_job"),
    [("ml.c7i.xlarge", False, 0.0), ("ml.g5.xlarge", True, 0.0), ("ml.g5.12xlarge", True, 1.0)],
    ids=["cpu-type", "decoding-on-a-gpu-type", "one-of-four-gpus-a-little"],
)
def test_a_job_is_seen_by_its_cpu_alone(
    counts_running: bool, instance_type: str, gpu: bool, gpu_of_a_job: float
) -> None:
    rig = recipe(counts_running=counts_running, instance_type=instance_type, gpu=gpu)
    rig.gpu_of_a_job = gpu_of_a_job
    rig.variant.queued.append(59)
    rig.minute(120)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)


@both_readings
@any_delay
def test_a_burst_scales_out_and_the_last_long_job_keeps_the_fleet(counts_running: bool, delay: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.variant.queued += [55] + [4] * 14
    most = 0
    for _ in range(54):
        rig.minute()
        most = max(most, rig.variant.current)
    assert most == 3
    assert rig.variant.current == 3, "one long job keeps all instances"
    rig.minute(30)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (15, 0, 0)


@both_readings
@any_delay
@pytest.mark.parametrize(("stop_minutes", "start_minutes"), [(0, 0), (3, 6)], ids=["at-once", "as-slow-as-sagemaker"])
def test_a_request_right_after_the_scale_in_wakes_it_again(
    counts_running: bool, delay: int, stop_minutes: int, start_minutes: int
) -> None:
    """The idle alarm stays in ALARM on old data points for a while, and a count that is changing cannot be changed:
    the wake alarm must not have spent its one transition on that. Its action is repeated once a minute."""
    for gap in range(5):
        rig = recipe(instances=1, counts_running=counts_running, delay=delay)
        rig.variant.one_change_at_a_time = True
        rig.variant.stop_minutes, rig.variant.start_minutes = stop_minutes, start_minutes
        until_asleep(rig)
        rig.minute(gap)
        rig.variant.queued.append(20)
        rig.minute(60)
        assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0), f"{gap} minutes after"


@both_readings
def test_a_wake_without_capacity_is_tried_again_until_there_is_some(counts_running: bool) -> None:
    rig = recipe(counts_running=counts_running)
    rig.variant.refusal = Refused("Unable to provision requested ML compute capacity.")
    rig.variant.queued.append(20)
    rig.minute(90)
    assert rig.variant.desired == 0
    rig.variant.refusal = None
    rig.minute(60)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)


@both_readings
@any_delay
def test_only_what_is_taken_up_in_the_last_minutes_before_the_scale_in_can_be_lost(
    counts_running: bool, delay: int
) -> None:
    """What no alarm can see: work whose first metric has not been published when the alarm fires. The next
    transcribe submits such a job again (src/aws/endpoint-work.ts)."""
    fires = until_asleep(recipe(instances=1, counts_running=counts_running, delay=delay))
    for before in range(1, fires):
        rig = recipe(instances=1, counts_running=counts_running, delay=delay)
        rig.minute(fires - before)
        rig.variant.queued.append(20)
        rig.minute(60)
        seen = before > delay // 60
        assert rig.variant.cut == (0 if seen else 1), f"taken up {before} minutes before"


def test_a_backlog_is_seen_before_the_utilisation_of_its_minute_has_arrived() -> None:
    def late(**options: Any) -> Rig:
        rig = recipe(instances=1, delay=0, **options)
        rig.utilisation_lag = 120.0
        return rig

    fires = until_asleep(late())
    for counts_running, cut in ((True, 0), (False, 1)):
        rig = late(counts_running=counts_running)
        rig.minute(fires - 1)
        rig.variant.queued.append(20)
        rig.minute(60)
        assert rig.variant.cut == cut


@both_readings
@any_delay
def test_silent_instances_are_not_taken_for_idle(counts_running: bool, delay: int) -> None:
    rig = recipe(instances=1, counts_running=counts_running, delay=delay)
    rig.minute(IDLE_MINUTES - 2)
    rig.silent_utilisation = True
    rig.minute(60)
    assert rig.variant.desired == 1


def test_idleness_goes_to_the_minimum_and_no_further() -> None:
    rig = recipe(instances=3, minimum=1)
    rig.minute(30)
    assert rig.variant.desired == 1


def test_filled_utilisation_never_scales_in_when_metrics_are_late() -> None:
    def fill(spec: Spec) -> None:
        idle_query(spec, "idle")["Expression"] = "IF(FILL(backlog,0)<1 AND FILL(gpu,100)<1 AND FILL(cpu,1000)<20, 1, 0)"

    rig = recipe(instances=1, change=fill, delay=0)
    rig.minute(10)
    assert rig.variant.desired == 0
    late = recipe(instances=1, change=fill, delay=60)
    late.minute(600)
    assert late.variant.desired == 1, "the newest minute is always filled as busy: a GPU that bills for ever"


def test_alarms_with_a_wrong_dimension_never_fire() -> None:
    def by_variant(spec: Spec) -> None:
        spec["alarms"][0]["Dimensions"].append({"Name": "VariantName", "Value": "AllTraffic"})

    rig = recipe(change=by_variant)
    rig.variant.queued.append(3)
    rig.minute(600)
    assert (rig.variant.desired, rig.variant.done) == (0, 0), "it waits for ever"

    def by_endpoint(spec: Spec) -> None:
        idle_query(spec, "cpu")["MetricStat"]["Metric"]["Dimensions"].pop()
        idle_query(spec, "gpu")["MetricStat"]["Metric"]["Dimensions"].pop()

    rig = recipe(instances=1, change=by_endpoint)
    rig.minute(600)
    assert (rig.variant.desired, rig.state("speech-idle")) == (1, "OK"), "it bills for ever, and the alarm is OK"


@pytest.mark.parametrize(("counts_running", "cut"), [(False, 1), (True, 0)])
def test_the_articles_recipe_cuts_a_running_job(counts_running: bool, cut: int) -> None:
    """Scale in when the backlog per instance is below 1 for a minute: the backlog falls when a job is picked up,
    unless those being worked on count, which AWS's pages tell both ways."""
    rig = Rig(instances=1, counts_running=counts_running)
    rig.register(0, 1)
    arn = rig.step_policy("article-in", 0, MetricIntervalUpperBound=0.0)
    rig.alarm(
        AlarmName="article-in",
        Namespace="AWS/SageMaker",
        MetricName="ApproximateBacklogSizePerInstance",
        Dimensions=[{"Name": key, "Value": value} for key, value in BY_ENDPOINT.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="LessThanThreshold",
        AlarmActions=[arn],
    )
    rig.variant.queued.append(10)
    rig.minute(5)
    assert rig.variant.cut == cut
