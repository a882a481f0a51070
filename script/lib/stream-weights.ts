// Brings a hub's model to S3 by the code of src/ alone, in a process of its own, which a test can kill and a benchmark
// can weigh: `node --import ./script/lib/sources.mjs script/lib/stream-weights.ts HUB REPOSITORY BUCKET`.
// Prints a line of JSON at the end. Credentials and endpoint come from the environment.
import { createClients } from '../../src/aws/clients.ts';
import type { Context } from '../../src/context.ts';
import type { Desired } from '../../src/deploy/desired.ts';
import { weightsResource } from '../../src/deploy/resources/weights.ts';
import { hubWeights } from '../../src/deploy/weights/hub.ts';
import { placeOf } from '../../src/deploy/weights/place.ts';

const [url = '', name = '', bucket = ''] = process.argv.slice(2);
const context: Context = {
  clients: createClients('us-east-1'),
  account: '123456789012',
  clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
  signal: new AbortController().signal,
  log: { info: (line: string) => console.error(line) } as Context['log'],
};
const weights = await hubWeights(context, { name, revision: 'main', url, token: undefined });
const place = { ...placeOf(weights, bucket, 'whisper/'), files: weights.files, inPlace: false };
const desired = { account: context.account, region: 'us-east-1', weights: place, kmsKeyId: undefined } as Desired;
const resource = weightsResource(weights);
await resource.apply(context, desired, await resource.read(context, desired));
// Kilobytes on Linux: the most that was ever resident.
console.log(JSON.stringify({ uri: place.uri, peakRssMb: process.resourceUsage().maxRSS / 1024 }));
