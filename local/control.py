"""The control API under /_local/: how tests move time, take capacity away, expire keys and look inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.s3.models import s3_backends
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Request, Response

from local.aws.clock import Clock
from local.aws.credentials import Credentials
from local.aws.ecr.registries import Registries
from local.aws.faults import Faults
from local.aws.requests_log import RequestsLog
from local.aws.s3.service import secure
from local.aws.sagemaker.capacity import Capacity
from local.aws.sagemaker.metrics import EndpointMetrics
from local.aws.sagemaker.network import network
from local.aws.sagemaker.states import EndpointStates
from local.aws.sagemaker.store import Store
from local.aws.sts import Sts

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]


class Control:
    """A WSGI application. Every answer is a JSON object; what is wrong in a request is a 400 with its reason."""

    def __init__(
        self,
        clock: Clock,
        log: RequestsLog,
        credentials: Credentials,
        faults: Faults,
        capacity: Capacity,
        metrics: EndpointMetrics,
        store: Store,
        states: EndpointStates,
        registries: Registries,
        sts: Sts,
    ) -> None:
        self._clock = clock
        self._log = log
        self._credentials = credentials
        self._faults = faults
        self._capacity = capacity
        self._metrics = metrics
        self._store = store
        self._states = states
        self._registries = registries
        self._sts = sts
        self._posts: dict[str, Handler] = {
            "clock": self._set_clock,
            "backlog": self._set_backlog,
            "capacity": self._set_capacity,
            "quota": self._set_quota,
            "bucket": self._make_bucket,
            "credentials": self._mark_credentials,
            "registry": self._set_registry,
            "issuer": self._know_issuer,
            "sessions": self._set_sessions,
            "faults": self._set_fault,
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = Response(json.dumps(self._answer(request)), content_type="application/json")
        except (ValueError, KeyError, TypeError) as error:
            message = json.dumps({"error": f"{type(error).__name__}: {error}"})
            answer = Response(message, status=400, content_type="application/json")
        except HTTPException as error:
            answer = error.get_response()
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Mapping[str, Any]:
        name, _, rest = request.path.removeprefix("/_local/").partition("/")
        if request.method == "POST" and name in self._posts:
            return self._posts[name](json.loads(request.get_data()))
        if request.method == "POST" and name == "endpoints" and rest:
            return self._set_endpoint(rest, json.loads(request.get_data()))
        if request.method == "GET" and name == "faults":
            return {"faults": self._faults.left()}
        if request.method == "GET" and name == "requests":
            return self._log.since(int(request.args.get("since", "0")))
        if request.method == "GET" and name == "network":
            known = network(self._store.account, self._store.region)
            return {"subnets": list(known["subnet"]), "security_groups": list(known["security group"])}
        if request.method == "GET" and name == "clock":
            return self._tell_clock()
        if request.method == "GET" and name == "endpoints":
            return self._tell_endpoint(rest)
        raise NotFound(f"the control API has no {request.method} {request.path}")

    def _tell_clock(self) -> dict[str, Any]:
        return {"speed": self._clock.speed, "now": self._clock.now().isoformat()}

    def _set_clock(self, params: dict[str, Any]) -> dict[str, Any]:
        self._clock.speed = params["speed"]
        return self._tell_clock()

    def _set_backlog(self, params: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(params["counts_running"], bool):
            raise ValueError("counts_running must be true or false")
        if "endpoint" in params:
            self._metrics.counts_running_of[str(params["endpoint"])] = params["counts_running"]
        else:
            self._metrics.counts_running = params["counts_running"]
        return params

    def _set_capacity(self, params: dict[str, Any]) -> dict[str, Any]:
        self._capacity.limit_capacity(params)
        return params

    def _set_quota(self, params: dict[str, Any]) -> dict[str, Any]:
        self._capacity.limit_quota(params)
        return params

    def _make_bucket(self, params: dict[str, Any]) -> dict[str, Any]:
        account = params.get("account", self._store.account)
        region = params.get("region", self._store.region)
        if params["name"] in s3_backends.bucket_accounts:
            raise ValueError(f"the bucket {params['name']} exists already")
        s3_backends[account]["aws"].create_bucket(params["name"], region)
        secure(account, params["name"])
        return {"name": params["name"], "region": region, "account": account}

    def _mark_credentials(self, params: dict[str, Any]) -> dict[str, Any]:
        self._credentials.mark(params["access_key_id"], params["state"], params.get("denied", ()))
        return params

    def _know_issuer(self, params: dict[str, Any]) -> dict[str, Any]:
        self._sts.know(params["url"], params["keys"])
        return {}

    def _set_sessions(self, params: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(params["seconds"], int | None):
            raise ValueError("seconds must be a whole number, or null for what is asked for")
        self._sts.session_seconds = params["seconds"]
        return {}

    def _set_registry(self, params: dict[str, Any]) -> dict[str, Any]:
        if "keep" in params:
            self._registries.keep(params["account"], params["keep"])
            return {}
        if "account" in params:
            return {"registry": self._registries.share(params["account"], params["repository"], params.get("kept"))}
        if not isinstance(params["password"], str | None):
            raise ValueError("password must be a string, or null for the right one")
        self._registries.own.hand_out(params["password"])
        return {}

    def _set_fault(self, params: dict[str, Any]) -> dict[str, Any]:
        if params:
            self._faults.set(params)
        else:
            self._faults.clear()
        return {"faults": self._faults.left()}

    def _set_endpoint(self, name: str, params: dict[str, Any]) -> dict[str, Any]:
        self._states.set(name, params)
        return params

    def _tell_endpoint(self, name: str) -> dict[str, Any]:
        with self._store.lock:
            endpoint = self._store.endpoints.get(name)
            if endpoint is None:
                raise NotFound(f"there is no endpoint {name}")
            backlog = endpoint.queue.backlog()
            fleets = [endpoint.fleet] + ([endpoint.pending] if endpoint.pending else [])
            return {
                "status": endpoint.status,
                "failure_reason": endpoint.failure_reason,
                "config": endpoint.config_name,
                "desired": endpoint.desired,
                "in_service": endpoint.fleet.in_service,
                "queued": backlog.waiting,
                "running": backlog.running,
                "expired": endpoint.queue.expired,
                "instances": [
                    {
                        "id": instance.id,
                        "state": instance.state,
                        "url": instance.url,
                        "type": instance.instance_type,
                        "config": fleet.config.name,
                    }
                    for fleet in fleets
                    for instance in fleet.instances
                ],
            }
