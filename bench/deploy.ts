// What a deploy costs in requests and time, by what has to be changed: the bundled action against the local AWS.
import { appendFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, run, startLocalAws } from '../script/lib/local-aws.ts';
import { virtualEnvironment } from '../script/lib/local-part.ts';
import { root, runAction } from '../script/lib/runner.ts';
import { modelStreaming } from './deploy-model.ts';
import type { Figure } from './figure.ts';

/** A deploy with nothing to do: requests at most, and seconds of its own at most. */
const NOOP_REQUESTS = 15;
const NOOP_OWN_SECONDS = 1;

export async function deploy(): Promise<Figure[]> {
  const aws = await startLocalAws();
  const work = await mkdtemp(join(tmpdir(), 'bench-deploy-'));
  try {
    const model = (await run(await virtualEnvironment(), ['-m', 'local.weights', 'tiny.en'])).trim();
    const changed = await changedAction(join(work, 'changed'));
    const first = await measured('first', { aws, work, model });
    const noop = await measured('noop', { aws, work, model });
    const image = await measured('image', { aws, work, model, action: changed });
    const scaling = await measured('scaling', { aws, work, model, action: changed, inputs: { 'max-instances': '3' } });
    const large = await modelStreaming(aws, work, inputsOf(aws));
    return [...first, ...noop.map(held), ...image, ...scaling, ...large];
  } finally {
    await aws.stop();
    await rm(work, { recursive: true, force: true });
  }
}

interface Deploy {
  aws: LocalAws;
  work: string;
  model: string;
  /** The action's checkout. */
  action?: string;
  inputs?: Record<string, string>;
}

async function measured(name: string, { aws, work, model, action = root, inputs = {} }: Deploy): Promise<Figure[]> {
  const ownTime = join(work, 'own-time');
  const mark = await aws.mark();
  const result = await runAction({
    action,
    workspace: work,
    inputs: { ...inputsOf(aws), model, ...inputs },
    environment: {
      ...aws.environment,
      NODE_OPTIONS: `--import=${join(root, 'bench', 'own-time.mjs')}`,
      OWN_TIME_FILE: ownTime,
    },
  });
  if (result.exitCode !== 0) throw new Error(`The deploy "${name}" failed:\n${result.log}`);
  const requests = await aws.requests(mark);
  const figure = (metric: string, value: number, unit: string): Figure => ({
    bench: 'deploy',
    case: name,
    metric,
    value,
    unit,
  });
  return [
    figure('requests', requests.length, 'requests'),
    figure('mutating_requests', requests.filter(({ mutating }) => mutating).length, 'requests'),
    figure('seconds', Number(result.seconds.toFixed(2)), 's'),
    figure('own_seconds', Number(Number(await readFile(ownTime, 'utf8')).toFixed(2)), 's'),
  ];
}

const inputsOf = ({ environment }: LocalAws): Record<string, string> => ({
  mode: 'deploy',
  'execution-role-arn': environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
  'instance-type': 'ml.c7i.xlarge',
  // Waiting for the test clip of the deploy before to be over is no cost of the next one.
  'when-busy': 'update',
  'base-image': environment['WHISPER_BASE_IMAGE'] ?? '',
});

const BARS: Readonly<Record<string, number>> = {
  requests: NOOP_REQUESTS,
  mutating_requests: 0,
  own_seconds: NOOP_OWN_SECONDS,
};

function held(figure: Figure): Figure {
  const bar = BARS[figure.metric];
  return bar === undefined ? figure : { ...figure, bar, ok: figure.value <= bar };
}

/** A copy of the action whose container has one line more. */
async function changedAction(copy: string): Promise<string> {
  for (const name of ['dist', 'container', 'assets', 'package.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await appendFile(join(copy, 'container', 'server.py'), '\n# Another image.\n');
  return copy;
}
