"""The metrics that SageMaker publishes of an asynchronous endpoint, once a simulated minute.

Names and dimensions: developer guide, "Monitor asynchronous endpoint" and "Endpoint instance metrics".
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from local.aws.clock import Clock
from local.aws.cloudwatch.metrics import MetricStore
from local.aws.sagemaker.endpoint import Endpoint
from local.aws.sagemaker.instance_types import gpus, vcpus
from local.aws.sagemaker.store import Store

MINUTE = timedelta(minutes=1)
ASYNC = "AWS/SageMaker"
HOST = "/aws/sagemaker/Endpoints"
IDLE_CPU = 1.0


class EndpointMetrics:
    """`counts_running`: whether a request being worked on is backlog. AWS's own pages say both.

    `counts_running_of` says it of single endpoints, so that a test can watch both side by side.
    """

    def __init__(self, store: Store, clock: Clock, metrics: MetricStore) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._stop = threading.Event()
        self.counts_running = True
        self.counts_running_of: dict[str, bool] = {}

    def start(self) -> None:
        """Publishes every full simulated minute until stop()."""
        threading.Thread(target=self._run, name="endpoint-metrics", daemon=True).start()

    def stop(self) -> None:
        """Ends publishing."""
        self._stop.set()

    def publish(self, at: datetime) -> None:
        """The minute that ends at `at`, for every endpoint that was ever in service."""
        with self._store.lock:
            endpoints = [
                e for e in self._store.endpoints.values() if e.status not in ("Creating", "Failed", "Deleting")
            ]
            for endpoint in endpoints:
                self._publish_backlog(endpoint, at)
                self._publish_hosts(endpoint, at)

    def _run(self) -> None:
        due = self._clock.now() + MINUTE
        while not self._clock.wait(self._stop, (due - self._clock.now()).total_seconds()):
            # At a high speed several minutes may be over; each of them gets its datapoints.
            while due <= self._clock.now():
                self.publish(due - MINUTE / 2)
                due += MINUTE

    def _publish_backlog(self, endpoint: Endpoint, at: datetime) -> None:
        backlog = endpoint.queue.backlog()
        counts_running = self.counts_running_of.get(endpoint.name, self.counts_running)
        size = backlog.waiting + (backlog.running if counts_running else 0)
        instances = endpoint.fleet.in_service
        values = {
            "ApproximateBacklogSize": (float(size), "Count"),
            "HasBacklogWithoutCapacity": (1.0 if size and not instances else 0.0, "Count"),
        }
        if instances:
            values["ApproximateBacklogSizePerInstance"] = (size / instances, "Count")
        if backlog.oldest is not None:
            age = max(0.0, (self._clock.now() - backlog.oldest).total_seconds())
            values["ApproximateAgeOfOldestRequest"] = (age, "Seconds")
        for name, (value, unit) in values.items():
            self._metrics.put(ASYNC, name, {"EndpointName": endpoint.name}, value, unit, at)

    def _publish_hosts(self, endpoint: Endpoint, at: datetime) -> None:
        """Utilisation per instance: a busy one uses its GPUs and, on a CPU type, all its vCPUs."""
        dimensions = {"EndpointName": endpoint.name, "VariantName": endpoint.variant_name}
        for instance in endpoint.fleet.instances:
            if instance.state == "Starting":
                continue
            busy = instance.busy_since(at - MINUTE)
            gpu_count = gpus(instance.instance_type)
            # A GPU type's work keeps about one core busy with feeding the GPU.
            cpu = 100.0 * (1 if gpu_count else vcpus(instance.instance_type)) if busy else IDLE_CPU
            self._metrics.put(HOST, "CPUUtilization", dimensions, cpu, "Percent", at)
            self._metrics.put(HOST, "MemoryUtilization", dimensions, 30.0 if busy else 20.0, "Percent", at)
            if gpu_count:
                self._metrics.put(HOST, "GPUUtilization", dimensions, 100.0 * gpu_count if busy else 0.0, "Percent", at)
