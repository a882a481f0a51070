"""The request of the article that this project began with: boto3, audio/mpeg in, text/plain out, nothing of our own.

`article_request.py ENDPOINT BUCKET FILE` prints the transcript.
"""

import sys
import time
from urllib.parse import urlparse

import boto3

endpoint_name, bucket, path = sys.argv[1:4]
s3 = boto3.client("s3")
sagemaker_runtime = boto3.client("sagemaker-runtime")

s3.upload_file(path, bucket, "audio/episode.mp3")
response = sagemaker_runtime.invoke_endpoint_async(
    EndpointName=endpoint_name,
    InputLocation=f"s3://{bucket}/audio/episode.mp3",
    ContentType="audio/mpeg",
    Accept="text/plain",
    InvocationTimeoutSeconds=3600,
)
output = urlparse(response["OutputLocation"])
for _ in range(600):
    try:
        result = s3.get_object(Bucket=output.netloc, Key=output.path.lstrip("/"))
        print(result["Body"].read().decode("utf-8"))
        break
    except s3.exceptions.NoSuchKey:
        time.sleep(0.5)
else:
    sys.exit("no output after five minutes")
