"""Multipart uploads: what S3 knows and refuses of parts and their checksums, and moto does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO, Any

import xmltodict
from moto.s3.models import FakeMultipart, s3_backends
from werkzeug.wrappers import Request, Response

from local.aws.application import Wsgi
from local.aws.errors import AwsError

MAX_PARTS = 1000
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Multipart:
    """Requests that name an upload. A checksum that S3 was given with a part is kept, listed and asked for again."""

    def __init__(self, account: str, moto: Wsgi) -> None:
        self._account = account
        self._moto = moto

    def require(self, bucket: str, request: Request) -> None:
        """Raises NoSuchUpload for an upload that was completed or aborted, or never was."""
        if request.args["uploadId"] not in s3_backends[self._account]["aws"].get_bucket(bucket).multiparts:
            raise AwsError(
                "NoSuchUpload",
                "The specified multipart upload does not exist. The upload ID might be invalid, or the multipart "
                "upload might have been aborted or completed.",
                404,
            )

    def upload_part(self, bucket: str, request: Request, work: Wsgi) -> Wsgi:
        """Raises InvalidRequest when the part has another checksum than the upload was begun with."""
        upload = self._upload(bucket, request)
        wanted = _algorithm(upload)
        checksum = request.headers.get(f"x-amz-checksum-{wanted.lower()}") if wanted else None
        given = [name for name in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256") if _has_checksum(request, name)]
        if wanted and checksum is None:
            actual = given[0] if given else "null"
            raise AwsError(
                "InvalidRequest",
                f"Checksum Type mismatch occurred, expected checksum Type: {wanted.lower()}, "
                f"actual checksum Type: {actual}",
            )

        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            answer = work(environ, start_response)
            part = upload.parts.get(int(request.args["partNumber"]))
            if part is not None and checksum is not None:
                part.checksum_value = checksum
            return answer

        return run

    def check_completion(self, bucket: str, request: Request, body: IO[bytes]) -> None:
        """Each part that is named must have its checksum, and the right one. The body is at its begin afterwards.

        Raises NoSuchUpload too: of two that complete at the same time, the other may have been first.
        """
        self.require(bucket, request)
        upload = self._upload(bucket, request)
        wanted = _algorithm(upload)
        content = body.read()
        body.seek(0)
        if wanted is None or not content:
            return
        named = xmltodict.parse(content, force_list=("Part",))["CompleteMultipartUpload"]
        for each in (named or {}).get("Part", []):
            given = each.get(f"Checksum{wanted}")
            if given is None:
                raise AwsError(
                    "InvalidRequest",
                    f"The upload was created using a {wanted.lower()} checksum. The complete request must include the "
                    f"checksum for each part. It was missing for part {each['PartNumber']} in the request.",
                )
            part = upload.parts.get(int(each["PartNumber"]))
            if part is None or part.checksum_value != given:
                raise AwsError(
                    "InvalidPart",
                    "One or more of the specified parts could not be found. The part may not have been uploaded, or "
                    "the specified entity tag may not match the part's entity tag.",
                )

    def list_parts(self, bucket: str, request: Request) -> Response:
        """A page of an upload's parts, in the order of their numbers."""
        upload = self._upload(bucket, request)
        wanted = _algorithm(upload)
        after = int(request.args.get("part-number-marker", 0))
        count = min(int(request.args.get("max-parts", MAX_PARTS)), MAX_PARTS)
        numbers = [number for number in sorted(upload.parts) if number > after]
        page = numbers[:count]
        parts = [_listed(number, upload.parts[number], wanted) for number in page]
        result: dict[str, Any] = {
            "@xmlns": NAMESPACE,
            "Bucket": bucket,
            "Key": upload.key_name,
            "UploadId": upload.id,
            "StorageClass": "STANDARD",
            "PartNumberMarker": after,
            "NextPartNumberMarker": page[-1] if page else 0,
            "MaxParts": count,
            "IsTruncated": "true" if len(numbers) > count else "false",
            "Part": parts,
        }
        if wanted:
            result |= {"ChecksumAlgorithm": wanted, "ChecksumType": "COMPOSITE"}
        return Response(xmltodict.unparse({"ListPartsResult": result}), mimetype="application/xml")

    def _upload(self, bucket: str, request: Request) -> FakeMultipart:
        return s3_backends[self._account]["aws"].get_bucket(bucket).multiparts[request.args["uploadId"]]


def _algorithm(upload: FakeMultipart) -> str | None:
    """As CreateMultipartUpload was told: SHA256, CRC32, …; None when it was not."""
    return upload.metadata.get("x-amz-checksum-algorithm")


def _has_checksum(request: Request, name: str) -> bool:
    header = f"x-amz-checksum-{name}"
    return header in request.headers or request.headers.get("x-amz-trailer", "").lower() == header


def _listed(number: int, part: Any, algorithm: str | None) -> dict[str, Any]:
    listed = {"PartNumber": number, "LastModified": part.last_modified_ISO8601, "ETag": part.etag, "Size": part.size}
    if algorithm and part.checksum_value:
        listed[f"Checksum{algorithm}"] = part.checksum_value
    return listed
