"""What happens behind an endpoint after a request was accepted: create, update (blue/green), scale and delete."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from local.aws.sagemaker.endpoint import Endpoint
from local.aws.sagemaker.fleet import Fleet
from local.aws.sagemaker.instances import Handler, StartError
from local.aws.sagemaker.store import Store

logger = logging.getLogger(__name__)


class Deployments:
    """Each deployment runs in a thread of its own; the endpoint's status says that it runs.

    `handler_for` gives what processes an endpoint's requests.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], handler_for: Callable[[Endpoint], Handler]) -> None:
        self._store = store
        self._now = now
        self._handler_for = handler_for

    def create(self, endpoint: Endpoint) -> None:
        """Creating -> InService, or Failed with a FailureReason."""
        self._run(endpoint, lambda: self._create(endpoint))

    def update(self, endpoint: Endpoint, fleet: Fleet, desired: int) -> None:
        """Updating -> InService on the new configuration, or RollingBack -> InService on the old one.

        The new fleet comes up beside the old one, which serves until the new one is healthy.
        """
        self.change(endpoint, "Updating")
        endpoint.pending, endpoint.pending_desired, endpoint.pending_since = fleet, desired, self._now()
        self._run(endpoint, lambda: self._update(endpoint, fleet, desired))

    def scale(self, endpoint: Endpoint, desired: int) -> None:
        """Updating -> InService with `desired` instances, or with those there are and a FailureReason."""
        self.change(endpoint, "Updating")
        endpoint.desired = desired
        self._run(endpoint, lambda: self._scale(endpoint, desired))

    def delete(self, endpoint: Endpoint) -> None:
        """Deleting -> gone."""
        self.change(endpoint, "Deleting")
        self._run(endpoint, lambda: self._delete(endpoint))

    def change(self, endpoint: Endpoint, status: str, reason: str | None = None) -> None:
        """Puts the endpoint into a state; `reason` becomes its FailureReason."""
        with self._store.lock:
            endpoint.status = status
            endpoint.failure_reason = reason[:1024] if reason else None
            endpoint.modified = self._now()

    def _create(self, endpoint: Endpoint) -> None:
        try:
            endpoint.fleet.grow(endpoint.desired)
        except StartError as error:
            endpoint.fleet.stop()
            self.change(endpoint, "Failed", str(error))
            return
        endpoint.fleet.serve(endpoint.queue, self._handler_for(endpoint))
        self.change(endpoint, "InService")

    def _update(self, endpoint: Endpoint, fleet: Fleet, desired: int) -> None:
        try:
            fleet.grow(desired)
        except StartError as error:
            self.change(endpoint, "RollingBack", str(error))
            fleet.stop()
            with self._store.lock:
                endpoint.pending = None
                self.change(endpoint, "InService", str(error))
            return
        with self._store.lock:
            old, endpoint.fleet, endpoint.pending = endpoint.fleet, fleet, None
            endpoint.config_name = fleet.config.name
            endpoint.desired = desired
        fleet.serve(endpoint.queue, self._handler_for(endpoint))
        old.stop()
        self.change(endpoint, "InService")

    def _scale(self, endpoint: Endpoint, desired: int) -> None:
        fleet = endpoint.fleet
        fleet.shrink(desired)
        try:
            fleet.grow(desired)
        except StartError as error:
            with self._store.lock:
                endpoint.desired = len(fleet.instances)
                self.change(endpoint, "InService", str(error))
            return
        self.change(endpoint, "InService")

    def _delete(self, endpoint: Endpoint) -> None:
        endpoint.fleet.stop()
        with self._store.lock:
            self._store.endpoints.pop(endpoint.name, None)
            self._store.tags.pop(endpoint.arn, None)

    def _run(self, endpoint: Endpoint, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception:
                logger.exception("the deployment of endpoint %s failed inside the local AWS", endpoint.name)
                self.change(
                    endpoint,
                    "Failed",
                    "Request to service failed. If failure persists after retry, contact customer support.",
                )

        threading.Thread(target=guarded, name=f"deploy-{endpoint.name}", daemon=True).start()
