"""What a request names, as far as a policy could tell requests apart by it: never a body, a token or a text."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import unescape

from werkzeug.wrappers import Request

from local.aws.operations import RUNTIME, Call

# Members that name a resource: ModelName, ExecutionRoleArn, repositoryNames, ResourceId, AlarmNamePrefix, KmsKeyId ...
_NAMING = re.compile(r"(?:name|nameprefix|namespace|dimension|arn|id|code)s?$", re.IGNORECASE)
# The objects of a DeleteObjects request.
_KEY = re.compile(r"<Key>([^<]*)</Key>")
_MOST_BYTES = 1 << 20
_S3_HEADERS = {
    "CopySource": "x-amz-copy-source",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
}
_S3_QUERY = {"Prefix": "prefix", "UploadId": "uploadId", "VersionId": "versionId"}


def parameters(call: Call, request: Request) -> dict[str, Any]:
    """By the names of the API's members; of tags the keys, as TagKeys. Empty for what cannot be read."""
    if call.protocol == "rest-xml":
        return _of_s3(request)
    if call.service == RUNTIME:
        found = {"EndpointName": request.path.split("/")[2] if request.path.count("/") > 1 else None}
        return _given({**found, "InputLocation": request.headers.get("X-Amzn-SageMaker-InputLocation")})
    if (request.content_length or 0) > _MOST_BYTES:
        return {}
    if call.protocol == "json":
        return _of_json(request.get_data(cache=True))
    if call.protocol == "query":
        form = request.get_data(cache=True, parse_form_data=False).decode("utf-8", "replace")
        pairs = [*request.args.items(multi=True), *parse_qsl(form)]
        return {name: value for name, value in pairs if _NAMING.search(name) and "." not in name}
    return {}


def _of_json(body: bytes) -> dict[str, Any]:
    try:
        params = json.loads(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(params, dict):
        return {}
    found = {name: value for name, value in params.items() if _NAMING.search(name) and _is_plain(value)}
    tags = params.get("Tags", params.get("tags"))
    if isinstance(tags, list) and all(isinstance(tag, dict) for tag in tags):
        found["TagKeys"] = [tag.get("Key", tag.get("key")) for tag in tags]
    elif isinstance(tags, dict):
        found["TagKeys"] = list(tags)
    return found


def _of_s3(request: Request) -> dict[str, Any]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    found: dict[str, Any] = {"Bucket": bucket or None, "Key": key or None}
    found |= {name: request.args.get(query) for name, query in _S3_QUERY.items()}
    found |= {name: request.headers.get(header) for name, header in _S3_HEADERS.items()}
    if found["CopySource"]:
        found["CopySource"] = unquote(found["CopySource"]).lstrip("/")
    if request.method == "POST" and "delete" in request.args:
        found["Keys"] = [unescape(key) for key in _KEY.findall(_peeked(request))]
    if tagging := request.headers.get("x-amz-tagging"):
        found["TagKeys"] = [name for name, _ in parse_qsl(tagging, keep_blank_values=True)]
    return _given(found)


def _peeked(request: Request) -> str:
    """The body's text, which stays there to be read: S3 holds a body against its checksum as it comes in."""
    if not 0 < (request.content_length or 0) <= _MOST_BYTES:
        return ""
    body = request.environ["wsgi.input"].read(request.content_length)
    request.environ["wsgi.input"] = io.BytesIO(body)
    return body.decode("utf-8", "replace")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _given(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
