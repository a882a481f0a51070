"""Which AWS operation an HTTP request is, told from botocore's service models."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl

import botocore.loaders
import botocore.model
from werkzeug.wrappers import Request

# SigV4 signing name -> botocore's folder, for the services that the action calls. Others are logged by their target.
MODELS = {
    "sagemaker": "sagemaker",
    "s3": "s3",
    "ecr": "ecr",
    "sts": "sts",
    "iam": "iam",
    "logs": "logs",
    "sns": "sns",
    "monitoring": "cloudwatch",
    "application-autoscaling": "application-autoscaling",
    "servicequotas": "service-quotas",
    "ec2": "ec2",
}
RUNTIME = "sagemaker-runtime"
READING = ("Get", "List", "Describe", "Head", "BatchGet", "BatchCheck", "Search", "AssumeRole", "Simulate", "Filter")

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """One request's caller and operation. `access_key` is None when the request is not signed."""

    service: str
    operation: str
    protocol: str
    region: str
    access_key: str | None

    @property
    def mutating(self) -> bool:
        """Whether the operation changes anything, by its name."""
        return not self.operation.startswith(READING)


@functools.cache
def service_model(name: str) -> botocore.model.ServiceModel:
    """botocore's model of a service: its operations, shapes, ranges and enums."""
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)


def identify(request: Request) -> Call:
    """The call that a request makes; its service is 's3' where nothing says otherwise, as in moto."""
    access_key, region, service = _scope(request)
    target = request.headers.get("X-Amz-Target", "")
    if target:
        name = service or target.partition("_")[0].partition(".")[0].lower()
        return Call(name, target.rpartition(".")[2], "json", region, access_key)
    if service == "sagemaker":
        match = re.fullmatch(r"/endpoints/[^/]+/(async-)?invocations", request.path)
        operation = ("InvokeEndpointAsync" if match[1] else "InvokeEndpoint") if match else "Unknown"
        return Call(RUNTIME, operation, "rest-json", region, access_key)
    action = _query_action(request)
    if action:
        unsigned = "sts" if action.startswith("AssumeRole") else "unknown"
        return Call(service or unsigned, action, "query", region, access_key)
    if service in (None, "s3"):
        return Call("s3", _s3_operation(request), "rest-xml", region, access_key)
    return Call(service, f"{request.method} {request.path}", "rest-json", region, access_key)


def _scope(request: Request) -> tuple[str | None, str, str | None]:
    """Access key, region and service of a SigV4 header or of a presigned URL."""
    found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if found is None and (presigned := request.args.get("X-Amz-Credential")):
        found = _CREDENTIAL.search(f"Credential={presigned}")
    if found is None:
        return None, "us-east-1", None
    return found[1], found[3], found[4]


def _query_action(request: Request) -> str | None:
    if "Action" in request.args:
        return request.args["Action"]
    if request.method != "POST" or not request.content_type:
        return None
    if not request.content_type.startswith("application/x-www-form-urlencoded"):
        return None
    # get_data(cache=True) keeps the body so that it can be passed on.
    form = parse_qs(request.get_data(cache=True, parse_form_data=False).decode("utf-8", "replace"))
    return form.get("Action", [None])[0]


@functools.cache
def _s3_routes(method: str, depth: int) -> list[tuple[frozenset[tuple[str, str]], frozenset[str], frozenset[str], str]]:
    """The S3 operations of this method and so many path parts: (literal query, required query, required headers, name).

    The one with the most marks comes first, so that the first that fits is the one that is meant.
    """
    routes = []
    model = service_model("s3")
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.deprecated:
            continue
        path, _, query = operation.http["requestUri"].partition("?")
        parts = 2 if "{Key" in path else 1 if "{Bucket}" in path else 0
        if operation.http["method"] != method or parts != depth:
            continue
        literal = frozenset(parse_qsl(query, keep_blank_values=True)) - {("x-id", name)}
        required_query, required_headers = set(), set()
        shape = operation.input_shape
        for member in shape.required_members if shape else ():
            where = shape.members[member].serialization
            if where.get("location") == "querystring":
                required_query.add(where["name"])
            elif where.get("location") == "header":
                required_headers.add(where["name"])
        routes.append((literal, frozenset(required_query), frozenset(required_headers), name))
    return sorted(routes, key=lambda route: -sum(len(marks) for marks in route[:3]))


def _s3_operation(request: Request) -> str:
    """The S3 operation with the most of its marks (query and headers) on this request."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    query = request.args.to_dict()
    for literal, required_query, required_headers, name in _s3_routes(request.method, 2 if key else 1 if bucket else 0):
        if not literal <= query.items() or not required_query <= query.keys():
            continue
        if all(header in request.headers for header in required_headers):
            return name
    return f"{request.method} /"
