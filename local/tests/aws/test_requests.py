"""The log of requests, refused credentials, and the control API itself."""

from __future__ import annotations

import http.client
import json
import urllib.error

import pytest
from botocore.exceptions import ClientError

from local.tests.aws.aws_rig import Aws, refused


def logged(aws: Aws, since: int) -> list[tuple[str, str, bool, int]]:
    found = aws.control(f"requests?since={since}")["requests"]
    return [(r["service"], r["operation"], r["mutating"], r["status"]) for r in found]


def test_every_request_is_logged_with_its_operation(aws: Aws) -> None:
    since = aws.control("requests")["next"]
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="a/b", Body=b"12345")
    aws.s3.get_object(Bucket=bucket, Key="a/b")["Body"].read()
    aws.s3.head_object(Bucket=bucket, Key="a/b")
    aws.s3.list_objects_v2(Bucket=bucket)
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    aws.s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"x")
    aws.s3.copy_object(Bucket=bucket, Key="d", CopySource=f"{bucket}/a/b")
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)
    with pytest.raises(ClientError):
        aws.sagemaker.describe_model(ModelName="nope")
    with pytest.raises(ClientError):
        aws.runtime.invoke_endpoint_async(EndpointName="nope", InputLocation="s3://b/k")
    aws.client("sts").get_caller_identity()
    assert logged(aws, since) == [
        ("s3", "CreateBucket", True, 200),
        ("s3", "PutObject", True, 200),
        ("s3", "GetObject", False, 200),
        ("s3", "HeadObject", False, 200),
        ("s3", "ListObjectsV2", False, 200),
        ("s3", "CreateMultipartUpload", True, 200),
        ("s3", "UploadPart", True, 200),
        ("s3", "CopyObject", True, 200),
        ("s3", "PutBucketLifecycleConfiguration", True, 200),
        ("sagemaker", "DescribeModel", False, 400),
        ("sagemaker-runtime", "InvokeEndpointAsync", True, 400),
        ("sts", "GetCallerIdentity", False, 200),
    ]
    entries = aws.control(f"requests?since={since}")["requests"]
    assert entries[1]["bytes_in"] == 5
    assert entries[2]["bytes_out"] == 5
    assert entries[0]["n"] == since


def test_a_request_is_logged_with_its_action_and_what_it_names_and_nothing_else(aws: Aws) -> None:
    bucket, model, image = aws.bucket(), aws.name("model"), aws.image()
    since = aws.control("requests")["next"]
    tags = [{"Key": "whisper-sagemaker", "Value": "secret"}]
    aws.s3.put_object(Bucket=bucket, Key="a b/c", Body=b"secret", Tagging="mine=secret")
    aws.s3.list_objects_v2(Bucket=bucket, Prefix="a b/")
    aws.s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "a b/c"})
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key="e")["UploadId"]
    aws.s3.list_parts(Bucket=bucket, Key="e", UploadId=upload)
    aws.sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=aws.role(),
        PrimaryContainer={"Image": image, "Environment": {"A": "secret"}},
        Tags=tags,
    )
    aws.client("cloudwatch").describe_alarms(AlarmNames=["wake", "idle"])
    aws.client("iam").get_role(RoleName=aws.name("role"))
    with pytest.raises(ClientError):
        aws.client("sts").assume_role_with_web_identity(
            RoleArn=aws.role(), RoleSessionName="session", WebIdentityToken="secret.secret.secret"
        )
    with pytest.raises(ClientError):
        aws.runtime.invoke_endpoint_async(EndpointName="nope", InputLocation="s3://b/k")
    entries = aws.control(f"requests?since={since}")["requests"]
    assert "secret" not in json.dumps(entries)
    found = [(entry["action"], entry["parameters"]) for entry in entries if entry["operation"] != "CreateRole"]
    role = {"RoleName": aws.name("role")}
    assert [each for each in found if each != ("iam:GetRole", role)] == [
        ("s3:PutObject", {"Bucket": bucket, "Key": "a b/c", "TagKeys": ["mine"]}),
        ("s3:ListBucket", {"Bucket": bucket, "Prefix": "a b/"}),
        ("s3:PutObject", {"Bucket": bucket, "Key": "d", "CopySource": f"{bucket}/a b/c"}),
        ("s3:PutObject", {"Bucket": bucket, "Key": "e"}),
        ("s3:ListMultipartUploadParts", {"Bucket": bucket, "Key": "e", "UploadId": upload}),
        (
            "sagemaker:CreateModel",
            {"ModelName": model, "ExecutionRoleArn": aws.role(), "TagKeys": ["whisper-sagemaker"]},
        ),
        ("cloudwatch:DescribeAlarms", {"AlarmNames": ["wake", "idle"]}),
        ("sts:AssumeRoleWithWebIdentity", {"RoleArn": aws.role(), "RoleSessionName": "session"}),
        ("sagemaker:InvokeEndpointAsync", {"EndpointName": "nope", "InputLocation": "s3://b/k"}),
    ]
    assert ("iam:GetRole", role) in found


