"""A client's view of the local AWS, and the few calls that every test of it begins with."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.client
import json
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local import processes
from local.paths import REPOSITORY_ROOT
from local.registry import docker_registry

REGION = "us-east-1"
SECONDS = 60
KEY = "AKIATHEKEYOFMOSTTEST"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:*"}]}
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Session:
    """A running server: its address, the address that images carry, its process and the registry behind it."""

    url: str
    images: str
    server: processes.Process
    registry: docker_registry.Registry


@contextmanager
def running(state: Path) -> Iterator[Session]:
    """A registry and a server of one's own in `state`, with instances as processes."""
    try:
        store = docker_registry.start(state)
        argv = [sys.executable, "-m", "local.server", "--port", "0", "--state", state, "--engine", "process"]
        argv += ["--registry", store.address, "--registry-password-file", store.password_file]
        server = processes.start(state, "server", argv, cwd=REPOSITORY_ROOT)
        ready = state / "server.json"
        processes.wait_until(ready.exists, server, "ready")
        found = json.loads(ready.read_text())
        yield Session(f"http://127.0.0.1:{found['port']}", found["registry"], server, store)
    finally:
        processes.stop(state, "server")
        processes.stop(state, docker_registry.NAME)


@functools.cache
def _client(url: str, service: str, region: str, key: str) -> Any:
    """Making one costs more than most tests do, and a client may be shared."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


class Aws:
    """Names made with `name()` are used by one test only."""

    def __init__(self, session: Session, region: str = REGION) -> None:
        self.session = session
        self.unique = secrets.token_hex(4)
        self.s3 = self.client("s3")
        self.sagemaker = self.client("sagemaker")
        self.runtime = self.client("sagemaker-runtime")
        self.ecr = self.client("ecr")
        self._endpoints: list[str] = []

    def client(self, service: str, region: str = REGION, key: str | None = None) -> Any:
        """A boto3 client that sends everything once: what is wrong in it is for the server to refuse."""
        return _client(self.session.url, service, region, key or KEY)

    def name(self, kind: str) -> str:
        """A name that no other test uses."""
        return f"{kind}-{self.unique}"

    def control(self, path: str, body: Any = None) -> Any:
        """A call of the control API: POST with a body, GET without."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.session.url}/_local/{path}", data=data, timeout=30) as answer:
            return json.load(answer)

    @contextmanager
    def speed(self, speed: float) -> Iterator[None]:
        """Time runs faster in this block."""
        self.control("clock", {"speed": speed})
        try:
            yield
        finally:
            self.control("clock", {"speed": 1})

    def reset(self) -> None:
        """Deletes this test's endpoints and turns every switch back."""
        kinds = ("ml.g5.xlarge", "ml.g6.xlarge", "ml.g4dn.xlarge")
        for switch in ("capacity", "quota"):
            self.control(switch, dict.fromkeys(kinds))
        self.control("backlog", {"counts_running": True})
        self.control("registry", {"password": None})
        self.control("faults", {})
        for name in self._endpoints:
            try:
                wait(lambda name=name: self.status(name) not in ("Creating", "Updating", "RollingBack"))
                self.sagemaker.delete_endpoint(EndpointName=name)
            except ClientError:
                continue

    def bucket(self) -> str:
        """This test's bucket; made by the first call."""
        name = self.name("bucket")
        self.s3.create_bucket(Bucket=name)
        return name

    def role(self, trust: Any = TRUST) -> str:
        """The ARN of an execution role, made by the first call."""
        iam = self.client("iam")
        name = self.name("role")
        try:
            return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        except ClientError:
            return iam.get_role(RoleName=name)["Role"]["Arn"]

    def repository(self, mutability: str = "MUTABLE") -> str:
        """A repository whose name makes the process engine run the instant server."""
        name = f"{self.name('repo')}/instant"
        self.ecr.create_repository(repositoryName=name, imageTagMutability=mutability)
        return name

    def push(self, repository: str, tag: str, content: bytes = b"one") -> str:
        """Pushes an image of one layer as a Docker client does; its digest. AssertionError if that is refused."""
        status, body = push(self.session.images, self.token(), repository, tag, content)
        assert status == 201, body
        return f"sha256:{hashlib.sha256(manifest(content)).hexdigest()}"

    def token(self) -> str:
        """What GetAuthorizationToken hands out."""
        return self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]

    def image(self) -> str:
        """The URI of a pushed image, by digest."""
        repository = self.repository()
        return f"{self.session.images}/{repository}@{self.push(repository, 'v1')}"

    def model(self, name: str = "model", *, image: str | None = None, env: Any = None, **container: Any) -> str:
        """A model of the instant image; its name."""
        model = self.name(name)
        primary = {"Image": image or self.image(), "Environment": env or {}, **container}
        self.sagemaker.create_model(ModelName=model, ExecutionRoleArn=self.role(), PrimaryContainer=primary)
        return model

    def config(self, name: str, model: str, slots: int = 1, output: Any = None, kms: str = "", **variant: Any) -> str:
        """An asynchronous endpoint configuration; its name. `output` adds to its OutputConfig."""
        config = self.name(name)
        bucket = self.bucket()
        production = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InstanceType": "ml.g5.xlarge",
            "InitialInstanceCount": 1,
            "ContainerStartupHealthCheckTimeoutInSeconds": 3600,
            **variant,
        }
        if "InstancePools" in variant:
            del production["InstanceType"]
            production.setdefault("RoutingConfig", {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"})
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[production],
            AsyncInferenceConfig={
                "OutputConfig": {
                    "S3OutputPath": f"s3://{bucket}/output",
                    "S3FailurePath": f"s3://{bucket}/failure/",
                    **(output or {}),
                },
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": slots},
            },
            **({"KmsKeyId": kms} if kms else {}),
        )
        return config

    def start(self, config: str, name: str = "endpoint") -> str:
        """CreateEndpoint without waiting; the endpoint's name."""
        endpoint = self.name(name)
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        self._endpoints.append(endpoint)
        return endpoint

    def endpoint(self, slots: int = 1, env: Any = None, **variant: Any) -> str:
        """An endpoint of the instant image, InService; its name."""
        endpoint = self.start(self.config("config", self.model(env=env), slots, **variant))
        assert self.settled(endpoint)["EndpointStatus"] == "InService"
        return endpoint

    def describe(self, endpoint: str) -> dict[str, Any]:
        """DescribeEndpoint."""
        return self.sagemaker.describe_endpoint(EndpointName=endpoint)

    def status(self, endpoint: str) -> str:
        """Its EndpointStatus."""
        return self.describe(endpoint)["EndpointStatus"]

    def settled(self, endpoint: str) -> dict[str, Any]:
        """DescribeEndpoint once no operation is in progress."""
        wait(lambda: self.status(endpoint) in ("InService", "Failed"))
        return self.describe(endpoint)

    def invoke(self, endpoint: str, body: bytes = b"audio", **params: Any) -> dict[str, Any]:
        """InvokeEndpointAsync of an object with this body."""
        key = f"input/{secrets.token_hex(8)}"
        self.s3.put_object(Bucket=self.name("bucket"), Key=key, Body=body)
        location = f"s3://{self.name('bucket')}/{key}"
        params.setdefault("ContentType", "audio/mpeg")
        return self.runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=location, **params)

    def read(self, uri: str) -> bytes | None:
        """The object's content; None while there is none."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def wait_for(self, uri: str) -> bytes:
        """The object's content once it is there."""
        wait(lambda: self.read(uri) is not None)
        content = self.read(uri)
        assert content is not None
        return content


