// The way of the article that this project began with, for the same files: each is uploaded and sent, and then the bucket
// is listed every tenth of a second until its output is there. It counts its own requests, as the local AWS does.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3 } from '@aws-sdk/client-s3';
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime';
import type { LocalAws } from '../script/lib/local-aws.ts';
import { BUCKET, ENDPOINT, type Repository } from './transcribe-rig.ts';

/** Milliseconds between two listings. */
const BETWEEN = 100;

export async function articlesWay(
  aws: LocalAws,
  { folder, files }: Repository,
): Promise<{ requests_per_new_file: number; seconds: number }> {
  const config = clientConfig(aws.environment);
  const [s3, runtime] = [new S3(config), new SageMakerRuntime(config)];
  const mark = await aws.mark();
  const started = performance.now();
  for (const file of files) {
    const Key = `article/${file}`;
    await s3.putObject({ Bucket: BUCKET, Key, Body: await readFile(join(folder, file)) });
    const { OutputLocation = '' } = await runtime.invokeEndpointAsync({
      EndpointName: ENDPOINT,
      InputLocation: `s3://${BUCKET}/${Key}`,
      ContentType: 'audio/mpeg',
      Accept: 'text/plain',
    });
    const Prefix = OutputLocation.slice(`s3://${BUCKET}/`.length);
    while (!(await s3.listObjectsV2({ Bucket: BUCKET, Prefix })).Contents?.length) await sleep(BETWEEN);
    const { Body } = await s3.getObject({ Bucket: BUCKET, Key: Prefix });
    await Body?.transformToString();
  }
  const seconds = (performance.now() - started) / 1000;
  return { requests_per_new_file: (await aws.requests(mark)).length / files.length, seconds };
}

const clientConfig = (environment: Record<string, string>) => ({
  endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
  region: environment['AWS_REGION'] ?? '',
  credentials: {
    accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
  },
});
