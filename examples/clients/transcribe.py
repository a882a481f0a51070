"""Sends a recording to the endpoint and prints its transcript: transcribe.py ENDPOINT BUCKET FILE

Needs boto3, and credentials that may do what docs/endpoint.md lists.
"""

import json
import sys
import time
import uuid
from urllib.parse import urlparse

import boto3

# What waits in the queue, or is worked on, for longer than this is given up by SageMaker, without a word.
QUEUE_SECONDS = 21600
WORK_SECONDS = 3600

endpoint, bucket, path = sys.argv[1:4]
s3 = boto3.client("s3")
runtime = boto3.client("sagemaker-runtime")

request = str(uuid.uuid4())
key = f"{endpoint}/input/{request}"
s3.upload_file(path, bucket, key)
answer = runtime.invoke_endpoint_async(
    EndpointName=endpoint,
    InputLocation=f"s3://{bucket}/{key}",
    ContentType="application/octet-stream",
    Accept="application/json",
    CustomAttributes=json.dumps({"word_timestamps": True}),
    InferenceId=request,
    RequestTTLSeconds=QUEUE_SECONDS,
    InvocationTimeoutSeconds=WORK_SECONDS,
)


def read(location):
    """The object's text; None: it is not there yet."""
    place = urlparse(location)
    try:
        return s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read().decode("utf-8")
    except s3.exceptions.NoSuchKey:
        return None


deadline = time.monotonic() + QUEUE_SECONDS + WORK_SECONDS
while time.monotonic() < deadline:
    if (output := read(answer["OutputLocation"])) is not None:
        for segment in json.loads(output)["segments"]:
            print(f"{segment['start']:8.2f}  {segment['text']}")
        break
    if (failure := read(answer["FailureLocation"])) is not None:
        sys.exit(f"{path} could not be transcribed: {failure}")
    time.sleep(5)
else:
    sys.exit(f"{path}: no answer; the request has expired")
