"""Endpoint states that AWS brings about by itself (patching, hardware, failed roll-backs), set by tests."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from local.aws.clock import Clock
from local.aws.sagemaker.deployment import Deployments
from local.aws.sagemaker.endpoint import IN_PROGRESS, Endpoint
from local.aws.sagemaker.store import Store

STEADY = ("InService", "OutOfService", "UpdateRollbackFailed", "Failed")
SECONDS = 60.0


class EndpointStates:
    """Puts an endpoint into a state and, if that is one of passing states, takes it out again."""

    def __init__(self, store: Store, clock: Clock, deployments: Deployments) -> None:
        self._store = store
        self._clock = clock
        self._deployments = deployments
        self._held: dict[str, datetime] = {}

    def set(self, name: str, params: dict[str, Any]) -> None:
        """`status`, optional `reason` (FailureReason) and, for passing states, `seconds` (simulated, default 60).

        A passing state ends in InService, Deleting in the endpoint being gone. In Failed the instances are gone too.
        KeyError for an unknown endpoint, ValueError for an unknown state or while a deployment is really running.
        """
        status, reason = params["status"], params.get("reason")
        if status not in (*STEADY, *IN_PROGRESS):
            raise ValueError(f"status {status!r} is unknown; use one of {', '.join((*STEADY, *IN_PROGRESS))}")
        if reason is not None and not isinstance(reason, str):
            raise ValueError("reason must be a string")
        seconds = float(params.get("seconds", SECONDS))
        with self._store.lock:
            endpoint = self._store.endpoints[name]
            if endpoint.status in (*IN_PROGRESS, "Failed") and name not in self._held:
                raise ValueError(f"endpoint {name} is {endpoint.status} by itself and cannot be put into {status}")
            self._deployments.change(endpoint, status, reason)
            # Whoever is to end an earlier passing state finds another moment here and leaves this one alone.
            self._held.pop(name, None)
            if status in IN_PROGRESS:
                self._held[name] = until = self._clock.now()
                self._start(lambda: self._pass(endpoint, until, seconds))
            elif status == "Failed":
                self._start(endpoint.fleet.stop)

    def _pass(self, endpoint: Endpoint, since: datetime, seconds: float) -> None:
        self._clock.sleep(seconds)
        with self._store.lock:
            if self._held.get(endpoint.name) != since:
                return
            del self._held[endpoint.name]
            if endpoint.status == "Deleting":
                self._deployments.delete(endpoint)
            else:
                self._deployments.change(endpoint, "InService", endpoint.failure_reason)

    def _start(self, work: Any) -> None:
        threading.Thread(target=work, name="endpoint-state", daemon=True).start()
