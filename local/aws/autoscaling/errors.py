"""Application Auto Scaling's errors: JSON, HTTP 400."""

from __future__ import annotations

from local.aws.errors import AwsError


class ValidationException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ObjectNotFoundException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ObjectNotFoundException", message)


class ResourceNotFoundException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)
