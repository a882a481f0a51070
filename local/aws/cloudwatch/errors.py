"""CloudWatch's errors, as moto serialises them for every protocol of that service."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ValidationError(ServiceException):
    code = "ValidationError"


class InvalidParameterValue(ServiceException):
    code = "InvalidParameterValue"


class InvalidParameterCombination(ServiceException):
    code = "InvalidParameterCombination"


class MissingParameter(ServiceException):
    code = "MissingParameter"


class InvalidFormat(ServiceException):
    code = "InvalidFormat"


class ResourceNotFound(ServiceException):
    code = "ResourceNotFound"


class ResourceNotFoundException(ServiceException):
    code = "ResourceNotFoundException"
