"""Where results and failures go: checked when an endpoint is made, named when a request is accepted."""

from __future__ import annotations

from typing import Any

from moto.sns.models import sns_backends

from local.aws.errors import validation_error
from local.aws.s3.objects import ObjectError, split_uri
from local.aws.sagemaker.fleet import Outside
from local.aws.sagemaker.roles import allows, s3_arn


def check_output(config: dict[str, Any], role: str, outside: Outside) -> None:
    """Raises ValidationException if SageMaker could not write to the output or failure path, or not tell a topic."""
    output = config["OutputConfig"]
    for member in ("S3OutputPath", "S3FailurePath"):
        uri = output.get(member)
        if uri is None:
            continue
        try:
            bucket, key = split_uri(uri)
            outside.objects.bucket(bucket)
            place = s3_arn(f"s3://{bucket}")
            if not allows(outside.account, role, "s3:PutObject", f"{place}/{key.rstrip('/')}/any.out"):
                raise ObjectError("AccessDenied", "s3:PutObject is not allowed to the role")
            if not allows(outside.account, role, "s3:ListBucket", place):
                raise ObjectError("AccessDenied", "s3:ListBucket is not allowed to the role")
        except ObjectError as error:
            raise validation_error(
                f'Role "{role}" is invalid for {member} {uri}: s3:PutObject or s3:ListBucket is missing, or the bucket '
                f"cannot be used ({error})."
            ) from error
    topics = sns_backends[outside.account][outside.region].topics
    for member in ("SuccessTopic", "ErrorTopic"):
        arn = output.get("NotificationConfig", {}).get(member)
        if arn is not None and (arn not in topics or not allows(outside.account, role, "sns:Publish", arn)):
            raise validation_error(f'Role "{role}" is invalid for {member} {arn}: sns:Publish is missing.')


def output_location(config: dict[str, Any], unique: str, extension: str | None, filename: str | None) -> str:
    """S3OutputPath[/S3OutputPathExtension]/Filename, by default <generated id>.out."""
    parts = [config["OutputConfig"]["S3OutputPath"].rstrip("/")]
    if extension:
        parts.append(extension.strip("/"))
    return "/".join([*parts, filename or f"{unique}.out"])


def failure_location(config: dict[str, Any], unique: str) -> str | None:
    """S3FailurePath/<generated id>-error.out; None without an S3FailurePath."""
    path = config["OutputConfig"].get("S3FailurePath")
    return f"{path.rstrip('/')}/{unique}-error.out" if path else None
