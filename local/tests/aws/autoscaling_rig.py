"""A variant whose jobs, instances and metrics move by hand, minute by minute, with the real scaling around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from local.aws.autoscaling import api as autoscaling
from local.aws.autoscaling.endpoints import Busy
from local.aws.autoscaling.install import Region
from local.aws.autoscaling.registry import Registry
from local.aws.autoscaling.scaler import Scaler
from local.aws.clock import Clock
from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.metrics import MetricStore

ENDPOINT = "speech"
VARIANT = "AllTraffic"
RESOURCE = f"endpoint/{ENDPOINT}/variant/{VARIANT}"
SCALABLE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
BY_ENDPOINT = {"EndpointName": ENDPOINT}
BY_VARIANT = {"EndpointName": ENDPOINT, "VariantName": VARIANT}
START = datetime(2026, 11, 23, 6, 0, tzinfo=timezone.utc)


class HandClock(Clock):
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(start=START, real=lambda: self.seconds)


@dataclass
class Variant:
    """The Endpoints protocol over one variant. A job is the minutes of work left; one job an instance at a time."""

    desired: int = 1
    current: int = 1
    busy: bool = False
    refusal: Exception | None = None
    failure: str | None = None
    start_minutes: int = 0
    stop_minutes: int = 0
    # SageMaker refuses a change of the count while another one is under way: its status is Updating.
    one_change_at_a_time: bool = False
    queued: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    cut: int = 0
    done: int = 0
    _starting: int = 0
    _stopping: int = 0

    def _known(self, endpoint: str, variant: str) -> bool:
        return (endpoint, variant) == (ENDPOINT, VARIANT)

    def desired_instance_count(self, endpoint: str, variant: str) -> int | None:
        return self.desired if self._known(endpoint, variant) else None

    def current_instance_count(self, endpoint: str, variant: str) -> int | None:
        return self.current if self._known(endpoint, variant) else None

    def failure_reason(self, endpoint: str, variant: str) -> str | None:
        return self.failure

    def set_desired_instance_count(self, endpoint: str, variant: str, count: int) -> None:
        changing = self._stopping > 0 or self.current < self.desired
        if self.busy or (self.one_change_at_a_time and changing):
            raise Busy('Cannot update in-progress endpoint "speech".')
        if self.refusal is not None:
            raise self.refusal
        self.desired = count
        self._starting = self.start_minutes
        if count < self.current:
            self.current = count
            self._stopping = self.stop_minutes
            while len(self.running) > count:
                self.running.pop()
                self.cut += 1

    def work(self) -> None:
        """One minute: instances that were started arrive, running jobs go on, free instances take queued ones."""
        self._stopping = max(0, self._stopping - 1)
        if self.current < self.desired:
            if self._starting:
                self._starting -= 1
            else:
                self.current = self.desired
        self.running = [left - 1 for left in self.running]
        self.done += self.running.count(0)
        self.running = [left for left in self.running if left]
        while self.queued and len(self.running) < self.current:
            self.running.append(self.queued.pop(0))


class Rig:
    """`counts_running`: whether a request that is being worked on counts as backlog (AWS's pages say both)."""

    def __init__(
        self, *, instances: int = 1, counts_running: bool = True, gpu: bool = True, delay: float = 60.0
    ) -> None:
        self.clock = HandClock()
        self.store = MetricStore(self.clock, delay)
        self.variant = Variant(desired=instances, current=instances)
        registry = Registry("us-east-1", "123456789012")
        scaler = Scaler(registry, self.variant)
        alarms = Alarms("us-east-1", "123456789012", self.store, scaler.act)
        self.region = Region(self.clock, self.store, alarms, registry, self.variant, scaler)
        self.counts_running = counts_running
        self.gpu = gpu
        self.silent_utilisation = False
        # Seconds by which utilisation comes later than the queue's metrics.
        self.utilisation_lag = 0.0
        # Percent of one GPU that a job uses; its audio is decoded on the CPU alone.
        self.gpu_of_a_job = 88.0

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """An Application Auto Scaling operation, by its method's name."""
        return autoscaling.OPERATIONS[operation](self.region, params)

    def alarm(self, **request: Any) -> Any:
        return self.region.alarms.put(request, self.clock.now())

    def state(self, name: str) -> str:
        return self.region.alarms.find([name])[0].state

    def tick(self) -> None:
        self.region.tick(self.clock.now())

    def minute(self, count: int = 1) -> None:
        """Minutes of the endpoint's life, each with its metrics published at its end, then an evaluation."""
        for _ in range(count):
            self.variant.work()
            self.clock.seconds += 59
            self.publish()
            self.clock.seconds += 1
            self.tick()

    def publish(self) -> None:
        variant = self.variant
        backlog = len(variant.queued) + (len(variant.running) if self.counts_running else 0)
        waiting = float(variant.current == 0 and backlog > 0)
        self.store.put("AWS/SageMaker", "HasBacklogWithoutCapacity", BY_ENDPOINT, waiting)
        self.store.put("AWS/SageMaker", "ApproximateBacklogSize", BY_ENDPOINT, backlog)
        if variant.current:
            each = backlog / variant.current
            self.store.put("AWS/SageMaker", "ApproximateBacklogSizePerInstance", BY_ENDPOINT, each)
        self.store.delay += self.utilisation_lag
        for instance in range(0 if self.silent_utilisation else variant.current):
            working = instance < len(variant.running)
            host = "/aws/sagemaker/Endpoints"
            self.store.put(host, "CPUUtilization", BY_VARIANT, 97.0 if working else 0.4, "Percent")
            if self.gpu:
                self.store.put(host, "GPUUtilization", BY_VARIANT, self.gpu_of_a_job if working else 0.0, "Percent")
        self.store.delay -= self.utilisation_lag

    def register(self, minimum: int = 0, maximum: int = 1) -> None:
        self.call("register_scalable_target", **SCALABLE, MinCapacity=minimum, MaxCapacity=maximum)

    def step_policy(self, name: str, capacity: int, **bounds: float) -> str:
        """An ExactCapacity step policy; returns its ARN."""
        adjustments = [{"ScalingAdjustment": capacity, **(bounds or {"MetricIntervalLowerBound": 0.0})}]
        config = {"AdjustmentType": "ExactCapacity", "StepAdjustments": adjustments, "Cooldown": 0}
        return self.call(
            "put_scaling_policy",
            **SCALABLE,
            PolicyName=name,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration=config,
        )["PolicyARN"]


def steps(kind: str, *intervals: tuple[float | None, float | None, int], **more: Any) -> dict[str, Any]:
    """A step policy's configuration; an interval is (lower bound, upper bound, adjustment)."""
    adjustments = []
    for low, high, adjustment in intervals:
        step: dict[str, Any] = {"ScalingAdjustment": adjustment}
        step |= {} if low is None else {"MetricIntervalLowerBound": low}
        step |= {} if high is None else {"MetricIntervalUpperBound": high}
        adjustments.append(step)
    return {"AdjustmentType": kind, "StepAdjustments": adjustments, **more}
