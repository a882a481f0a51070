"""What real S3 refuses and moto does not: other people's buckets, wrong checksums, lost races."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterable
from typing import IO, Any

import xmltodict
from moto.s3.models import PublicAccessBlock, s3_backends
from werkzeug.wrappers import Request, Response

from local.aws import kms
from local.aws.application import Wsgi
from local.aws.errors import AwsError, error_response
from local.aws.operations import Call
from local.aws.s3 import plain
from local.aws.s3.body import received
from local.aws.s3.checksums import PREFIX
from local.aws.s3.multipart import Multipart
from local.aws.s3.storage import full_digest, install, streaming

# S3 user guide: since 2023 every new bucket is encrypted with SSE-S3 and closed to the public.
ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")
ENCRYPTED = ("PutObject", "CopyObject", "CreateMultipartUpload")
STRIPES = 64


class S3:
    """A service of the application: checks a request, then lets moto answer it."""

    def __init__(self, account: str, moto: Wsgi) -> None:
        self._account = account
        self._moto = moto
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._deletions: Counter[tuple[str, str]] = Counter()
        self._multipart = Multipart(account)
        install()

    def __call__(self, call: Call, request: Request) -> Response | Wsgi | None:
        bucket, key = place(request)
        if not bucket:
            return None
        refusal = self._check_bucket(bucket, call, request)
        if refusal is not None:
            return refusal
        if "uploadId" in request.args:
            self._multipart.require(bucket, request)
        if call.operation == "ListParts":
            return self._multipart.list_parts(bucket, request)
        if call.operation == "ListObjectsV2":
            return plain.list_keys(self._account, bucket, request)
        if call.operation == "GetObject":
            return plain.get(self._account, bucket, key, request) or self._streamed
        if call.operation == "HeadObject":
            return plain.get(self._account, bucket, key, request) or self._head(bucket, key)
        seen = self._deletions[bucket, key]
        if request.method not in ("PUT", "POST"):
            return self._locked(call, bucket, key, self._moto) if call.operation == "DeleteObject" else None
        body = received(request, checksums=call.operation != "CompleteMultipartUpload")
        work = self._with_body(body)
        if call.operation == "UploadPart":
            return self._multipart.upload_part(bucket, request, body)
        if call.operation in ENCRYPTED:
            _check_encryption(request, call.region)
        if call.operation == "CreateMultipartUpload":
            self._multipart.begin(request)
        if call.operation == "CreateBucket":
            return self._create_bucket(bucket, work, tags_in(body))
        if call.operation not in WRITES:
            return work

        def write(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            try:
                self._check_conditions(bucket, key, request, seen)
                if call.operation == "CompleteMultipartUpload":
                    self._multipart.check_completion(bucket, request, body)
            except AwsError as error:
                body.close()
                return error_response("s3", "rest-xml", error, path=request.path)(environ, start_response)
            if call.operation == "CopyObject":
                return self._copy(bucket, key, work, environ, start_response)
            done = plain.put(self._account, bucket, key, request, body) if call.operation == "PutObject" else None
            if done is None:
                return work(environ, start_response)
            body.close()
            return done(environ, start_response)

        return self._locked(call, bucket, key, write)

    def _streamed(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with streaming():
            return self._moto(environ, start_response)

    def _copy(
        self, bucket: str, key: str, work: Wsgi, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """A copy's checksum is of the whole object, also where the original's is composite (S3 user guide)."""
        if "HTTP_X_AMZ_CHECKSUM_ALGORITHM" in environ:
            return work(environ, start_response)
        with streaming():
            answer = work(environ, start_response)
        copied = s3_backends[self._account]["aws"].get_object(bucket, key)
        if copied is not None and copied.checksum_algorithm and copied.checksum_type is None:
            copied.checksum_value = base64.b64encode(full_digest([copied], copied.checksum_algorithm)).decode()
        return answer

    def _head(self, bucket: str, key: str) -> Wsgi:
        """moto's answer, with the number of parts that belongs to a composite checksum."""

        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            found = s3_backends[self._account]["aws"].get_object(bucket, key)
            composite = found is not None and found.checksum_type == "COMPOSITE"

            def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                if composite:
                    name = f"{PREFIX}{found.checksum_algorithm.lower()}"
                    end = f"-{found.checksum_parts}"
                    headers = [(n, f"{value}{end}" if n.lower() == name else value) for n, value in headers]
                return start_response(status, headers, *rest)

            return self._moto(environ, start)

        return run

    def _check_bucket(self, bucket: str, call: Call, request: Request) -> Response | None:
        """Owner and region, before anything else. Raises AccessDenied; the answer is the redirect to another region."""
        owner = s3_backends.bucket_accounts.get(bucket)
        if owner is None:
            return None
        account = owner[1]
        region = s3_backends[account]["aws"].get_bucket(bucket).region_name
        expected = request.headers.get("x-amz-expected-bucket-owner")
        if call.operation == "CreateBucket" and account != self._account:
            message = "The requested bucket name is not available. Please select a different name and try again."
            raise AwsError("BucketAlreadyExists", message, 409)
        if account != self._account or (expected is not None and expected != account):
            raise AwsError("AccessDenied", "Access Denied", 403)
        self._check_source(request)
        if region == call.region or call.operation == "CreateBucket":
            return None
        message = "The bucket you are attempting to access must be addressed using the specified endpoint."
        error = AwsError("PermanentRedirect", message, 301)
        answer = error_response("s3", "rest-xml", error, head=request.method == "HEAD", path=request.path)
        answer.headers["x-amz-bucket-region"] = region
        return answer

    def _check_source(self, request: Request) -> None:
        """The bucket that a copy reads from."""
        source = urllib.parse.unquote(request.headers.get("x-amz-copy-source", "")).lstrip("/").partition("/")[0]
        owner = s3_backends.bucket_accounts.get(source)
        expected = request.headers.get("x-amz-source-expected-bucket-owner")
        if owner is not None and (owner[1] != self._account or (expected and expected != owner[1])):
            raise AwsError("AccessDenied", "Access Denied", 403)

    def _check_conditions(self, bucket: str, key: str, request: Request, seen: int) -> None:
        """Conditional writes (S3 user guide): If-None-Match: * and If-Match, under the key's lock."""
        if_match, if_none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
        if if_match is None and if_none_match is None:
            return
        if self._deletions[bucket, key] != seen:
            raise AwsError(
                "ConditionalRequestConflict",
                "The conditional request cannot succeed due to a conflicting operation against this resource.",
                409,
            )
        existing = s3_backends[self._account]["aws"].get_object(bucket, key)
        if if_none_match is not None:
            if if_none_match != "*":
                message = "A header you provided implies functionality that is not implemented"
                raise AwsError("NotImplemented", message, 501)
            if existing is not None:
                raise _precondition_failed()
        if if_match is not None:
            if existing is None:
                raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
            if if_match.strip('"') != existing.etag.strip('"'):
                raise _precondition_failed()

    def _locked(self, call: Call, bucket: str, key: str, work: Wsgi) -> Wsgi:
        """Only one write of a key at a time, so that a condition still holds when the write happens."""
        lock = self._locks[hash((bucket, key)) % STRIPES]

        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            with lock:
                if call.operation == "DeleteObject":
                    self._deletions[bucket, key] += 1
                return work(environ, start_response)

        return run

    def _with_body(self, body: IO[bytes]) -> Wsgi:
        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            with body:
                environ["wsgi.input"] = body
                return self._moto(environ, start_response)

        return run

    def _create_bucket(self, bucket: str, work: Wsgi, tags: dict[str, str]) -> Wsgi:
        """A new bucket as AWS makes it today, with the tags of the request."""

        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            new = bucket not in s3_backends.bucket_accounts
            answer = work(environ, start_response)
            if new and bucket in s3_backends.bucket_accounts:
                secure(self._account, bucket)
                s3_backends[self._account]["aws"].put_bucket_tagging(bucket, tags)
            return answer

        return run


