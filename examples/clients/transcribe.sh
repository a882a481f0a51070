#!/usr/bin/env bash
# Sends a recording to the endpoint and prints its transcript: transcribe.sh ENDPOINT BUCKET FILE
# Needs the AWS CLI, and credentials that may do what docs/endpoint.md lists.
set -euo pipefail
endpoint=$1 bucket=$2 file=$3
input="s3://$bucket/$endpoint/input/$(date +%s)-$$"

aws s3 cp --only-show-errors "$file" "$input"
read -r output failure < <(
  aws sagemaker-runtime invoke-endpoint-async \
    --endpoint-name "$endpoint" \
    --input-location "$input" \
    --content-type application/octet-stream \
    --accept text/plain \
    --custom-attributes '{"language":"en"}' \
    --request-ttl-seconds 21600 \
    --invocation-timeout-seconds 3600 \
    --query '[OutputLocation, FailureLocation]' --output text
)

# What waits in the queue, or is worked on, for longer than this is given up by SageMaker, without a word.
deadline=$((SECONDS + 21600 + 3600))
until aws s3 cp --only-show-errors "$output" - 2>/dev/null; do
  if reason=$(aws s3 cp --only-show-errors "$failure" - 2>/dev/null); then
    echo "$file could not be transcribed: $reason" >&2
    exit 1
  fi
  if ((SECONDS > deadline)); then
    echo "$file: no answer; the request has expired." >&2
    exit 1
  fi
  sleep 5
done
