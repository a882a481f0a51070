// What it takes to bring a model of 3 GB, the size of large-v3, from the hub to S3: the bundled action against the local
// AWS. The model is on no disk on its way; memory is what could run out on a runner.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalAws } from '../script/lib/local-aws.ts';
import { startLocalPart, virtualEnvironment } from '../script/lib/local-part.ts';
import { root, runAction } from '../script/lib/runner.ts';
import type { Figure } from './figure.ts';

const BYTES = 3_000_000_000;
/** Megabytes that the step may ever hold. */
const BAR = 300;

/**
 * @param aws where the image has been deployed already
 * @param inputs of that deploy
 */
export async function modelStreaming(
  aws: LocalAws,
  work: string,
  inputs: Record<string, string>,
  bytes = BYTES,
): Promise<Figure[]> {
  const hub = await startLocalPart(await virtualEnvironment(), 'hub', ['--generated', `bench/model=${bytes}`]);
  const usage = join(work, 'usage');
  try {
    // No endpoint can load these bytes: the step ends once they are there.
    await aws.control('faults', { service: 'sagemaker', operation: 'CreateModel', error: 'AccessDeniedException' });
    const mark = await aws.mark();
    const { log, seconds } = await runAction({
      workspace: work,
      inputs: { ...inputs, model: 'bench/model', 'hub-url': hub.lines[0] ?? '' },
      environment: {
        ...aws.environment,
        NODE_OPTIONS: `--import=${join(root, 'bench', 'usage.mjs')}`,
        USAGE_FILE: usage,
      },
    });
    const requests = await aws.requests(mark);
    if (!requests.some(({ operation, status }) => operation === 'CompleteMultipartUpload' && status === 200)) {
      throw new Error(`The model did not arrive:\n${log}`);
    }
    const { memory: peak } = JSON.parse(await readFile(usage, 'utf8')) as { memory: number };
    const sent = requests.reduce((sum, { bytes_in }) => sum + bytes_in, 0);
    return [
      figure('requests', requests.length, 'requests'),
      figure('mutating_requests', requests.filter(({ mutating }) => mutating).length, 'requests'),
      figure('sent_mb', sent / 1e6, 'MB'),
      figure('seconds', seconds, 's'),
      { ...figure('peak_rss_mb', peak, 'MB'), bar: BAR, ok: peak <= BAR },
    ];
  } finally {
    await aws.control('faults', {});
    await hub.stop();
  }
}

const figure = (metric: string, value: number, unit: string): Figure => ({
  bench: 'deploy',
  case: 'model_3gb',
  metric,
  value: Number(value.toFixed(1)),
  unit,
});