LIFECYCLE = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}]}


@pytest.mark.parametrize(
    ("service", "call", "expired", "invalid"),
    [
        ("s3", lambda c: c.list_objects_v2(Bucket="b-any"), "ExpiredToken", "InvalidAccessKeyId"),
        ("sts", lambda c: c.get_caller_identity(), "ExpiredToken", "InvalidClientTokenId"),
        ("sagemaker", lambda c: c.list_models(), "ExpiredTokenException", "UnrecognizedClientException"),
        ("ecr", lambda c: c.get_authorization_token(), "ExpiredTokenException", "UnrecognizedClientException"),
        ("cloudwatch", lambda c: c.describe_alarms(), "ExpiredTokenException", "UnrecognizedClientException"),
        (
            "sagemaker-runtime",
            lambda c: c.invoke_endpoint_async(EndpointName="e", InputLocation="s3://b/k"),
            "ExpiredTokenException",
            "UnrecognizedClientException",
        ),
    ],
)
def test_expired_and_unknown_credentials_are_told_in_each_services_words(
    aws: Aws, service: str, call: object, expired: str, invalid: str
) -> None:
    client = aws.client(service, key=f"AKIAX{aws.unique}")
    for state, code in (("expired", expired), ("invalid", invalid)):
        aws.control("credentials", {"access_key_id": f"AKIAX{aws.unique}", "state": state})
        with refused(code):
            call(client)
    aws.control("credentials", {"access_key_id": f"AKIAX{aws.unique}", "state": "valid"})
    try:
        call(client)
    except ClientError as error:
        assert error.response["Error"]["Code"] not in (expired, invalid)


@pytest.mark.parametrize(
    ("service", "action", "call", "code"),
    [
        ("s3", "s3:ListBucket", lambda c: c.list_objects_v2(Bucket="b-any"), "AccessDenied"),
        ("sts", "sts:*", lambda c: c.get_caller_identity(), "AccessDenied"),
        ("sagemaker", "sagemaker:List*", lambda c: c.list_models(), "AccessDeniedException"),
        ("cloudwatch", "cloudwatch:DescribeAlarms", lambda c: c.describe_alarms(), "AccessDeniedException"),
        (
            "sagemaker-runtime",
            "sagemaker:InvokeEndpointAsync",
            lambda c: c.invoke_endpoint_async(EndpointName="e", InputLocation="s3://b/k"),
            "AccessDeniedException",
        ),
    ],
)
def test_an_action_can_be_denied_to_a_key(aws: Aws, service: str, action: str, call: object, code: str) -> None:
    key = f"AKIAY{aws.unique}"
    aws.control("credentials", {"access_key_id": key, "state": "valid", "denied": [action]})
    with refused(code):
        call(aws.client(service, key=key))
    assert aws.client("iam", key=key).list_roles()


@pytest.mark.parametrize(
    ("target", "code"), [("SageMaker.ListModels", "MissingAuthenticationTokenException"), ("", "AccessDenied")]
)
def test_a_request_without_a_signature_is_refused(aws: Aws, target: str, code: str) -> None:
    connection = http.client.HTTPConnection(aws.session.url.removeprefix("http://"), timeout=30)
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"} if target else {}
    connection.request(
        "POST" if target else "GET", "/" if target else "/bucket/key", b"{}" if target else None, headers
    )
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert (answer.status, code in body) == (403, True), body


def test_an_operation_that_does_not_exist_is_refused(aws: Aws) -> None:
    connection = http.client.HTTPConnection(aws.session.url.removeprefix("http://"), timeout=30)
    scope = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0"
    )
    connection.request("POST", "/", b"{}", {"X-Amz-Target": "SageMaker.MakeCoffee", "Authorization": scope})
    answer = connection.getresponse()
    assert json.loads(answer.read())["__type"] == "UnknownOperationException"
    assert answer.status == 400
    connection.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"speed": 0}),
        ("clock", {}),
        ("capacity", {"ml.g5.xlarge": "many"}),
        ("backlog", {"counts_running": 1}),
        ("credentials", {"access_key_id": "A", "state": "tired"}),
    ],
)
def test_the_control_api_says_what_is_wrong(aws: Aws, path: str, body: object) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.control(path, body)
    assert caught.value.code == 400
    assert json.load(caught.value)["error"]


def test_the_control_api_does_not_know_every_path(aws: Aws) -> None:
    for path in ("endpoints/nope", "coffee"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            aws.control(path)
        assert caught.value.code == 404