def wait(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Polls until the condition is true. AssertionError after `seconds`, which is only there to end a broken test."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.05)


@contextmanager
def refused(code: str, *texts: str) -> Iterator[None]:
    """The block must fail with this AWS error, its message having these texts."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for text in texts:
        assert text in error["Message"], error


def manifest(content: bytes, media_type: str = MANIFEST_TYPE) -> bytes:
    """An image's manifest whose config and only layer are `content`."""
    part = {"mediaType": "application/octet-stream", "size": len(content), "digest": digest(content)}
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "config": part, "layers": [part]}).encode()


def digest(content: bytes) -> str:
    """As registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push(
    host: str, token: str, repository: str, tag: str, content: bytes, media_type: str = MANIFEST_TYPE
) -> tuple[int, str]:
    """The blob, in chunks of unknown total length as Docker sends it, then the manifest; the last answer."""
    connection = http.client.HTTPConnection(host, timeout=30)
    headers = {"Authorization": f"Basic {token}"}

    def call(method: str, path: str, body: Any = None, **more: str) -> tuple[int, str, str]:
        connection.request(
            method, path, body=body, headers={**headers, **more}, encode_chunked=not isinstance(body, bytes)
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Location") or ""

    try:
        status, text, place = call("POST", f"/v2/{repository}/blobs/uploads/", b"")
        if status != 202:
            return status, text
        status, text, place = call("PATCH", path_of(place), iter([content]), **{"Transfer-Encoding": "chunked"})
        assert status == 202, text
        status, text, _ = call("PUT", f"{path_of(place)}&digest={digest(content)}", b"")
        assert status == 201, text
        status, text, _ = call(
            "PUT", f"/v2/{repository}/manifests/{tag}", manifest(content, media_type), **{"Content-Type": media_type}
        )
        return status, text
    finally:
        connection.close()


def path_of(location: str) -> str:
    """A Location header's path and query."""
    return "/" + location.split("/", 3)[3] if location.startswith("http") else location


def basic(user: str, password: str) -> str:
    """A Basic token."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()