def _check_encryption(request: Request, region: str) -> None:
    """The headers that ask for SSE-S3 or SSE-KMS."""
    algorithm = request.headers.get("x-amz-server-side-encryption")
    key = request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    if algorithm not in (None, "AES256", "aws:kms", "aws:kms:dsse"):
        raise AwsError("InvalidArgument", "The encryption method specified is not supported")
    if key is None:
        return
    if algorithm in (None, "AES256"):
        header = "x-amz-server-side-encryption : aws:kms"
        text = f"Server Side Encryption with AWS KMS managed key requires HTTP header {header}"
        raise AwsError("InvalidArgument", text)
    if complaint := kms.fault(key, region):
        raise AwsError("KMS.NotFoundException", complaint)


def secure(account: str, bucket: str) -> None:
    """Gives a new bucket the settings that AWS gives it."""
    backend = s3_backends[account]["aws"]
    backend.put_bucket_encryption(bucket, ENCRYPTION)
    backend.get_bucket(bucket).public_access_block = PublicAccessBlock(True, True, True, True)


def tags_in(body: IO[bytes]) -> dict[str, str]:
    """The tags in a CreateBucketConfiguration; moto does not know them. The body is at its begin afterwards."""
    content = body.read()
    body.seek(0)
    if not content:
        return {}
    configuration = xmltodict.parse(content, force_list=("Tag",))["CreateBucketConfiguration"]
    return {tag["Key"]: tag["Value"] for tag in (configuration.get("Tags") or {}).get("Tag", [])}


def place(request: Request) -> tuple[str, str]:
    """Bucket and key of a path-style request; empty where there is none."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    return bucket, key


def _precondition_failed() -> AwsError:
    return AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
