// Sends a recording to the endpoint and prints its transcript: node transcribe.mjs ENDPOINT BUCKET FILE
// Needs @aws-sdk/client-s3 and @aws-sdk/client-sagemaker-runtime, and credentials that may do what docs/endpoint.md lists.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3 } from '@aws-sdk/client-s3';
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime';

// What waits in the queue, or is worked on, for longer than this is given up by SageMaker, without a word.
const QUEUE_SECONDS = 21_600;
const WORK_SECONDS = 3600;

const [endpoint, bucket, path] = process.argv.slice(2);
const s3 = new S3();
const runtime = new SageMakerRuntime();

const request = randomUUID();
const key = `${endpoint}/input/${request}`;
const { size } = await stat(path);
await s3.putObject({ Bucket: bucket, Key: key, Body: createReadStream(path), ContentLength: size });
const answer = await runtime.invokeEndpointAsync({
  EndpointName: endpoint,
  InputLocation: `s3://${bucket}/${key}`,
  ContentType: 'application/octet-stream',
  Accept: 'text/plain',
  InferenceId: request,
  RequestTTLSeconds: QUEUE_SECONDS,
  InvocationTimeoutSeconds: WORK_SECONDS,
});

/** The object's text; undefined: it is not there yet. */
async function read(location) {
  const { host, pathname } = new URL(location);
  try {
    const { Body } = await s3.getObject({ Bucket: host, Key: decodeURIComponent(pathname.slice(1)) });
    return await Body.transformToString();
  } catch (error) {
    if (error.name === 'NoSuchKey') return undefined;
    throw error;
  }
}

const deadline = Date.now() + (QUEUE_SECONDS + WORK_SECONDS) * 1000;
for (;;) {
  const output = await read(answer.OutputLocation);
  if (output !== undefined) {
    console.log(output);
    break;
  }
  const failure = await read(answer.FailureLocation);
  if (failure !== undefined) throw new Error(`${path} could not be transcribed: ${failure}`);
  if (Date.now() > deadline) throw new Error(`${path}: no answer; the request has expired`);
  await sleep(5000);
}
