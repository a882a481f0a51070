"""Multipart uploads: what S3 knows and refuses of parts and their checksums, and moto does not."""

from __future__ import annotations

import base64
import io
import threading
from typing import IO, Any

import xmltodict
from moto.s3.models import FakeKey, FakeMultipart, s3_backends
from werkzeug.wrappers import Request, Response

from local.aws.errors import AwsError
from local.aws.s3.checksums import PREFIX, new_hash
from local.aws.s3.storage import full_digest, replace_buffer

MAX_PARTS = 1000
MAX_PART_NUMBER = 10_000
ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
# S3 user guide, "Full object and composite checksum types"; the first is the default, others are COMPOSITE only.
TYPES = {
    "CRC32": ("COMPOSITE", "FULL_OBJECT"),
    "CRC32C": ("COMPOSITE", "FULL_OBJECT"),
    "CRC64NVME": ("FULL_OBJECT",),
}
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Multipart:
    """Requests that name an upload. A checksum that S3 was given with a part is kept, listed and asked for again."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()

    def require(self, bucket: str, request: Request) -> None:
        """Raises NoSuchUpload for an upload that was completed or aborted, or never was."""
        if request.args["uploadId"] not in s3_backends[self._account]["aws"].get_bucket(bucket).multiparts:
            raise AwsError(
                "NoSuchUpload",
                "The specified multipart upload does not exist. The upload ID might be invalid, or the multipart "
                "upload might have been aborted or completed.",
                404,
            )

    def begin(self, request: Request) -> None:
        """CreateMultipartUpload: gives the checksum the type that it has by default. Raises InvalidRequest."""
        algorithm = request.headers.get("x-amz-checksum-algorithm", "").upper()
        if not algorithm:
            return
        new_hash(algorithm)
        allowed = TYPES.get(algorithm, ("COMPOSITE",))
        wanted = request.headers.get("x-amz-checksum-type", allowed[0]).upper()
        if wanted not in allowed:
            raise AwsError(
                "InvalidRequest",
                f"The {wanted} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
            )
        request.environ["HTTP_X_AMZ_CHECKSUM_TYPE"] = wanted

    def upload_part(self, bucket: str, request: Request, body: IO[bytes]) -> Response:
        """Keeps `body`, verified, as the part. Raises InvalidRequest when the upload has another checksum."""
        upload = self._upload(bucket, request)
        wanted = _algorithm(upload)
        given = {name: value for name in ALGORITHMS if (value := request.headers.get(f"{PREFIX}{name}")) is not None}
        checksum = given.get(wanted.lower()) if wanted else None
        if wanted and checksum is None and (given or _type(upload) == "COMPOSITE"):
            raise AwsError(
                "InvalidRequest",
                f"Checksum Type mismatch occurred, expected checksum Type: {wanted.lower()}, "
                f"actual checksum Type: {next(iter(given), 'null')}",
            )
        number = request.args.get("partNumber", "")
        if not number.isdecimal() or not 1 <= int(number) <= MAX_PART_NUMBER:
            message = f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive"
            raise AwsError("InvalidArgument", message)
        part = FakeKey(number, b"", account_id=upload.account_id, region_name=upload.region_name)
        replace_buffer(part, body, body.seek(0, io.SEEK_END))
        part.checksum_value = checksum
        headers = {"ETag": part.etag, **{f"{PREFIX}{name}": value for name, value in given.items()}}
        with self._lock:
            upload.parts[int(number)] = part
            upload.partlist = sorted(upload.parts)
        return Response(headers=headers)

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
        numbers = []
        for each in (named or {}).get("Part", []):
            numbers.append(int(each["PartNumber"]))
            given = each.get(f"Checksum{wanted}")
            if given is None and _type(upload) == "FULL_OBJECT":
                continue
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

        whole = request.headers.get(f"{PREFIX}{wanted.lower()}")
        if whole is not None and _type(upload) == "FULL_OBJECT":
            parts = [upload.parts[number] for number in numbers if number in upload.parts]
            if base64.b64encode(full_digest(parts, wanted)).decode() != whole:
                raise AwsError("BadDigest", f"The {wanted} you specified did not match the calculated checksum.")

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
            result |= {"ChecksumAlgorithm": wanted, "ChecksumType": _type(upload)}
        return Response(xmltodict.unparse({"ListPartsResult": result}), mimetype="application/xml")

    def _upload(self, bucket: str, request: Request) -> FakeMultipart:
        return s3_backends[self._account]["aws"].get_bucket(bucket).multiparts[request.args["uploadId"]]


def _algorithm(upload: FakeMultipart) -> str | None:
    """As CreateMultipartUpload was told: SHA256, CRC32, …; None when it was not."""
    return upload.metadata.get("x-amz-checksum-algorithm")


def _type(upload: FakeMultipart) -> str:
    """COMPOSITE (of the parts' checksums) or FULL_OBJECT; of uploads with an algorithm."""
    return str(upload.metadata["x-amz-checksum-type"])


def _listed(number: int, part: Any, algorithm: str | None) -> dict[str, Any]:
    listed = {"PartNumber": number, "LastModified": part.last_modified_ISO8601, "ETag": part.etag, "Size": part.size}
    if algorithm and part.checksum_value:
        listed[f"Checksum{algorithm}"] = part.checksum_value
    return listed
